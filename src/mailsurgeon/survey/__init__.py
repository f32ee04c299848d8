"""Surveys a spool: walks it, reads and diagnoses its messages, and keeps the facts in an index.

In the order in which data passes through:

- `find_spools`, `mail_root`, `open_spool`: find spools below a directory, and the one that a home
  stands for; open one and find out its layout
- `run`: the survey itself, which calls the rooms below in turn; `progress`: its progress and result
- `walk/`: lists folders and files
- `read/`: reads and judges files, a slice of a directory at a time; `workers/`: reading processes
- `uidlists/`: reads the servers' lists of UIDs
- `compare/`: finds problems between messages: clashes, copies, leftovers
- `index/`: facts and problems in SQLite, and all queries on them
- `process/`: runs the survey in a process beside the screen
- `watch/`: notices which folders have changed since a survey
"""
