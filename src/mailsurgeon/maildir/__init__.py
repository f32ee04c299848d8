"""What a Maildir is: names, folders, layouts, servers' files, messages. Nothing here writes.

`spool` describes the mail root of a run, `folder_names` turns paths into names of folders and back,
`folder_spelling` finds names that servers cannot open.
`filename` takes the name of a message apart, `rename` composes a new one. `server_files` is the
table of servers and the files they keep in a spool, `server_entry` defines its fields, and
`reserved` recognises names that are not mail. `lists/` has the formats of servers' own files,
`config/` reads their settings. `message` finds the facts in the bytes of a message, `message_fast`
does the same for usual ones in a fraction of the time, `header_dates` parses dates in headers.
"""
