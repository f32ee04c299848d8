"""What follows from a report: what is left, and how to go on.

`command_line` spells commands so that they can be pasted. `left` prints what a repair has left
alone, with the commands that ask for it; `outlook` whether servers and syncs get through now;
`leaving` what was done on the screen, when the operator leaves it.
"""
