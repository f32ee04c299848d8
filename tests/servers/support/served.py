"""What every client of a real server sees of a whole spool, and what a repair may change of it."""

from __future__ import annotations

import copy
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tests.servers.support.dovecot import Dovecot

Reading = Literal["strict", "tolerant", "none"]
"""How texts are read: by the server as it is; by one that takes no size from a name; not at all."""

_FIELDS = "mailbox uid flags date.received guid pop3.uidl"
_REAPPEARED = "Expunged message reappeared, giving a new UID"
_TOLERANT = "maildir_broken_filename_sizes = yes\n"


class What(NamedTuple):
    """A message whatever its UID: flags and keywords, INTERNALDATE, the sha256 of its text."""

    flags: frozenset[str]
    received: str
    body: str


class Mail(NamedTuple):
    """One message as it is served. `marks`: what else tells it from others (GUID, UIDL)."""

    what: What
    marks: tuple[str, ...]


class Box(NamedTuple):
    """One mailbox: its UIDVALIDITY and its messages by UID."""

    validity: str
    mails: Mapping[int, Mail]


Served = dict[str, Box]
Counted = Counter[tuple[str, What]]
"""Messages by mailbox."""


@dataclass(frozen=True)
class Change:
    """What may change for clients. `altered`: by mailbox and text, as it was and as it will be;
    `boxes_new`: mailboxes to appear exactly so, UIDs and all."""

    new: Counted = field(default_factory=Counter)
    gone: Counted = field(default_factory=Counter)
    altered: Mapping[tuple[str, str], tuple[What, What]] = field(default_factory=dict)
    boxes_new: Served = field(default_factory=dict)
    boxes_gone: Served = field(default_factory=dict)

    def back(self) -> Change:
        """The same the other way round: what taking it back may change."""
        altered = {key: (after, before) for key, (before, after) in self.altered.items()}
        return Change(self.gone, self.new, altered, self.boxes_gone, self.boxes_new)


@dataclass
class Figures:
    """What a comparison has counted."""

    kept: int = 0
    altered: int = 0
    new: int = 0
    gone: int = 0
    highest: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The messages there are afterwards."""
        return self.kept + self.altered + self.new

    def __str__(self) -> str:
        return f"{self.kept} the same, {self.altered} altered, {self.new} new, {self.gone} gone"


def digest(text: bytes) -> str:
    """The hash of a text as IMAP sends it, whatever ends its lines here."""
    return hashlib.sha256(text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).hexdigest()


def look(server: Dovecot, reading: Reading = "strict", *, old_dates: bool = False) -> Served:
    """Every message of every mailbox, with the indexes on the disk and without them alike.

    Any complaint of the server fails the test. `old_dates`: the indexes may show another date.
    """
    indexed = _served(server, memory=False, texts=reading == "strict")
    plain = _served(_told(server, reading), memory=True, texts=reading != "none")
    blank = {"body": ""} if reading != "strict" else {}
    if old_dates:
        blank["received"] = ""
    assert _without(indexed, **blank) == _without(plain, **blank)
    return plain


def glance(server: Dovecot) -> Served:
    """The same in a spool that is in use, as a server without indexes sees it at this moment."""
    return _served(_told(server, "tolerant"), memory=True, texts=True)


def _told(server: Dovecot, reading: Reading) -> Dovecot:
    if reading != "tolerant":
        return server
    other = copy.copy(server)
    other.configuration = server.configuration.with_suffix(".tolerant")
    other.configuration.write_text(server.configuration.read_text() + _TOLERANT)
    return other


def _served(server: Dovecot, *, memory: bool, texts: bool) -> Served:
    boxes: dict[str, tuple[str, dict[int, Mail]]] = {}
    answer = _asked(server, "mailbox", "status", "uidvalidity", "*", memory=memory)
    for line in answer.decode().splitlines():
        mailbox, _, validity = line.rpartition(" uidvalidity=")
        boxes[mailbox] = validity, {}
    fields = f"{_FIELDS} text" if texts else _FIELDS
    words = ("-f", "json", "fetch", fields, "mailbox", "*", "all")
    for row in json.loads(_asked(server, *words, memory=memory) or b"[]"):
        flags = frozenset(row["flags"].split()) - {"\\Recent"}
        body = digest(row["text"].encode()) if texts else ""
        mail = Mail(What(flags, row["date.received"], body), (row["guid"], row["pop3.uidl"]))
        mails = boxes[row["mailbox"]][1]
        assert int(row["uid"]) not in mails, f"UID {row['uid']} twice in {row['mailbox']}"
        mails[int(row["uid"])] = mail
    return {mailbox: Box(*box) for mailbox, box in boxes.items()}


def _asked(server: Dovecot, *words: str, memory: bool) -> bytes:
    """Dovecot's answer, without a complaint but that what was put back is new to it."""
    answer = server.run(*words, memory=memory)
    complaints = [line for line in answer.errors.splitlines() if _REAPPEARED not in line]
    assert (answer.code, complaints) == (0, []), (words, complaints)
    return answer.out


