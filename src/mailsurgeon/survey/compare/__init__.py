"""The last part of a survey, which finds problems that one file alone does not show.

- `job`: the input of a comparison in one object
- `compare`: runs the parts below; finds clashing names and UIDs, misfiled mail, backup folders and
  stray directories
- `copies`: finds identical messages by digest
- `dates`: finds folders whose files lost their times in a copy
- `packed`: counts compressed and encrypted messages of each folder
- `folder_names`: judges the names of folders, and symlinks that servers take for folders
- `server_files`: checks uidlists, sync states, locks and indexes of each folder; runs the next two
- `permissions`: checks owners and modes of folders, servers' files and messages
- `quota`: compares the quota that servers keep with the messages
- `tmp_leftovers`: judges files in tmp/
"""
