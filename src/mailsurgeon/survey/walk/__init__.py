"""Lists the directories of a spool and opens no message.

- `listing`: the names in one directory, by kind
- `foreign_stores`: recognises mail stores of other kinds, which are left alone
- `unchanged`: the directories that need not be listed again
- `found`: what a walk finds
- `walk`: lists the whole tree: folders, directories whose files a survey examines, skipped paths
- `layout`: judges the layout of a spool by its Maildirs
- `no_spool`: says what a directory is that holds no Maildir
- `watched`: the directories that a watcher observes, and which changes in them concern mail
"""
