"""mailsurgeon finds what is wrong with a Maildir spool, repairs it, and can undo every change."""

__version__ = "0.1.0"
