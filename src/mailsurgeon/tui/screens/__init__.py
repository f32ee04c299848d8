"""The screens; each stands directly on `BaseScreen` or is a dialog.

- `base.py`: what all screens share: status line, line of keys, why an action cannot be run
- `spools.py`: the start page where there are many spools
- `main/`: the main screen, composed of controllers
- `dialogs.py`: questions: a folder, flags, badges, a file name, whether to quit
- `plan.py`: a plan, its brake, and how it is applied
- `journal.py`: operations and their steps; the session log
- `text.py`, `help.py`: screens that are only read
"""
