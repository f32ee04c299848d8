"""Plans: from problems, or the operator's wishes, to the ordered acts of one operation.

- `propose.py`: the ways in; each gives a whole plan.
- `entry_detail.py`, `context.py`: what the index and the disk say of the entries and around them.
- `selection.py`: one remedy chosen for one entry. `remedies/`: what each remedy does with it.
- `repair.py`: all remedies of one entry joined. `compile.py`: repairs become acts, in order.
- `keyword_letters.py`, `quota_delta.py`: the keywords and the quota that renames carry along.
- `uidlist_check.py`, `mbsync_return.py`: acts that servers' lists or mbsync's state forbid.
- `left_reasons.py`, `client_effects.py`, `brake.py`: what is left and why, what clients will
  notice, and when the operator must type a number.
- `undo.py`: the plans that take an operation back, or do it again.
"""
