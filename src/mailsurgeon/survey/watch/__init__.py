"""Tells a screen which folders of its spool have changed on disk.

- `watcher`: the thread that waits for changes, gathers them and passes them on
- `inotify`: hears of changes from Linux
- `polling`: looks at the times of directories, where inotify does not work
"""
