"""Turns choices into the ordered acts of a plan.

- `entry_task.py`: one entry with all that is done to it, and its place in the order.
- `copies.py`: tasks that depend on each other because their messages are copies.
- `carried.py`: what goes along with a directory that is moved as a whole.
- `compile.py`: joins the repairs, drops what cannot be done, and makes the acts.
"""
