"""Judges files in tmp/ by age, by completeness, and by whether they are open or filed elsewhere."""

from __future__ import annotations

from mailsurgeon.diagnosis.group_rules import Leftover, is_complete, leftover
from mailsurgeon.diagnosis.message_rules import empty_file
from mailsurgeon.host.processes import OpenFiles
from mailsurgeon.maildir.filename import leading_seconds, size_fields
from mailsurgeon.maildir.message import Traits
from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.compare.copies import Copies
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index import comparison, message_ids
from mailsurgeon.survey.index.comparison import TmpFile
from mailsurgeon.survey.index.writer import SEPARATE


def find_leftovers(job: Comparison, copies: Copies) -> None:
    """Finds the problems of all files in tmp/, and writes them."""
    files = comparison.tmp_files(job.index)
    if not files:
        return
    holders = _Holders(job)
    named = {file.message_id for file in files if file.message_id}
    filed = message_ids.filed_among(job.index, named)
    stale: dict[int, Leftover] = {}
    homes: dict[int, int] = {}
    for file in files:
        homes[file.id] = file.folder
        written = max(file.mtime_ns // 1_000_000_000, leading_seconds(file.filename) or 0)
        age = int(job.now - written)
        pids = holders.of(file)
        facts = Leftover(
            age,
            age > job.options.tmp_age * 3600 and not pids,
            pids,
            file.size,
            bool(file.traits & Traits.MAIL),
            _complete(file) if job.full else None,
            None,
            file.message_id in filed,
        )
        if facts.stale:
            stale[file.id] = facts
        else:
            job.writer.problem(file.id, file.folder, leftover(facts, full=job.full), SEPARATE)
    if job.full and stale:
        for number, twin in copies.filed_twins(list(stale)).items():
            key = "trashed_copy" if twin.trashed else "copy_of"
            stale[number] = stale[number]._replace(**{key: twin.path})
        deliverable = [
            number for number, facts in stale.items()
            if leftover(facts, full=True).remedy == "file"
        ]  # fmt: skip
        for number, twin in copies.earlier_twins(deliverable).items():
            stale[number] = stale[number]._replace(copy_of=twin.path)
    for number, facts in stale.items():
        job.writer.problem(number, homes[number], leftover(facts, full=job.full), SEPARATE)
        if facts.size == 0:
            job.writer.problem(number, homes[number], empty_file(), SEPARATE)


class _Holders:
    """The processes that have files in tmp/ open. A folder may have a file system of its own."""

    def __init__(self, job: Comparison) -> None:
        self._processes = job.options.host.processes
        self._file_systems = job.options.host.file_systems(job.spool.root)
        self._paths = {number: path for path, number in job.writer.folders.items()}
        self._open: dict[int, OpenFiles] = {}

    def of(self, file: TmpFile) -> list[int] | None:
        """Their ids; None if none was found, but not all processes could be seen."""
        device, _ = self._file_systems.of(join(self._paths.get(file.folder, b""), b"tmp"))
        if device not in self._open:
            self._open[device] = self._processes.open_on(device)
        return self._open[device].of(file.inode)


def _complete(file: TmpFile) -> bool | None:
    """Whether the file contains a whole message; None when its content does not show it."""
    if file.broken or file.traits & Traits.ZEROS:
        return False
    if file.traits & (Traits.READ | Traits.OPAQUE) != Traits.READ:
        return None
    actual = file.plain_size if file.plain_size is not None else file.size
    return is_complete(
        actual,
        size_fields(file.filename, actual, file.virtual_size)[0],
        multipart=bool(file.traits & Traits.MULTIPART),
        closed=bool(file.traits & Traits.CLOSED),
        header_cut=file.size > 0 and bool(file.traits & Traits.HEADER_CUT),
    )
