"""The journal of a spool: what was done, durable before it happens.

`journal_file`: the SQLite file, opened only when it can be trusted. `records`: operations and
steps, their rows and checksums. `settle`: what became of steps, and of those they take back.
`journal`: all that the program writes there, and its questions by name; SQL stays in this room.
"""
