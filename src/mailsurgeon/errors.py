"""The few errors this program raises itself; each becomes one clear line at the edge."""

from __future__ import annotations


class MailsurgeonError(Exception):
    """Something the operator must be told. The message names the path and what to do.

    `exit_code` is what a command ends with: 1 when it was refused, 2 when it could not do its work.
    """

    exit_code = 2


class SpoolError(MailsurgeonError):
    """The path given is no spool this program can work on."""


class JournalError(MailsurgeonError):
    """The journal cannot be read or written; without it nothing is changed."""


class SpoolBusy(MailsurgeonError):
    """Somebody else (another writer, a server, a sync tool) holds what is needed."""


class Refused(MailsurgeonError):
    """What was asked for is possible but not safe, or there is nothing to do."""

    exit_code = 1
