"""The kinds of step: each one class, known to its own module, the table and who makes such steps.

`base`: what every kind does and answers, and the answers most kinds give.
`rename`, `directory`, `attributes`: messages and directories.
`uidlist`, `uidlist_lines`, `keywords`, `maildirsize`: what servers keep in lists.
`purge`: out of the quarantine for good.
`registry`: the one table, by the names the journal has for them.
`scene`: what a step may look at before it is written down. `performing`: how one is done.
`shell_words`: how paths and edits are written in shell.
"""
