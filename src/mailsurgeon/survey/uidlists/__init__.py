"""Reads servers' own lists about a folder, for the survey and the screen.

- `cache`: problems, sizes and UIDs of each uidlist; the index keeps the result, so that an
  unchanged list is not read again
- `quota_rule`: whether a folder's messages count as Courier or as Dovecot counts them
- `folder_details`: subscription and numbering of one folder, read when the screen shows it
"""
