"""The facts of a spool in SQLite, and all SQL on them. A cache, which can be deleted at any time.

- `slice`: the input and the output of a reader, with a row for each file
- `packed`: the healthy messages of a slice as columns; `slices`: such slices in the index
- `writer`: `IndexWriter`, which writes the results of a survey
- `index`: `Index`, the connection with its tables; folders, lists of entries, problems
- `rows`: the rows that queries return; `sql`: pieces that several statements share
- `views`: lists of entries, sorted and filtered
- `message_ids`: messages with the same Message-ID
- `comparison`, `directory_queries`: queries of `survey/compare`
- `uidlists`: facts kept about servers' lists
- `questions`: queries of plans and procedures
- `diff`: what a second survey of some folders has changed

A new query is a named function that returns typed rows, in the module of those that call it.
"""
