"""Carries a plan out, step by step, under servers' locks; each step is journaled first.

`writer_lock`: allows one writer per spool. `operation`: an operation from its journal entry to its
report. `purging`: deletes from the quarantine. `spool_marks`: the notice and the id it leaves
beside the spool. `batches`: cuts acts into batches, by the locks they need. `act_run`: one act in
progress. `locked_batch`: the work under a set of locks. `quota`: updates `maildirsize`. `outcome`:
counts what was done, and kept UIDs. `recovery`: finishes an operation that a crash interrupted.
`gc_pause`: pauses the garbage collector meanwhile.
"""
