"""The quarantine, where files go instead of being deleted.

`directory`: finds, makes and checks the quarantine, and names the paths in it. `contents`: lists
what lies in it, bounded. `unfinished_notice`: the file there that stops other users while an
operation is unfinished.
"""
