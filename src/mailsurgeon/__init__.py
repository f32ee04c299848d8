"""mailsurgeon: sees what is wrong with a Maildir spool, repairs it, and takes every change back."""

__version__ = "0.1.0"
