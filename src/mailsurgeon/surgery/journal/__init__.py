"""The journal of a spool: what was done, durable before it happens.

`journal_file`: the SQLite file, opened only if it can be trusted. `records`: operations and steps,
their rows and checksums. `settle`: records the outcome of steps, also for the steps they undo.
`journal`: everything the program writes to it, and named questions; no SQL outside this room.
"""
