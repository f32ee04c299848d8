"""What a Maildir is: names, folders, layouts, servers' files, messages. Nothing here writes."""
