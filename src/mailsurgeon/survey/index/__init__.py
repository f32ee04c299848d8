"""The facts of a spool in SQLite, and all SQL that is asked of them. A cache: it can be deleted.

- `slice`: what a reader gets and gives back, a row for each file
- `writer`: `IndexWriter`, which writes what a survey finds
- `index`: `Index`, the connection with its tables; folders, lists of entries, problems
- `rows`: the rows these hand out; `sql`: pieces that several statements share
- `comparison`: the questions of `survey/compare`; `uidlists`: what is kept of servers' lists
- `questions`: the questions of plans and procedures
- `diff`: what a second look at some folders has changed

A new question is a function with a name and typed rows, in the module of the one who asks it.
"""
