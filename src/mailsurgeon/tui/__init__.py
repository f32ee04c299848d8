"""The Textual interface, in the order in which a run goes through it.

- `app.py`: the app: settings, themes, signals; `program.py`: what the screens know of it
- `session.py`: what the screens work with; imports `spool_tools.py` (plans, log) when first used
- `spool_sessions.py`, `spool_queue.py`: the same for many spools
- `keys/`: the table of actions, and the bindings made from it; `palette.py`: the commands
- `messages.py`: what workers report; `views.py`: what they read from the index
- `screens/`: one file a screen; `widgets/`: one file a widget; `text/`: what they say
- `marks.py`, `triage.py`, `stalled.py`, `errors.py`: marks, the order of problems, what is waited
  for, errors as one line
- `terminal/`: what goes to the terminal and comes from it; `styles/`: Textual CSS
"""

import os

# Frames a second. What follows a frame waits for the next one; nothing is drawn without need.
os.environ.setdefault("TEXTUAL_FPS", "120")
