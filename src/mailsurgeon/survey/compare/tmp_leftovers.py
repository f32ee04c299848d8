"""Files in tmp/: how old, whole or cut, open in a process, filed elsewhere."""

from __future__ import annotations

import os

from mailsurgeon.diagnosis.facts import ENCRYPTED, UNDECODABLE, Finding
from mailsurgeon.diagnosis.group_rules import Leftover, is_complete, leftover
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.filename import leading_seconds, size_fields
from mailsurgeon.maildir.message import Traits
from mailsurgeon.survey.compare.copies import Copies
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index import comparison
from mailsurgeon.survey.index.comparison import TmpFile
from mailsurgeon.survey.index.writer import SEPARATE


def find_leftovers(job: Comparison, copies: Copies) -> None:
    """Writes what becomes of each file in a tmp/."""
    files = comparison.tmp_files(job.index)
    if not files:
        return
    openers = Openers(job.spool.device)
    stale: dict[int, Leftover] = {}
    homes: dict[int, int] = {}
    for file in files:
        homes[file.id] = file.folder
        written = max(file.mtime_ns // 1_000_000_000, leading_seconds(file.filename) or 0)
        age = int(job.now - written)
        pids = openers.of(file.inode)
        facts = Leftover(
            age,
            age > job.options.tmp_age * 3600 and not pids,
            pids,
            file.size,
            bool(file.traits & Traits.MAIL),
            _complete(file) if job.full else None,
            None,
            file.message_id is not None and comparison.is_filed(job.index, file.message_id),
        )
        if facts.stale:
            stale[file.id] = facts
        else:
            job.writer.problem(file.id, file.folder, leftover(facts, full=job.full), SEPARATE)
    if job.full and stale:
        for number, path in copies.filed_twins(list(stale)).items():
            stale[number] = stale[number]._replace(copy_of=path)
        deliverable = [
            number for number, facts in stale.items()
            if leftover(facts, full=True).remedy == "file"
        ]  # fmt: skip
        for number, path in copies.earlier_twins(deliverable).items():
            stale[number] = stale[number]._replace(copy_of=path)
    for number, facts in stale.items():
        job.writer.problem(number, homes[number], leftover(facts, full=job.full), SEPARATE)
        if facts.size == 0:
            empty = Finding("empty", Severity.ERROR, {}, "quarantine")
            job.writer.problem(number, homes[number], empty, SEPARATE)


def _complete(file: TmpFile) -> bool | None:
    """Whether the file holds a whole message; None where its content could not be read."""
    if file.encoding in (ENCRYPTED, UNDECODABLE) or not file.traits & Traits.READ:
        return None
    actual = file.plain_size if file.plain_size is not None else file.size
    return is_complete(
        actual,
        size_fields(file.filename, actual, file.virtual_size)[0],
        multipart=bool(file.traits & Traits.MULTIPART),
        closed=bool(file.traits & Traits.CLOSED),
        header_cut=file.size > 0 and bool(file.traits & Traits.HEADER_CUT),
    )


class Openers:
    """Which processes have files of one device open, as far as /proc lets this user see."""

    def __init__(self, device: int) -> None:
        self.complete = True
        self._pids: dict[int, set[int]] = {}
        try:
            processes = [name for name in os.listdir("/proc") if name.isdigit()]
        except OSError:
            self.complete = False
            return
        for process in processes:
            self._look(int(process), device)

    def _look(self, pid: int, device: int) -> None:
        try:
            descriptors = os.listdir(f"/proc/{pid}/fd")
        except FileNotFoundError:
            return
        except OSError:
            self.complete = False
            return
        for descriptor in descriptors:
            try:
                status = os.stat(f"/proc/{pid}/fd/{descriptor}")
            except OSError:
                continue
            if status.st_dev == device:
                self._pids.setdefault(status.st_ino, set()).add(pid)

    def of(self, inode: int) -> list[int] | None:
        """The pids that have it open; None when none was seen but not all could be looked at."""
        pids = sorted(self._pids.get(inode, ()))
        return pids if pids or self.complete else None
