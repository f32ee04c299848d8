"""Examines one slice of a directory: what a worker process does. Facts and findings come back."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import NamedTuple

from mailsurgeon.diagnosis.facts import (
    ENCRYPTED,
    PLAIN,
    UNDECODABLE,
    Finding,
    FolderFacts,
    MessageFacts,
    Moment,
)
from mailsurgeon.diagnosis.message_rules import judge
from mailsurgeon.maildir.message import Content, Traits
from mailsurgeon.survey.content import open_file, read_message
from mailsurgeon.survey.rows import NotExamined, Place


class Facts(NamedTuple):
    """One row of `entries`, without id and folder; the columns in their order."""

    place: str
    directory: bytes
    filename: bytes
    kind: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mode: int
    uid: int
    gid: int
    nlink: int
    errno: int | None
    traits: int
    encoding: str
    plain_size: int | None
    virtual_size: int | None
    message_id: str | None
    sender: str | None
    subject: str | None
    date: int | None
    looks_like: str | None


COLUMNS = ", ".join(Facts._fields)
NOT_MAIL = "not mail"


@dataclass(frozen=True, slots=True)
class Slice:
    """Some names of one directory, to be examined together; crosses to a worker process."""

    root: bytes
    directory: bytes
    place: str
    names: tuple[bytes, ...]
    folder: FolderFacts
    moment: Moment
    known: str | None  # the index to look unchanged files up in


class Examined(NamedTuple):
    """One file: its row (None when it is as the index has it, under `id`), and its findings."""

    id: int | None
    facts: Facts | None
    findings: list[Finding]


class SliceResult(NamedTuple):
    """What came of a slice; `gone` are ids of rows whose file is no message after all."""

    examined: list[Examined]
    not_examined: list[NotExamined]
    gone: list[int]


def examine(task: Slice) -> SliceResult:
    """Looks at every name of a slice. One bad file never stops the rest; nothing is raised."""
    result = SliceResult([], [], [])
    path = os.path.join(task.root, task.directory)
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        result.not_examined.append(NotExamined(task.directory, error.strerror or "unreadable"))
        return result
    try:
        known = _known(task) if task.known else {}
        for name in task.names:
            _examine_name(task, directory, name, known.get(name), result)
    finally:
        os.close(directory)
    return result


def _known(task: Slice) -> dict[bytes, tuple[int, Facts]]:
    """Rows of the index for these names; empty when it cannot be read just now."""
    assert task.known is not None
    wanted = set(task.names)
    try:
        db = sqlite3.connect(
            Path(task.known).absolute().as_uri() + "?mode=ro", uri=True, timeout=30
        )
        rows = db.execute(
            f"SELECT id, {COLUMNS} FROM entries WHERE directory = ? AND place != 'folder'"
            " AND filename BETWEEN ? AND ?",
            (task.directory, min(wanted), max(wanted)),
        )
        found = {row[3]: (row[0], Facts._make(row[1:])) for row in rows if row[3] in wanted}
        db.close()
    except sqlite3.Error:
        return {}
    return found


def _examine_name(
    task: Slice,
    directory: int,
    name: bytes,
    known: tuple[int, Facts] | None,
    result: SliceResult,
) -> None:
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if known and _unchanged(known[1], status, task):
            facts = known[1]
        else:
            facts = _look(task, directory, name, status)
    except FileNotFoundError:
        if known:
            result.gone.append(known[0])
        return  # delivered, moved or expunged meanwhile: it is no longer here to be examined
    except OSError as error:
        result.not_examined.append(_reason(task, name, error))
        return
    if facts is None:
        result.not_examined.append(NotExamined(_path(task, name), "changes while it is read"))
        return
    reason = _no_message(task, facts)
    if reason is not None:
        if known:
            result.gone.append(known[0])
        if reason:
            result.not_examined.append(NotExamined(_path(task, name), reason))
        return
    findings = judge(message_facts(facts), task.folder, task.moment)
    row = None if known and facts is known[1] else facts
    result.examined.append(Examined(known[0] if known else None, row, findings))


def _unchanged(facts: Facts, status: os.stat_result, task: Slice) -> bool:
    seen = (facts.size, facts.mtime_ns, facts.ctime_ns, facts.inode, facts.place)
    now = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, task.place)
    return seen == now and (not task.moment.full or bool(facts.traits))


def _look(task: Slice, directory: int, name: bytes, status: os.stat_result) -> Facts | None:
    """The facts of one file; None when it keeps changing while it is read.

    Raises FileNotFoundError when it is gone meanwhile.
    """
    kind = _kind(status.st_mode)
    if kind != "file" or not task.moment.full:
        return _facts(task, name, kind, status, PLAIN, None, None)
    try:
        for _attempt in range(2):
            descriptor = open_file(directory, name)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return _facts(task, name, _kind(status.st_mode), status, PLAIN, None, None)
                reading = read_message(descriptor, status.st_size)
                after = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            if (after.st_size, after.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
                return _facts(task, name, kind, status, reading.encoding, reading.content, None)
    except FileNotFoundError:
        raise
    except OSError as error:
        return _facts(task, name, kind, status, PLAIN, None, error.errno)
    return None


def _facts(
    task: Slice,
    name: bytes,
    kind: str,
    status: os.stat_result,
    encoding: str,
    content: Content | None,
    errno: int | None,
) -> Facts:
    read = task.moment.full and kind == "file" and errno is None
    return Facts(
        task.place,
        task.directory,
        name,
        kind,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_mode,
        status.st_uid,
        status.st_gid,
        status.st_nlink,
        errno,
        content.traits if content else int(Traits.READ) if read else 0,
        encoding,
        content.size if content else None,
        content.virtual_size if content else None,
        content.message_id if content else None,
        content.sender if content else None,
        content.subject if content else None,
        header_date(content.dates) if content else None,
        content.looks_like if content else None,
    )


def message_facts(facts: Facts, *, holds_mail: bool = False) -> MessageFacts:
    """The facts the rules of one message go by, from a row of the index."""
    return MessageFacts(
        facts.place,
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
        facts.errno,
        holds_mail,
    )


def _no_message(task: Slice, facts: Facts) -> str | None:
    """Why a file is no message: None when it is one, empty when nothing need be said."""
    if task.place in (Place.ROOT, Place.NESTED):
        if facts.kind != "file":
            return ""
        if not task.moment.full:
            return None
        if facts.encoding == ENCRYPTED:
            return "encrypted: whether it is mail cannot be seen"
        if facts.encoding == UNDECODABLE:
            return "compressed text that cannot be read"
        if facts.errno is not None:
            return os.strerror(facts.errno)
        if facts.traits & Traits.MAIL:
            return None
        # What else lies in a directory that is no folder is none of a mail spool's business.
        return NOT_MAIL if task.place == Place.ROOT else ""
    if task.place in (Place.CUR, Place.NEW) and facts.filename.startswith(b"."):
        return None if facts.kind == "directory" or facts.traits & Traits.MAIL else ""
    return None


_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999; a header may name any number of days and hours."""


def header_date(texts: tuple[str, str]) -> int | None:
    """Seconds since 1970 of the first text that parses: topmost Received, then Date."""
    for text in texts:
        if not text:
            continue
        try:
            parsed = parsedate_tz(text)
            seconds = int(mktime_tz(parsed)) if parsed else None
            if seconds is not None and _FIRST_SECOND <= seconds <= _LAST_SECOND:
                return seconds
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
    return None


_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFLNK: "symlink",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFDIR: "directory",
}


def _kind(mode: int) -> str:
    return _KINDS.get(stat.S_IFMT(mode), "device")


def _path(task: Slice, name: bytes) -> bytes:
    return task.directory + b"/" + name if task.directory else name


def _reason(task: Slice, name: bytes, error: OSError) -> NotExamined:
    return NotExamined(_path(task, name), error.strerror or "cannot be read")


def slices(names: list[bytes], size: int) -> Iterator[tuple[bytes, ...]]:
    """Names in slices of at most `size`."""
    for start in range(0, len(names), size):
        yield tuple(names[start : start + size])
