"""Acts on the file system, through directory descriptors alone.

`expected`: how a step names a thing, and what that must still be. `resolve`: where such a name
leads, in the spool or in a quarantine. `at`: the calls, which follow no symlink and replace
nothing. `as_owner`: with whose rights. `failures`: how they fail.
"""
