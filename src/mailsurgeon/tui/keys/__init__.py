"""Keys.

- `actions.py`: the table of all actions, with keys and help; does not import Textual
- `bindings.py`: makes Textual's bindings from the table
"""
