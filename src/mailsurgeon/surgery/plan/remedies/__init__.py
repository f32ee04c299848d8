"""The remedies, one file each by the name the operator uses: what each does to one entry.

A remedy takes a `Choice` and the `SpoolContext` and returns a `Repair`, or a `Left` that says why
it does nothing. It changes nothing.

- `registry.py`: all remedies by name.
- `fix_size.py`, `fix_flags.py`, `rename.py`, `fix_date.py`: change a message's name or time.
- `file.py`, `quarantine.py`: move it; `keyword_transfer.py` carries its keywords along.
- `fix_permissions.py`: mode and owner, of files and directories.
- `make_subdirs.py`, `lift_folder.py`, `rename_folder.py`, `fix_uidlist.py`, `fix_keywords.py`:
  repair a folder.
"""
