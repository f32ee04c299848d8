"""Lists the directories of a spool and opens no file.

- `walk`: the whole tree: folders, directories whose files are to be examined, what is passed over
- `watched`: the directories a watcher looks at, and which changes in them concern mail
"""
