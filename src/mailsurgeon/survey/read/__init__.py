"""Examines the files of a spool: a small folder in one call, others a slice at a time.

- `hang_guard`: makes calls that may hang in the kernel, and gives up on them
- `folder_context`: facts about all names of a folder, needed to judge each of them
- `parts`: what one call of a reader looks at; `calls`: these calls, and what does not answer
- `directories`: divides what a walk has found into parts; `keeping`: writes what comes of them
- `sealed`: whether directories, or a slice, are unchanged
- `whole_folder`: examines a folder in one call; `examine`: one slice, usually in a worker process
- `healthy`: collects and packs healthy messages
- `file_facts`: what is kept about one file, and whether it is a message
- `readahead`: requests files from the kernel before they are read, if the disk is slow
- `message_file`: opens, reads and digests one message
- `decompress`: decompresses mail within bounds
"""
