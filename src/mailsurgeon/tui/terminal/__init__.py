"""Between the program and the terminal.

- `control_filter.py`: blocks everything that a terminal would act on
- `ascii_filter.py`: replaces all but ASCII, for `--ascii`
- `clipboard.py`: quotes paths, so that a shell reads them as they are
- `hangup.py`: ends the program after the current step when the terminal is gone
"""
