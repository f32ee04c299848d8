"""What servers' own lists say of a folder, as the survey and the screen need it.

- `cache`: what is wrong with each uidlist, and the sizes and UIDs it holds; kept in the index, so
  that an unchanged list is not read again
- `folder_details`: subscription and numbering of one folder, read when a screen shows it
"""
