"""Files in tmp/: how old, whole or cut, open in a process, filed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailsurgeon.diagnosis.facts import ENCRYPTED, UNDECODABLE
from mailsurgeon.diagnosis.group_rules import Leftover, is_complete, leftover
from mailsurgeon.diagnosis.message_rules import empty_file
from mailsurgeon.maildir.filename import leading_seconds, size_fields
from mailsurgeon.maildir.message import Traits
from mailsurgeon.survey.compare.copies import Copies
from mailsurgeon.survey.index.writer import SEPARATE

if TYPE_CHECKING:
    from mailsurgeon.survey.compare.job import Comparison

_LEFTOVERS = (
    "SELECT f.id, d.folder, f.filename, f.size, f.mtime_ns, f.inode, f.traits, f.encoding,"
    " f.plain_size, f.virtual_size, f.message_id"
    " FROM directories d CROSS JOIN files f ON f.directory = d.id"
    " WHERE d.place = 'tmp' AND f.kind = 'file'"
)


def find_leftovers(job: Comparison, copies: Copies) -> None:
    """Writes what becomes of each file in a tmp/."""
    db = job.index.db
    rows = db.execute(_LEFTOVERS).fetchall()
    if not rows:
        return
    open_files = job.options.host.processes.open_on(job.spool.device)
    stale: dict[int, Leftover] = {}
    homes: dict[int, int] = {}
    for (
        number,
        folder,
        name,
        size,
        mtime_ns,
        inode,
        traits,
        encoding,
        plain,
        virtual,
        identity,
    ) in rows:
        homes[number] = folder
        age = int(job.now - max(mtime_ns // 1_000_000_000, leading_seconds(name) or 0))
        pids = open_files.of(inode)
        facts = Leftover(
            age,
            age > job.options.tmp_age * 3600 and not pids,
            pids,
            size,
            bool(traits & Traits.MAIL),
            _complete(name, size, traits, encoding, plain, virtual) if job.full else None,
            None,
            _is_filed(job, identity),
        )
        if facts.stale:
            stale[number] = facts
        else:
            job.writer.problem(number, folder, leftover(facts, full=job.full), SEPARATE)
    if job.full and stale:
        ids = ",".join(map(str, stale))
        for number, path in copies.filed_twins(f"f.id IN ({ids})").items():
            stale[number] = stale[number]._replace(copy_of=path)
        deliverable = [
            number for number, facts in stale.items()
            if leftover(facts, full=True).remedy == "file"
        ]  # fmt: skip
        ids = ",".join(map(str, deliverable))
        for number, path in copies.earlier_twins(f"f.id IN ({ids})").items():
            stale[number] = stale[number]._replace(copy_of=path)
    for number, facts in stale.items():
        job.writer.problem(number, homes[number], leftover(facts, full=job.full), SEPARATE)
        if facts.size == 0:
            job.writer.problem(number, homes[number], empty_file(), SEPARATE)


def _complete(
    name: bytes, size: int, traits: int, encoding: str, plain: int | None, virtual: int | None
) -> bool | None:
    if encoding in (ENCRYPTED, UNDECODABLE) or not traits & Traits.READ:
        return None
    actual = plain if plain is not None else size
    return is_complete(
        actual,
        size_fields(name, actual, virtual)[0],
        multipart=bool(traits & Traits.MULTIPART),
        closed=bool(traits & Traits.CLOSED),
        header_cut=size > 0 and bool(traits & Traits.HEADER_CUT),
    )


def _is_filed(job: Comparison, identity: str | None) -> bool:
    if identity is None:
        return False
    row = job.index.db.execute(
        "SELECT 1 FROM entries WHERE message_id = ? AND kind = 'file'"
        " AND place IN ('cur', 'new') LIMIT 1",
        (identity,),
    ).fetchone()
    return row is not None
