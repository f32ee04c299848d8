"""The last part of a survey: problems that no file has by itself.

- `job`: all that the comparison needs, in one object
- `compare`: runs the parts below; names and UIDs that clash, misfiled mail, backup folders, stray
  directories
- `copies`: which messages are the same, by digest
- `server_files`: permissions, uidlists, locks and indexes of each folder
- `tmp_leftovers`: what became of the files in a tmp/
"""
