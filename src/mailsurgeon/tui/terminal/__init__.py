"""Between the program and the terminal.

- `control_filter.py`: lets nothing through that a terminal acts on
- `ascii_filter.py`: with `--ascii`, lets only ASCII through
- `clipboard.py`: paths so that what is pasted into a shell is what was meant
- `hangup.py`: ends the program when the terminal is gone, after the step under way
"""
