"""A plan carried out, step by step, under the locks of servers and written down beforehand.

`writer_lock`: a spool has one writer. `operation`: from the first entry in the journal to the
report, purges too. `batches`: acts in portions, by the locks they need. `act_run`: one act on its
way. `locked_batch`: what is done while locks are held. `quota`: `maildirsize` follows. `outcome`:
what was done, and what became of the UIDs. `recovery`: what a crash has cut off. `gc_pause`: why
the garbage collector waits meanwhile.
"""
