"""Servers' locks and lists, held and written while a repair runs.

`lock_wait`: how long a lock is waited for. `folder_place`: the directories of a folder to be
locked. `dotlock`, `mbsync_lock`: the two kinds of lock. `files`: a server's file, replaced whole.
`uidlist_file`, `courier_keywords_file`: the lists that follow a rename; `maildirsize_file`: the
sum of the quota, which has no lock. `registry`: which of these modules a name of the table of
servers means. `locked_folder`: a folder with all its locks held and its lists open.
`folder_names`: which base names are in use in a folder. `uid_changes`: changes of lists as the
journal keeps them. `lists_present`: the lists as a plan finds them, without a lock.
`sync_tools`: whether a sync is at work.
"""
