"""Subject, sender and date of the messages that steps were done to, as far as they are at hand.

They come from the index of the last survey, or from the file itself where the step left it. A file
is known by its inode and size, which the journal has: another that has its name by now is not told
for it. The index is asked for many at once; of the files only so many are read.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from mailsurgeon.diagnosis.facts import ENCRYPTED, PLAIN
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.header_dates import header_date
from mailsurgeon.maildir.message import Traits, analyse
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.fsops.resolve import Directories, open_root
from mailsurgeon.surgery.journal.records import WHOLE_BATCH, StepRecord
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import MessageSummary, message_summaries
from mailsurgeon.survey.read.decompress import NoLibrary, TooMuch, Undecodable, decompress
from mailsurgeon.survey.read.message_file import encoding_of, open_file

_AT_ONCE = 500  # steps
_MOST_READ = 1000
"""Files that are read for one log: on a disk that turns, each may take 10 ms."""
_LONGEST = 5.0  # seconds for all of them
_HEAD = 64 * 1024  # bytes of a message that are read
_PACKED_HEAD = 256 * 1024  # of a compressed one, whose start alone cannot be unpacked

File = tuple[int, int]
"""Inode and size in bytes."""


class LoggedStep(NamedTuple):
    """A step, with what its message is; only the first step of an act has it."""

    record: StepRecord
    message: MessageSummary | None


class MessageFinder:
    """Finds the messages of steps. `named` of `asked` files were found. Close it when done."""

    def __init__(self, surgeon: Surgeon, index: Index | None) -> None:
        self._surgeon, self._index = surgeon, index
        self._files = _MessageFiles(surgeon)
        self.asked = self.named = 0

    def close(self) -> None:
        """Closes the directories that were opened."""
        self._files.close()

    def beside(self, records: Iterable[StepRecord]) -> Iterator[LoggedStep]:
        """The steps of one operation, in their order."""
        source = iter(records)
        act = WHOLE_BATCH
        while some := list(islice(source, _AT_ONCE)):
            firsts: dict[int, StepRecord] = {}
            for record in some:
                if record.act not in (WHOLE_BATCH, act) and file_of(record):
                    firsts[record.id] = record
                    act = record.act
            found = self._find(list(firsts.values()))
            for record in some:
                file = file_of(record) if record.id in firsts else None
                yield LoggedStep(record, found.get(file) if file else None)

    def _find(self, records: Sequence[StepRecord]) -> dict[File, MessageSummary]:
        wanted = {file for record in records if (file := file_of(record))}
        found = self._in_index(records, wanted)
        for record in records:
            file = file_of(record)
            if file and file not in found and (read := self._files.read(record, file)):
                found[file] = read
        self.asked += len(records)
        self.named += sum(file_of(record) in found for record in records)
        return found

    def _in_index(
        self, records: Sequence[StepRecord], wanted: set[File]
    ) -> dict[File, MessageSummary]:
        if self._index is None or not wanted:
            return {}
        try:
            places = {place for record in records for place in _places(record)}
            return message_summaries(self._index, places, wanted)
        except sqlite3.Error:  # it is damaged, or a survey fills it just now
            self._index = None
            return {}


def file_of(record: StepRecord) -> File | None:
    """The file that a step was done to; None for a directory, a list, or what is to be made."""
    expected = record.step.expected
    if expected is None or expected.size < 0 or record.source is None:
        return None
    return expected.inode, expected.size


def _places(record: StepRecord) -> Iterator[tuple[bytes, bytes]]:
    """Where a survey may have seen the file, before or after the step: a directory and a base name.
    What is in the quarantine was in the spool before; what is in new may be in cur by now."""
    for path in (record.target, record.source):
        if path is None:
            continue
        whole = path.relative if isinstance(path, QuarantinePath) else path
        directory, name = os.path.split(whole)
        base = split(name)[0] or name
        yield directory, base
        if directory.rpartition(b"/")[2] == b"new":
            yield directory[: -len(b"new")] + b"cur", base


class _MessageFiles:
    """Reads the headers of messages from their files, only so many and only for so long."""

    def __init__(self, surgeon: Surgeon) -> None:
        self._surgeon = surgeon
        self._left, self._seconds = _MOST_READ, _LONGEST
        self._spool: Directories | None = None
        self._quarantine: Directories | None = None
        self._operation: int | None = None

    def close(self) -> None:
        for directories in (self._spool, self._quarantine):
            if directories is not None:
                directories.close()
        self._spool = self._quarantine = self._operation = None

    def read(self, record: StepRecord, file: File) -> MessageSummary | None:
        """The message of a step where the step left it; None if that cannot be known."""
        places = [record.target, record.source]
        if record.state != "done":
            places.reverse()
        began = time.monotonic()
        found = None
        for path in places:
            if path is not None and found is None and self._left > 0 and self._seconds > 0:
                self._left -= 1
                with suppress(OSError, MailsurgeonError):
                    found = self._read_at(path, file)
        self._seconds -= time.monotonic() - began
        return found

    def _read_at(self, path: bytes, file: File) -> MessageSummary | None:
        directories, inside = self._at(path)
        directory, name = os.path.split(inside)
        handle = open_file(directories.open(directory), name)
        try:
            return _summary(handle, file)
        finally:
            os.close(handle)

    def _at(self, path: bytes) -> tuple[Directories, bytes]:
        if not isinstance(path, QuarantinePath):
            self._spool = self._spool or Directories(open_root(self._surgeon.spool))
            return self._spool, path
        if self._quarantine is None or self._operation != path.operation:
            whole = self._surgeon.place_in_quarantine(path)
            home = at.open_directory(whole[: -len(path.inside) - 1])
            if self._quarantine is not None:
                self._quarantine.close()
            self._quarantine, self._operation = Directories(home), path.operation
        return self._quarantine, path.inside


def _summary(handle: int, file: File) -> MessageSummary | None:
    """What the header of an open file says; None if it is another file, or no mail."""
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or (status.st_ino, status.st_size) != file:
        return None
    head = os.pread(handle, _HEAD, 0)
    encoding = encoding_of(head)
    if encoding == ENCRYPTED:
        return None
    if encoding != PLAIN:
        packed = head + os.pread(handle, _PACKED_HEAD - len(head), len(head))
        try:
            head = next(decompress([packed], encoding), b"")[:_HEAD]
        except (Undecodable, TooMuch, NoLibrary):
            return None
    content = analyse([head])
    if not content.traits & Traits.MAIL:
        return None
    return MessageSummary(content.subject, content.sender, header_date(content.dates))
