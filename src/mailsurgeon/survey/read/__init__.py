"""Examines the files of a spool, a slice of a directory at a time.

- `hang_guard`: calls that may hang in the kernel, and giving up on them
- `folder_context`: what the names of one folder say together, needed to judge each of them
- `directories`: cuts directories into slices, hands them to readers, writes their results
- `examine`: what a reader does with one slice; runs in worker processes
- `readahead`: asks the kernel for files before they are read, where the disk is slow
- `message_file`: opens and reads one message, and its digests
- `decompress`: unpacks compressed mail within bounds
"""
