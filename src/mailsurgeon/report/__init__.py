"""Reports: writes what was found and what was done, as tables, JSON, CSV or a session log.

What was found: `scan` (with `evidence`, a few words for each problem), `scan_all`, `verify`, and
`not_examined` for what no survey could read. What would be done: `plan`. What was done: `outcome`,
`quarantine`; `session_log` with its room `log/`; `shell_script` for the same steps as a script.
`follow_up/` says what is left and how to go on. `explain` writes a catalogue entry as text and as a
page of the documentation.

`output` holds what they share: the console, JSON, paths in JSON. Text from outside passes through
`text.visible` here before it is written.
"""
