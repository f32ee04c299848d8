"""What the computer this runs on says: the one room that asks servers, the kernel and /proc.

`host`          `Host`: every question in one object, made once where a program begins, handed on
`doveconf`      runs `doveconf -n`, and finds in its answer where a spool's lists are
`auto_expunge`  after how many days Dovecot and Courier delete what lies in a folder
`mounts`        whether others may change a file system without this kernel noticing
`processes`     the one reader of /proc: who has what open, which sync tool runs, who holds a lock
`files`         reads a small plain file, and nothing that is none
`private`       makes directories and files that only their user can read or change

Nothing here changes a spool, and nothing below a program's start makes a `Host` it was given.
"""
