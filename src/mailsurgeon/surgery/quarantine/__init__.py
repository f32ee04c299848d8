"""The quarantine, where files go instead of being deleted.

`directory`: finds, makes and checks the quarantine, and names the paths in it. `contents`: lists
what lies in it, bounded. `spool_id`: the id there, by which a spool is known again.
`found_on_disk`: what lies there but is in no journal. `unfinished_notice`: the file there that
stops others while an operation is unfinished.
"""
