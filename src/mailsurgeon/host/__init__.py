"""Reads facts about this computer from the tables of the kernel and the settings of servers.

`host`          `Host`: all these facts in one object, which a program creates when it starts
`doveconf`      runs `doveconf -n`, and finds the place of a spool's lists in its output
`auto_expunge`  after how many days Dovecot and Courier delete messages from a folder
`mounts`        which directories are on one file system, and which others may change unnoticed
`processes`     reads /proc: open files, running sync tools, holders of locks
`interrupts`    what Ctrl+C, SIGTERM and SIGHUP do to a command, and to an operation
`files`         reads a small regular file, and refuses anything else
`notmuch`       the databases of notmuch that index a spool
`open_files`    the limit of open files, and what is left of it
`own_places`    where journals and indexes lie: never inside a spool
`private`       makes directories and files that only their user can read or change

Nothing here changes a spool. Only the start of a program creates a `Host`; it is passed to all
others.
"""
