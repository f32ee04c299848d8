"""Operations on the file system, through directory descriptors alone.

`expected`: what a step's source must still be. `birth`: when a file came to be. `paths`: paths in
the quarantine. `resolve`: finds the directory for a step's path, in the spool or in a quarantine.
`at`: the system calls; none follows a symlink or replaces a file. `kept_attributes`: owner, mode,
ACL and extended attributes of a file written anew. `as_owner`: runs them with the rights of the
spool's owner. `failures`: the exceptions they raise.
"""