def _without(served: Served, **blank: str) -> Served:
    """The same with some of what is known of each message left blank."""
    if not blank:
        return served
    return {
        name: Box(
            box.validity,
            {
                uid: mail._replace(what=mail.what._replace(**blank))
                for uid, mail in box.mails.items()
            },
        )
        for name, box in served.items()
    }


def compare(
    before: Served, after: Served, change: Change, highest: dict[str, int] | None = None
) -> Figures:
    """Asserts that exactly `change` lies between two pictures; `highest` UIDs were given before.

    A served without texts is compared by all the rest.
    """
    if "" in (_a_body(before), _a_body(after)):
        before, after = _without(before, body=""), _without(after, body="")
        change = _without_texts(change)
    figures = Figures(highest=dict(highest or {}))
    assert after.keys() - before.keys() == change.boxes_new.keys()
    assert before.keys() - after.keys() == change.boxes_gone.keys()
    for name, box in change.boxes_new.items():
        assert after[name] == box, f"{name} comes as it was, UIDs and all"
        figures.kept += len(box.mails)
    new, gone = Counted(), Counted()
    for name in before.keys() & after.keys():
        was, is_now = before[name], after[name]
        assert is_now.validity == was.validity, f"UIDVALIDITY of {name}"
        _compare_kept(name, was, is_now, change, figures)
        given = max((*was.mails, figures.highest.get(name, 0)), default=0)
        for uid in is_now.mails.keys() - was.mails.keys():
            assert uid > given, f"UID {uid} in {name} was given before"
            new[name, is_now.mails[uid].what] += 1
        gone.update((name, was.mails[uid].what) for uid in was.mails.keys() - is_now.mails.keys())
        figures.highest[name] = max((*is_now.mails, given), default=0)
    assert new == change.new
    assert gone == change.gone
    figures.new, figures.gone = new.total(), gone.total()
    return figures


def _compare_kept(name: str, was: Box, is_now: Box, change: Change, figures: Figures) -> None:
    for uid in was.mails.keys() & is_now.mails.keys():
        old, now = was.mails[uid], is_now.mails[uid]
        awaited = change.altered.get((name, old.what.body), (old.what, old.what))
        assert old.what == awaited[0], (name, uid)
        assert now == old._replace(what=awaited[1]), (name, uid)
        figures.kept += awaited[0] == awaited[1]
        figures.altered += awaited[0] != awaited[1]


def _a_body(served: Served) -> str:
    whats = (mail.what for box in served.values() for mail in box.mails.values())
    return next((what.body for what in whats), "none")


def count_of(served: Served) -> int:
    """How many messages there are in all mailboxes."""
    return sum(len(box.mails) for box in served.values())


def bodies(served: Served) -> Counter[str]:
    """The texts of all messages."""
    return Counter(mail.what.body for box in served.values() for mail in box.mails.values())


def alike(one: Served, other: Served) -> bool:
    """Whether both show the same under the same UIDs, but for what is made of the names."""
    if "" in (_a_body(one), _a_body(other)):
        one, other = _without(one, body=""), _without(other, body="")
    return _unmarked(one) == _unmarked(other)


def _unmarked(served: Served) -> dict[str, tuple[str, dict[int, What]]]:
    return {
        name: (box.validity, {uid: mail.what for uid, mail in box.mails.items()})
        for name, box in served.items()
    }


def _without_texts(change: Change) -> Change:
    assert not change.altered, "messages are told apart by their texts"

    def plain(counted: Counted) -> Counted:
        total = Counted()
        for (box, what), number in counted.items():
            total[box, what._replace(body="")] += number
        return total

    return Change(
        plain(change.new), plain(change.gone), {},
        _without(change.boxes_new, body=""), _without(change.boxes_gone, body=""),
    )  # fmt: skip
