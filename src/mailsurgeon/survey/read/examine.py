"""Examines one slice of a directory, usually in a worker process; returns facts and findings."""

from __future__ import annotations

import os
import stat

from mailsurgeon.diagnosis.facts import PLAIN, Finding, MessageFacts
from mailsurgeon.diagnosis.folder_rules import bad_permissions, fit_permissions
from mailsurgeon.diagnosis.message_rules import BAD_DATE, judge, sound
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.filename import size_fields
from mailsurgeon.maildir.message_fast import USUAL, Peek, peek
from mailsurgeon.survey.index.packed import UNREAD, Owner
from mailsurgeon.survey.index.rows import NotExamined, Place, indexed_time
from mailsurgeon.survey.index.slice import Facts, Slice, SliceResult
from mailsurgeon.survey.index.sql import Value
from mailsurgeon.survey.read.file_facts import (
    kind_of_file,
    message_facts,
    status_facts,
    why_no_message,
    with_content,
)
from mailsurgeon.survey.read.healthy import HealthyMessages, content_of, healthy_statuses
from mailsurgeon.survey.read.message_file import open_file, read_message
from mailsurgeon.survey.read.readahead import ReadingPace
from mailsurgeon.survey.read.sealed import compared, look_up, seal_of

SMALL = 1024 * 1024
"""The largest file, in bytes, that is read at once; larger ones are read in pieces."""
_TYPE = 0o170000  # the bits of a mode that give the kind of file
_pace = ReadingPace()  # one for the process, which reads its slices one after another


def examine(task: Slice) -> SliceResult:
    """Examines every name of a slice. A bad file does not stop the others. Raises OSError only when
    too many files are open."""
    path = os.path.join(task.root, task.directory)
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if no_more_files(error):
            raise
        reason = NotExamined(task.directory, error.strerror or "cannot be read")
        return SliceResult(not_examined=[reason])
    try:
        return compared(task, directory) if task.seal else examine_names(task, directory)
    finally:
        os.close(directory)


def examine_names(task: Slice, directory: int) -> SliceResult:
    """Examines every name of a slice, without regard to its seal, in its open directory. Raises
    OSError only when too many files are open."""
    return _Examination(task, directory).run()


