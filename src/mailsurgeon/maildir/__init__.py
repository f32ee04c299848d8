"""What a Maildir is: file names, folders, layouts, servers' files, messages. Nothing here writes."""
