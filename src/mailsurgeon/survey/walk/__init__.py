"""Lists the directories of a spool and opens no file.

- `walk`: lists the whole tree: folders, directories whose files a survey examines, skipped paths
- `watched`: the directories that a watcher observes, and which changes in them concern mail
"""
