"""The kinds of step that change servers' list files.

`uidlist`: records of a list of UIDs. `uidlist_lines`: its damaged lines.
`keywords`: the names of keyword letters, and the keywords of a message. `keywords_text`: their
damaged lines.
`maildirsize`: the sum that Courier and Dovecot keep for the quota.
"""
