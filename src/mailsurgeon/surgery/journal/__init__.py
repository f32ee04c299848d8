"""The journal of a spool: what was done, durable before it happens.

`identity`: judges whether a journal is a spool's. `notes`: what a journal notes of its spool.
`records`: operations and steps, their rows and checksums. `settle`: records the outcome of steps,
also for the steps they undo. `change_counts`: how many changes each operation made, by kind.
`journal_home`: finds the journal. `journal_file`: the SQLite file,
opened only if it can be trusted. `soundness`: when it was last checked whole. `journal`: everything
the program writes to it, and named questions; no SQL outside this room.
"""
