"""Reads and edits the contents of servers' own lists: bytes in, facts or edited bytes out. Pure.

`uidlist`: the lists of UIDs of Dovecot and Courier; `uidlist_fast`: reads whole ones quickly;
`uidlist_edit`: edits their records. `keywords`: the names of Dovecot's keyword letters.
`courier_keywords`: Courier's keywords. `subscriptions`: the subscribed folders, of both servers.
`maildirsize`: the sums of the quota. `mbsync_state`: the messages that mbsync has synced, and the
last UID that it has assigned.

The table in `server_files.py` has the names of the files, and the servers that keep them.
"""
