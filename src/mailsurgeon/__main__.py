"""Runs the command line for `python -m mailsurgeon`."""

from mailsurgeon.cli import main

if __name__ == "__main__":
    main()
