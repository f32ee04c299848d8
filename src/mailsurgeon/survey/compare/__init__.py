"""The last part of a survey, which finds problems that one file alone does not show.

- `job`: the input of a comparison in one object
- `compare`: runs the parts below; finds clashing names and UIDs, misfiled mail, backup folders and
  stray directories
- `copies`: finds identical messages by digest
- `dates`: finds folders whose files lost their times in a copy
- `packed`: counts compressed and encrypted messages of each folder
- `server_files`: checks permissions, uidlists, locks and indexes of each folder
- `tmp_leftovers`: judges files in tmp/
"""
