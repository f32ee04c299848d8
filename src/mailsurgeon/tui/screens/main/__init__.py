"""The main screen: one screen composed of controllers, plain objects that own their state.

- `screen.py`: arranges the widgets and hands each message and key to its controller
- `facade.py`: the methods of the screen that controllers may call
- `survey_controller.py`: surveys, progress, the last reading of the index, who has the spool open
- `list_controller.py`: the tree and the list: filters, order, marks, the next problem
- `inspector_controller.py`: fills the inspector, and copies from it
- `watch_controller.py`: surveys folders again that change on disk, and keeps the list's rows
- `plan_controller.py`: proposes remedies, undo and redo, and shows the result
- `panes.py`, `filter_line.py`, `typed_ahead.py`: focus and sizes; the field of the filter; keys
  typed before the list they act on is there

A controller uses only those above it. Workers send their results as messages (tui/messages.py).
"""
