"""The contents of servers' own lists: bytes in, facts or edited bytes out. Pure.

`uidlist`: the lists of UIDs of Dovecot and Courier; `uidlist_fast`: a usual one in one search.
`keywords`: the names of Dovecot's keyword letters. `courier_keywords`: Courier's keywords.
`subscriptions`: the folders subscribed to, of both. `maildirsize`: the sum of the quota.
`mbsync_state`: what mbsync has seen, and how far it has given out UIDs.

How the files are called, and whose they are, is in the table (`server_files.py`).
"""
