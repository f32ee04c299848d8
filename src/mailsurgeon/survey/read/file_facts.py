"""What is kept in the index about one file, and whether a file is a message."""

from __future__ import annotations

import os
import stat

from mailsurgeon.diagnosis.facts import ENCRYPTED, MessageFacts
from mailsurgeon.maildir.header_dates import header_date
from mailsurgeon.maildir.message import Traits
from mailsurgeon.survey.index.rows import Place, indexed_time
from mailsurgeon.survey.index.slice import Facts
from mailsurgeon.survey.read.message_file import Reading

NOT_MAIL = "not mail"
AN_MBOX = "a store of another kind: mbox"
_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFDIR: "directory",
}


def kind_of_file(mode: int) -> str:
    """The word for what a file of this `st_mode` is: `file`, `symlink`, `device` and so on."""
    return _KINDS.get(stat.S_IFMT(mode), "device")


def status_facts(name: bytes, kind: str, status: os.stat_result) -> Facts:
    """The facts that a file's status gives, without any of its content."""
    return Facts(
        name, kind, status.st_size, indexed_time(status.st_mtime_ns),
        indexed_time(status.st_ctime_ns), status.st_ino, status.st_mode, status.st_uid,
        status.st_gid, status.st_nlink,
    )  # fmt: skip


def with_content(facts: Facts, reading: Reading) -> Facts:
    """The facts of a file together with those of its content."""
    content, encoding = reading.content, reading.encoding
    if content is None:
        return facts._replace(
            traits=int(Traits.READ | Traits.OPAQUE),
            encoding=encoding,
            broken=reading.broken,
            skipped=reading.skipped,
        )
    return facts._replace(
        traits=content.traits | (Traits.TWICE if reading.twice else 0),
        encoding=encoding,
        plain_size=content.size if encoding else None,
        virtual_size=content.virtual_size,
        message_id=content.message_id,
        sender=content.sender,
        subject=content.subject,
        date=header_date(content.dates),
        looks_like=content.looks_like or None,
        skipped=reading.skipped,
    )


def message_facts(place: str, facts: Facts, *, holds_mail: bool = False) -> MessageFacts:
    """The facts that the rules for one message need, from a row of the index."""
    return MessageFacts(
        place,
        facts.filename,
        facts.kind,
        facts.size,
        facts.mtime_ns,
        facts.encoding,
        facts.traits,
        facts.plain_size,
        facts.virtual_size,
        facts.message_id is not None,
        facts.date,
        facts.looks_like or "",
        facts.broken,
        facts.errno,
        holds_mail,
    )


def why_no_message(place: str, facts: Facts, *, full: bool) -> str | None:
    """Why a file is not a message; None when it is one, empty when no reason need be reported."""
    if place in (Place.ROOT, Place.NESTED):
        if facts.kind != "file":
            return ""
        if not full:
            return None
        if facts.encoding == ENCRYPTED:
            return "encrypted: whether it is mail cannot be seen"
        if facts.broken or facts.skipped:
            return facts.skipped or f"{facts.encoding}: {facts.broken}"
        if facts.errno is not None:
            return os.strerror(facts.errno)
        if facts.traits & Traits.MAIL:
            return None
        if facts.traits & Traits.MBOX and place == Place.NESTED:
            return AN_MBOX
        # Other files in a directory that is not a folder do not belong to the mail.
        return NOT_MAIL if place == Place.ROOT else ""
    if place in (Place.CUR, Place.NEW) and facts.filename.startswith(b"."):
        return None if facts.kind == "directory" or facts.traits & Traits.MAIL else ""
    return None
