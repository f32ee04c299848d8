"""What undo and restore must heed when mail comes back to where servers and clients have been.

- `mbsync_return.py`: names that mbsync would not take for new mail.
- `folder_return.py`: a folder that a server has made again takes its messages back one by one.
"""
