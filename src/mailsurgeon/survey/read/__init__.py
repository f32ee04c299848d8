"""Examines the files of a spool, a slice of a directory at a time.

- `hang_guard`: makes calls that may hang in the kernel, and gives up on them
- `folder_context`: facts about all names of a folder, needed to judge each of them
- `directories`: cuts directories into slices, passes them to readers, writes their results
- `examine`: examines one slice, usually in a worker process
- `file_facts`: what is kept about one file, and whether it is a message
- `readahead`: requests files from the kernel before they are read, if the disk is slow
- `message_file`: opens, reads and digests one message
- `decompress`: decompresses mail within bounds
"""