class _Examination:
    """One slice being examined."""

    def __init__(self, task: Slice, directory: int) -> None:
        self.task = task
        self.directory = directory
        self.result = SliceResult()
        self.numbers: list[int] = []
        self.fit: Owner | None = None  # the last mode and owner judged to be right
        self.healthy = HealthyMessages(task)
        self.settled = True  # False: the next survey must look again, even if no status changes

    def run(self) -> SliceResult:
        task, result = self.task, self.result
        if task.moment.full and task.regular and not task.known:
            with _pace.reading(self.directory, task.names):
                self._look_at_all()
        else:
            self._look_at_all()
        self._pack()
        whole = len(self.numbers) == 4 * len(task.names)
        if whole and self.settled and not result.not_examined:
            result.seal = seal_of(task, task.names, self.numbers)
        return result

    def _pack(self) -> None:
        result, healthy = self.result, self.healthy
        result.messages += len(healthy)
        result.bytes += healthy.bytes
        if healthy.latest >= self.task.settled:
            self.settled = False
        result.packed = healthy.packed()
        if result.packed is None:
            for row in healthy.rows():
                result.usual += row

    def _look_at_all(self) -> None:
        task = self.task
        known = task.known or {}
        if task.packs and not known:
            (self._read_each if task.moment.full else self._status_of_each)()
            return
        usual = task.regular and task.place != Place.TMP
        look = self._read if task.moment.full else self._status
        for number, name in enumerate(task.names, task.first):
            if name in known:
                self._again(name, *known[name])
            elif not usual or not look(number, name):
                self._any(number, name)

    # Usual files

    def _read_each(self) -> None:
        """Reads all messages of the slice, and collects the healthy ones to be packed."""
        task, directory, numbers = self.task, self.directory, self.numbers
        place, folder, moment = task.place, task.folder, task.moment
        keep = self.healthy.messages.append
        last, which = None, -1
        for offset, name in enumerate(task.names):
            found = _usual_file(directory, name)
            seen = peek(found[1]) if found else None
            if found is None or seen is None:
                self._any(task.first + offset, name)
                continue
            status = found[0]
            # A tuple of the ten numbers of stat(2) is unpacked faster than ten attributes.
            mode, inode, _, links, uid, gid, size, _, _, _ = status
            mtime_ns, ctime_ns = status.st_mtime_ns, status.st_ctime_ns
            # Most files have the mode and owner of the file before them.
            if (mode, uid, gid) != last:
                last = (mode, uid, gid)
                which = self.healthy.owner_number(last)
            if not sound(name, place, size, mtime_ns, folder, moment, seen):
                self._not_sound(task.first + offset, name, status, seen)
            elif which < 0 or links > 1:
                self._keep_usual(task.first + offset, name, status, content_of(seen))
            else:
                keep((offset, name, size, mtime_ns, ctime_ns, inode, which, *seen))
                numbers += (size, mtime_ns, ctime_ns, inode)

    def _status_of_each(self) -> None:
        """As `_read_each`, without reading the messages."""
        found = look_up(self.directory, self.task.names)
        together = None if found is None else healthy_statuses(self.task, found)
        if together is None:
            self._status_one_by_one()
            return
        self.healthy, numbers, odd = together
        for offset in odd:
            self.numbers.clear()
            if not self._status(self.task.first + offset, self.task.names[offset]):
                self._any(self.task.first + offset, self.task.names[offset])
            if self.numbers:
                numbers[4 * offset : 4 * offset + 4] = self.numbers
            else:
                self.settled = False
        self.numbers = numbers

    def _status_one_by_one(self) -> None:
        task, directory, numbers = self.task, self.directory, self.numbers
        place, folder, moment = task.place, task.folder, task.moment
        keep, lstat = self.healthy.messages.append, os.stat
        last, which = None, -1
        for offset, name in enumerate(task.names):
            try:
                status = lstat(name, dir_fd=directory, follow_symlinks=False)
            except OSError:
                self._any(task.first + offset, name)
                continue
            mode, inode, _, links, uid, gid, size, _, _, _ = status
            mtime_ns, ctime_ns = status.st_mtime_ns, status.st_ctime_ns
            if (mode, uid, gid) != last:
                last = (mode, uid, gid)
                which = self.healthy.owner_number(last) if stat.S_ISREG(mode) else -1
            plain = which >= 0 and links == 1 and mtime_ns == indexed_time(mtime_ns)
            if plain and sound(name, place, size, mtime_ns, folder, moment):
                keep((offset, name, size, mtime_ns, ctime_ns, inode, which, *UNREAD))
                numbers += (size, mtime_ns, ctime_ns, inode)
            elif not self._status(task.first + offset, name):
                self._any(task.first + offset, name)

    def _read(self, number: int, name: bytes) -> bool:
        """Reads a usual message. Returns False, having recorded nothing, if it is not usual."""
        found = _usual_file(self.directory, name)
        seen = peek(found[1]) if found else None
        if found is None or seen is None:
            return False
        status, task = found[0], self.task
        size, mtime_ns = status.st_size, status.st_mtime_ns
        if sound(name, task.place, size, mtime_ns, task.folder, task.moment, seen):
            self._keep_usual(number, name, status, content_of(seen))
        else:
            self._not_sound(number, name, status, seen)
        return True

    def _not_sound(self, number: int, name: bytes, status: os.stat_result, seen: Peek) -> None:
        """Judges a usual message that has been read."""
        task, size = self.task, status.st_size
        virtual, identity, _, _, date = seen
        if size_fields(name, size, virtual, task.folder.neighbours)[0] not in (None, size):
            self._any(number, name)  # finds out whether the message is truncated
            return
        facts = MessageFacts(
            task.place, name, "file", size, indexed_time(status.st_mtime_ns), PLAIN, USUAL,
            None, virtual, identity is not None, date,
        )  # fmt: skip
        self._found(number, judge(facts, task.folder, task.moment))
        self._keep_usual(number, name, status, content_of(seen))

    def _status(self, number: int, name: bytes) -> bool:
        """Records the status of a regular file, which is all that a quick survey examines. Returns
        False, having recorded nothing, for other kinds and for names that begin with a dot."""
        try:
            status = os.stat(name, dir_fd=self.directory, follow_symlinks=False)
        except OSError:
            return False
        if not stat.S_ISREG(status.st_mode) or name.startswith(b"."):
            return False
        task = self.task
        size, mtime_ns = status.st_size, indexed_time(status.st_mtime_ns)
        if not sound(name, task.place, size, mtime_ns, task.folder, task.moment):
            facts = MessageFacts(task.place, name, "file", size, mtime_ns)
            self._found(number, judge(facts, task.folder, task.moment))
        self._keep_usual(number, name, status, ())
        return True

    def _keep_usual(
        self, number: int, name: bytes, status: os.stat_result, content: tuple[Value, ...]
    ) -> None:
        mode, inode, _, links, uid, gid, size, _, _, _ = status
        mtime_ns, ctime_ns = status.st_mtime_ns, status.st_ctime_ns
        self.result.usual += (
            number, self.task.number, name, size, indexed_time(mtime_ns), indexed_time(ctime_ns),
            inode, mode, uid, gid, links, *content,
        )  # fmt: skip
        self.result.messages += 1
        self.result.bytes += size
        self.numbers += (size, mtime_ns, ctime_ns, inode)
        if ctime_ns >= self.task.settled:
            self.settled = False
        if (mode, uid, gid) != self.fit and not self._fits(mode, uid, gid):
            self._permissions(number, mode, uid, gid)

    def _fits(self, mode: int, uid: int, gid: int) -> bool:
        fits = fit_permissions(mode, uid, gid, self.task.folder.owner)
        if fits:
            self.fit = (mode, uid, gid)
        return fits

    # All others

    def _again(self, name: bytes, number: int, facts: Facts) -> None:
        """Examines a file that the index knows; reads it again only if it may have changed."""
        try:
            status = os.stat(name, dir_fd=self.directory, follow_symlinks=False)
        except OSError:
            self._any(number, name, facts)
            return
        if self._unchanged(facts, status):
            self._take(number, facts, facts)
        else:
            self._any(number, name, facts)

    def _unchanged(self, facts: Facts, status: os.stat_result) -> bool:
        seen = (facts.size, facts.mtime_ns, facts.ctime_ns, facts.inode)
        times = indexed_time(status.st_mtime_ns), indexed_time(status.st_ctime_ns)
        now = (status.st_size, *times, status.st_ino)
        if seen != now or facts.ctime_ns >= self.task.trusted:
            return False
        return facts.kind != "file" or not self.task.moment.full or bool(facts.traits)

    def _any(self, number: int, name: bytes, known: Facts | None = None) -> None:
        """Examines one file of any kind; `known` is its row in the index, if it has one."""
        task, result = self.task, self.result
        try:
            status = os.stat(name, dir_fd=self.directory, follow_symlinks=False)
            facts = _look(task, self.directory, name, status)
        except FileNotFoundError:
            if known is not None:
                result.gone.append(number)
            result.vanished = True  # it has another name, or was moved or expunged
            return
        except OSError as error:
            if no_more_files(error):
                raise
            reason = error.strerror or "cannot be read"
            result.not_examined.append(NotExamined(_path(task, name), reason))
            return
        if facts is None:
            result.not_examined.append(NotExamined(_path(task, name), "changes while it is read"))
            return
        self._take(number, facts, known)

    def _take(self, number: int, facts: Facts, known: Facts | None) -> None:
        """Judges a file, and stores its row if it differs from the one in the index."""
        task, result = self.task, self.result
        self.numbers += (facts.size, facts.mtime_ns, facts.ctime_ns, facts.inode)
        if facts.ctime_ns >= task.settled or facts.errno is not None:
            self.settled = False
        reason = why_no_message(task.place, facts, full=task.moment.full)
        if reason is not None:
            if known is not None:
                result.gone.append(number)
            if reason:
                result.not_examined.append(NotExamined(_path(task, facts.filename), reason))
            return
        # A file that was read again is stored again, because the digests in its old row may belong
        # to other bytes.
        if facts is not known and (facts != known or facts.errno is None):
            result.others.append((number, facts))
        if facts.skipped:
            result.not_examined.append(NotExamined(_path(task, facts.filename), facts.skipped))
        self._found(number, judge(message_facts(task.place, facts), task.folder, task.moment))
        if facts.kind == "file" and task.place != Place.TMP:
            result.messages += 1
            result.bytes += facts.size
            self._permissions(number, facts.mode, facts.uid, facts.gid)

    def _permissions(self, number: int, mode: int, uid: int, gid: int) -> None:
        finding = bad_permissions(mode, uid, gid, self.task.folder.owner)
        if finding:
            self.result.findings.append((number, finding))

    def _found(self, number: int, findings: list[Finding]) -> None:
        for finding in findings:
            self.result.findings.append((number, finding))
            if finding.code == BAD_DATE:
                self._watch_the_clock(finding)

    def _watch_the_clock(self, finding: Finding) -> None:
        """Unsettles the slice for a time in the future, which stops being one as time passes."""
        times = (finding.detail["mtime"], finding.detail["name_date"] or 0)
        if max(times) > self.task.moment.now:
            self.settled = False


