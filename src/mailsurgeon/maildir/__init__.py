"""What a Maildir is: names, folders, layouts, servers' files, messages. Nothing here writes.

`spool` is the mail root of a run, `folder_names` turns paths into the names of folders and back.
`filename` takes the name of a message apart, `rename` composes a new one. `server_files` is the
table of servers and of what they keep in a spool, `server_entry` has its fields, and `reserved`
knows the names that are not mail. `lists/` holds the formats of servers' own files, `config/` their
configuration. `message` finds the facts in the bytes of a message, `message_fast` does the same for
usual ones in a fraction of the time, `header_dates` parses the dates in headers.
"""
