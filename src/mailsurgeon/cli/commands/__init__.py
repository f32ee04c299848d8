"""The commands, one module each, named by the word that the operator types.

To look: `scan` lists the problems of one spool, `scan_all` those of every spool below a directory,
`verify` compares a scan with what Dovecot reads, `explain` prints what the catalogue says.
To change: `fix` repairs, `file` and `flags` apply one remedy to the paths named, `quarantine`
lists, adds, restores and purges.
To go back: `undo` and `redo`; `log` writes the journal as a session log.
`demo` opens the screen on a copy of the sample spool.

`program.COMMANDS` names them; each is imported only when it is called.
"""
