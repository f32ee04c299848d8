"""What the screens say, as text; no widget is here.

- `fields.py`: single facts in a given width: sizes, counts, dates, names, badges
- `survey.py`, `report.py`: how far a survey is and what it came to; what an operation came to
- `status.py`: the top line and the status line
- `message.py`, `folder.py`: what the inspector shows of a message, of a folder
- `plan.py`: a plan as lines
- `spools.py`: the list of spools, its order and its lines
"""
