"""Plans: turns problems, or the operator's wishes, into the ordered acts of one operation.

- `propose.py`: the entry points; each returns a whole plan.
- `entry_detail.py`, `context.py`: the entries, and their surroundings in index and spool.
- `selection.py`: one remedy chosen for one entry. `remedies/`: what each remedy does with it.
- `repair.py`: joins all remedies of one entry. `acts/`: turns repairs into ordered acts.
- `keyword_letters.py`, `quota_delta.py`: keywords and quota, which renames carry along.
- `kept_copies.py`: what must stay while copies of it go. `uidlist_check.py`: acts that servers'
  lists forbid.
- `left_reasons.py`, `client_effects.py`, `brake.py`: what is left alone and why, what clients will
  notice, and when the operator must type a number. `folder_state.py`: what their notice depends on.
- `undo.py`: plans that undo or redo an operation; `returns/`: mail that comes back.
"""
