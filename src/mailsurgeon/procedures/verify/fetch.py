"""Reads what doveadm says about one folder: UIDs, sizes, complaints, as they come."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from mailsurgeon.procedures.verify.doveadm import Doveadm

_LEVEL = re.compile(rb"(?:Error|Warning|Fatal|Panic): ")
_FAILED = re.compile(rb"fetch\([a-z.]+\) failed for box=(.*?) uid=(\d{1,10}): (.*)", re.DOTALL)
_REASON = re.compile(rb" \(read reason=[^()]*\)\Z")
_LONGEST = 2000  # bytes of one complaint
_MOST_GENERAL = 1000  # complaints of a folder as a whole
EXPUNGED = "Message was expunged"
"""A complaint that says less than the line before it."""


@dataclass
class Reply:
    """What doveadm said about a folder, by UID. `sizes` has every message the server sees; None if
    it cannot say the size (bytes with CRLF line ends: RFC822.SIZE). `general` names no message."""

    sizes: dict[int, int | None] = field(default_factory=dict)
    complaints: dict[int, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)


def ask(doveadm: Doveadm, mailbox: str, place: bytes) -> Reply:
    """Asks doveadm for UID and size of every message of `mailbox`, in the shadow at `place`.

    If a message's name has no size, doveadm reads all of the message. Raises MailsurgeonError when
    doveadm cannot be run or hangs.
    """
    reply = Reply()
    rows = _Rows(doveadm.user.encode(), reply)
    complaints = _Complaints(doveadm.user.encode(), os.fsencode(mailbox), place, reply)
    fields = "user uid size.virtual"
    words = ("-f", "tab", "fetch", fields, "mailbox", os.fsencode(mailbox), "all")
    doveadm.run(words, rows.feed, complaints.feed)
    complaints.end()
    return reply


class _Rows:
    """Parses rows of the table. doveadm leaves out a field it cannot get and continues the line
    with the next row, so that only the user's word marks where a row begins."""

    def __init__(self, user: bytes, reply: Reply) -> None:
        self._user = user
        self._reply = reply
        self._uid: int | None = None
        self._fresh = False

    def feed(self, line: bytes) -> None:
        for word in line.split(b"\t"):
            if word == self._user:
                self._uid, self._fresh = None, True
            elif word.isdigit() and self._fresh:
                self._uid, self._fresh = int(word), False
                self._reply.sizes[self._uid] = None
            elif word.isdigit() and self._uid is not None:
                self._reply.sizes[self._uid] = int(word)


class _Complaints:
    """Parses complaints from stderr.

    doveadm reports one trouble in several lines; the last names the message it could not fetch.
    A line that does not begin with doveadm's own prefix continues the one before, even if a name
    in it looks like that prefix.
    """

    def __init__(self, user: bytes, mailbox: bytes, place: bytes, reply: Reply) -> None:
        self._head = b"doveadm(" + user + b"): "
        self._mailbox = mailbox
        self._shadow = place + b"/m"
        self._places = (self._shadow + b"/", place + b"/c/")
        self._reply = reply
        self._line: bytes | None = None
        self._pending: list[bytes] = []

    def feed(self, line: bytes) -> None:
        if self._line is not None and not line.startswith(self._head):
            self._line = (self._line + b"\n" + line)[:_LONGEST]
            return
        self._finish_line()
        self._line = line.removeprefix(self._head)[:_LONGEST]

    def end(self) -> None:
        self._finish_line()
        self._generalise(self._pending)

    def _finish_line(self) -> None:
        if not self._line:
            return
        text = _LEVEL.sub(b"", self._line, count=1)
        failed = self._failed(text)
        if failed is None:
            if text not in self._pending:
                self._pending.append(text)
            return
        uid, reason = failed
        number = re.compile(rb"(?i)\buid=%d\b" % uid)
        about = [line for line in self._pending if number.search(line)]
        self._generalise(
            [line for line in self._pending if line not in about and line not in reason]
        )
        self._pending.clear()
        best = about[-1] if reason == EXPUNGED.encode() and about else reason
        text = self._clean(best).removeprefix(f"UID={uid}: ")
        self._reply.complaints.setdefault(uid, text)

    def _failed(self, text: bytes) -> tuple[int, bytes] | None:
        exact = re.compile(
            rb"fetch\([a-z.]+\) failed for box=%s uid=(\d{1,10}): " % re.escape(self._mailbox)
        ).match(text)
        if exact:
            return int(exact[1]), text[exact.end() :]
        found = _FAILED.match(text)
        return (int(found[2]), found[3]) if found else None

    def _generalise(self, lines: list[bytes]) -> None:
        for line in lines:
            text = self._clean(line)
            if text not in self._reply.general and len(self._reply.general) < _MOST_GENERAL:
                self._reply.general.append(text)

    def _clean(self, text: bytes) -> str:
        """The complaint as about the spool, without traces of the shadow."""
        text = text.removeprefix(b"Mailbox " + self._mailbox + b": ")
        text = _REASON.sub(b"", text).replace(b",w=", b",W=")
        for place in self._places:
            text = text.replace(place, b"")
        return os.fsdecode(text.replace(self._shadow, b"."))
