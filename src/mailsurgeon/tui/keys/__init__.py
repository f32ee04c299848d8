"""Keys.

- `actions.py`: every action with its keys and its help, in one table, without Textual
- `bindings.py`: Textual's bindings, made from the table
"""
