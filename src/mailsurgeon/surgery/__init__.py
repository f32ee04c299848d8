"""Changes a spool: plans, the journal, and the only code that touches files.

`model`: steps, acts, plans and reports, as data. `plan`: what to do about problems. `surgeon`: runs
a plan, and undoes it. `apply`: how an operation runs, batch by batch, and recovers from a crash.
`steps`: one class per kind of step. `servers`: the locks and list files of mail servers.
`journal`: what was done. `quarantine`: where removed files go; only `purge` deletes them.
`spool_journal`: where the journal is, and whether it has something unfinished, for commands that
only look. `fsops`: the system calls. `uid_effects`: the lines about kept and lost UIDs.
"""