def _usual_file(directory: int, name: bytes) -> tuple[os.stat_result, bytes] | None:
    """The status and content of a regular file that is not large; else None."""
    try:
        descriptor = open_file(directory, name)
        try:
            status = os.fstat(descriptor)
            size = status.st_size
            # `_any` reads larger files in pieces, and does not read other kinds of file.
            if size > SMALL or status.st_mode & _TYPE != stat.S_IFREG:
                return None
            data = os.read(descriptor, size + 1)
        finally:
            os.close(descriptor)
    except OSError:
        return None
    return (status, data) if len(data) == size else None


def _look(task: Slice, directory: int, name: bytes, status: os.stat_result) -> Facts | None:
    """The facts of one file; None when it changes during both of two reads.

    Raises FileNotFoundError when it has disappeared.
    """
    kind = kind_of_file(status.st_mode)
    if kind != "file" or not task.moment.full:
        return status_facts(name, kind, status)
    try:
        for _attempt in range(2):
            descriptor = open_file(directory, name)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    return status_facts(name, kind_of_file(status.st_mode), status)
                reading = read_message(descriptor, status.st_size)
                after = os.fstat(descriptor)
            finally:
                os.close(descriptor)
            if (after.st_size, after.st_mtime_ns) == (status.st_size, status.st_mtime_ns):
                return with_content(status_facts(name, kind, status), reading)
    except FileNotFoundError:
        raise
    except OSError as error:
        if no_more_files(error):
            raise
        return status_facts(name, kind, status)._replace(errno=error.errno)
    return None


def _path(task: Slice, name: bytes) -> bytes:
    return task.directory + b"/" + name if task.directory else name
