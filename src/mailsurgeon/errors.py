"""The errors this program raises itself; the command line and the screen show each as one line."""

from __future__ import annotations


class MailsurgeonError(Exception):
    """An error for the operator: the message names the path and says what to do.

    `exit_code` is the exit code of the command: 1 for a refusal, 2 if it could not do its work.
    """

    exit_code = 2


class SpoolError(MailsurgeonError):
    """The path is not a spool that this program can work on."""


class JournalError(MailsurgeonError):
    """The journal cannot be read or written; without a journal nothing may change."""


class SpoolBusy(MailsurgeonError):
    """Another process (a writer, a server, a sync tool) holds a lock that is needed."""


class Refused(MailsurgeonError):
    """The request is possible but not safe, or there is nothing to do."""

    exit_code = 1
