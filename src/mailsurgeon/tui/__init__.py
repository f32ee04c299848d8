"""The Textual interface, in the order in which a run goes through it.

- `app.py`: the app: settings, themes, signals; `program.py`: the app as the screens see it
- `session.py`: one spool and all that the screens need for it; imports `spool_tools.py` (plans,
  log) on first use
- `spool_sessions.py`, `spool_queue.py`: the same for many spools
- `keys/`: the table of actions, and the bindings made from it; `palette.py`: the commands
- `messages.py`: the messages of workers; `views.py`: what they read from the index
- `screens/`: one file per screen; `widgets/`: one per widget; `text/`: the text they show
- `marks.py`, `triage.py`, `stalled.py`, `errors.py`: marked messages, the order of problems,
  directories that do not answer, errors as one line
- `terminal/`: filters for the output, clipboard, signals; `styles/`: Textual CSS
"""

import os

# Frames per second. A change after one frame waits for the next; an unchanged screen costs nothing.
os.environ.setdefault("TEXTUAL_FPS", "120")
