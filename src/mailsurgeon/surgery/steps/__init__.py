"""The kinds of step, one class each. Only its own module, the table and its makers know a kind.

`base`: the methods of a step, and the defaults that suit most kinds.
`conditions`: what must be true just before a step runs, besides what it expects of its file.
`rename`, `directory`, `attributes`: change messages and directories. `moving`: the rename itself,
and the checks before and after. `rename_text`: a rename's data as text. `rename_run`: many renames
between two directories. `rename_recovery`: what a killed run has done of a rename.
`lists/`: change servers' list files.
`purge`: deletes from the quarantine.
`registry`: the table of kinds, by their names in the journal.
`scene`: what a step may look up before it is journaled. `performing`: runs one step.
`shell_words`: writes paths and list edits in shell.
"""
