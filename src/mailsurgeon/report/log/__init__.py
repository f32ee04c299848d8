"""The session log: the journal written for people and programs, piece by piece as it is read.

`contents`: what a log holds, with its `messages`: subjects beside paths. `titles`: what an
operation did in a few words, also for the screen. `phrases`: times, counts and steps in words.
`markdown`, `page` (HTML, with its style in `page.css`) and `json_form` write it; `saving` makes a
file of it, for its owner only. `session_log`, above this room, chooses among them.
"""
