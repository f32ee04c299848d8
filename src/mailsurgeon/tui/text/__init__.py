"""The text that the screens show, made without widgets.

- `fields.py`: single facts at a given width: sizes, counts, dates, names, badges
- `survey.py`, `report.py`: the summary of a survey; the result of an operation
- `status.py`: the top line and the status line
- `message.py`, `folder.py`: the inspector's text for a message, for a folder
- `plan.py`: a plan as lines
- `spools.py`: the list of spools, its order and its lines
- `help.py`: the help of a screen; `signs.py`: what its signs mean
"""
