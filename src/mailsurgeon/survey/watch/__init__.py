"""Watches a spool while a screen shows it, and reports which folders changed on disk.

`watcher` runs the thread: it chooses a means, waits for changes, and reports several together.
`inotify` is the usual means; `polling` reads the times of the directories where inotify sees
nothing (network file systems) or has no watches left. Both watch the directories that
`walk.watched` lists.
"""
