"""The screens; each is a direct subclass of `BaseScreen`, or a dialog.

- `base.py`: what all screens share: status line, line of keys, reasons against an action
- `spools.py`: the start page of a run over many spools
- `main/`: the main screen, composed of controllers
- `dialogs.py`: questions: a folder, flags, badges, a file name, whether to quit
- `plan.py`: shows a plan and its brake, and applies it
- `journal.py`: operations and their steps; the session log
- `text.py`: screens that are only read; `help.py`: keys, signs and badges of a screen
"""
