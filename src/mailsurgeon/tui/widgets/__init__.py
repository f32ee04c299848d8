"""The parts of the screens: one file per widget.

- `lines.py`: a cursor over lines drawn one by one; the next three are built on it
- `message_list.py`: the list of messages; `rows.py`: a few rows; `pager.py`: text to read
- `help_rows.py`: rows of which several may make one line
- `inspector.py`: a pager with four tabs
- `folder_tree.py`: kinds of problems, and folders, as a tree
- `bars.py`: lines of one row: titles, the status, the keys
"""
