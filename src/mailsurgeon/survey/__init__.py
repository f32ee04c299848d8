"""Looks at a spool: walks it, reads and diagnoses its messages, keeps what it found in an index.

In the order data goes through it:

- `find_spools`, `open_spool`: which spools there are; is this one, and how is it laid out
- `run`: the survey itself, which calls the rooms below in turn; `progress`: how far it is
- `walk/`: which folders and files there are
- `read/`: what each file is, by slices of a directory; `workers/`: the processes that read
- `uidlists/`: what servers' lists say of the messages of a folder
- `compare/`: what messages are beside each other: clashes, copies, leftovers
- `index/`: all facts and problems in SQLite, and the questions that can be asked
- `process/`: the same survey in a process beside the screen
- `watch/`: which folders have changed since
"""
