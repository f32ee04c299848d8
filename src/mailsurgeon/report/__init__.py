"""Reports: writes what was found and what was done, as tables, JSON, CSV or a session log.

What was found: `scan` (with `evidence`, a few words for each problem), `scan_all`, `verify`, and
`not_examined` for what no survey could read. What would be done: `plan`. What was done: `outcome`,
with `left` (what was not done, and how to ask for it) and `outlook` (whether servers and syncs get
through now); `quarantine`; `session_log`, and `shell_script` for the same steps as a script.
`explain` writes a catalogue entry as text and as a page of the documentation.

`output` holds what they share: the console, JSON, paths in JSON; `command_line` spells commands to
be pasted. Text from outside passes through `text.visible` here before it is written.
"""
