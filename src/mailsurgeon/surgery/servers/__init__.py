"""Holds servers' locks and writes their lists while a repair runs.

`lock_wait`: how long we wait for a lock. `folder_place`: the directories of a folder being locked.
`dotlock`, `mbsync_lock`: the two kinds of lock. `files`: replaces a server's file as a whole.
`uidlist_file`, `courier_keywords_file`: the lists that follow a rename. `maildirsize_file`: the
quota file, which has no lock. `registry`: maps names in the table of servers to these modules.
`locked_folder`: a folder with all its locks held and its lists open. `folder_names`: the base names
in use in a folder. `uid_changes`: changes of lists as the journal keeps them. `lists_present`:
reads the lists for a plan, without a lock. `sync_tools`: detects a running sync.
"""
