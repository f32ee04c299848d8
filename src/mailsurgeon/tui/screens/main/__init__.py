"""The main screen: one screen, and plain objects that each keep the state of their subject.

- `screen.py`: the widgets' frame; says which controller answers to which message and key
- `facade.py`: what a controller may ask of the screen
- `survey_controller.py`: surveys, progress, what the index said last, who has the spool open
- `list_controller.py`: the tree and the list: what is listed, filtered, sorted, marked, next
- `inspector_controller.py`: what the inspector shows, and what is copied from it
- `watch_controller.py`: surveys again what changes on disk, and keeps the list's rows meanwhile
- `plan_controller.py`: proposes remedies, undo and redo, and follows up what was applied
- `panes.py`, `filter_line.py`, `typed_ahead.py`: focus and sizes, the field of the filter, keys
  typed before their list has come

A controller knows those above it. What a worker found comes as a message (tui/messages.py).
"""
