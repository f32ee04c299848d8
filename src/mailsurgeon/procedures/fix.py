"""`fix`: repairs without the screen.

A plain `fix` makes only repairs that cannot make mail disappear from a client: the remedies that
the catalogue lists as `plain_fix`. All others run only when `--only` or a path names them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Iterator

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.diagnosis.message_rules import offered_date
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Left, Plan
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import load, load_paths
from mailsurgeon.surgery.plan.left_reasons import not_taken_on, without_remedy
from mailsurgeon.surgery.plan.propose import check_codes, plan_problems
from mailsurgeon.surgery.plan.selection import command
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import (
    entries_with_problem,
    entries_with_problem_below,
    is_folder,
)
from mailsurgeon.survey.index.rows import Place, ProblemRow


def plan_fix(
    spool: Spool,
    index: Index,
    *,
    only: Collection[str] = (),
    folders: Collection[str | bytes] = (),
    paths: Collection[bytes] = (),
    force: bool = False,
    quarantine: bytes | None = None,
    host: Host | None = None,
) -> Plan:
    """The plan of one `fix`.

    `only`: codes of problems to repair, even those that a plain `fix` leaves alone. `folders`:
    names, or paths in bytes; it repairs only what is in them. `paths`, relative to the spool: all
    problems of a file named here; of a directory its own problems, and in it those that a plain
    `fix` repairs.
    `force`: skip refusals for safety. `host`: the computer to ask about servers (default: this
    one).

    Raises MailsurgeonError for a code or folder that does not exist.
    """
    check_codes(only)
    context = SpoolContext(spool, index, host)
    ids = [context.named(name).id for name in folders]
    named, below, left = _named(index, paths)
    entries = [*named, *below] if paths else entries_with_problem(index, only, ids)
    rows = list(index.problems(entries=sorted(set(entries))))
    offered = list(_offered(index, named, rows))
    chosen = [row for row in offered if row.code in only]
    known = [*rows, *chosen]
    rest: list[ProblemRow] = []
    left += _healthy(index, named, known, offered, spool)
    for row in rows:
        if (only and row.code not in only) or (ids and row.folder not in ids):
            continue
        by_path = row.entry in named
        if _is_to_do(row, named=by_path, only=bool(only)):
            chosen.append(row)
        elif row.remedy is not None or by_path or only or row.severity > Severity.INFO:
            rest.append(row)
    going = {row.entry for row in chosen if row.remedy == "quarantine"}
    for row in rest:
        if row.entry not in going:
            reason = without_remedy if row.remedy is None else not_taken_on
            left.append(reason(row, spool))
    return plan_problems(
        spool, index, chosen, left,
        kind="fix", named=named, force=force, quarantine=quarantine, context=context, known=known,
    )  # fmt: skip


def _is_to_do(row: ProblemRow, *, named: bool, only: bool) -> bool:
    kind = problem_kind(row.code)
    if row.remedy is None:
        return named and kind.when_named is not None and "pending" not in row.detail
    return named or only or row.remedy in kind.plain_fix


def _named(index: Index, paths: Collection[bytes]) -> tuple[set[int], list[int], list[Left]]:
    """The entries at these paths, the entries below them, and the paths that match nothing."""
    wanted = {_normal(path): path for path in paths}
    at = load_paths(index, wanted)
    below: list[int] = []
    unknown: list[Left] = []
    for path, given in wanted.items():
        entry = at.get(path)
        if entry is not None and not entry.is_directory:
            continue
        inside = entries_with_problem_below(index, path)
        below += inside
        if not inside and entry is None and not is_folder(index, path):
            unknown.append(Left(given, "nothing of this name was found in the spool"))
    return {entry.id for entry in at.values() if entry.id is not None}, below, unknown


def _normal(path: bytes) -> bytes:
    normal = os.path.normpath(path)
    return b"" if normal == b"." else normal


def _offered(
    index: Index, named: Collection[int], rows: Collection[ProblemRow]
) -> Iterator[ProblemRow]:
    """Repairs of files that the operator named and that no survey proposes, as if it had."""
    now = time.time()
    for entry in load(index, sorted(named)).values():
        mine = {row.code for row in rows if row.entry == entry.id}
        finding = offered_date(entry.filename, entry.mtime_ns, entry.date, now)
        if entry.id is None or entry.place == Place.TMP or not finding or finding.code in mine:
            continue
        yield ProblemRow(
            0, entry.id, entry.folder, finding.code, finding.severity, entry.path, finding.detail,
            finding.remedy,
        )  # fmt: skip


def _healthy(
    index: Index,
    named: Collection[int],
    rows: Iterable[ProblemRow],
    offered: Iterable[ProblemRow],
    spool: Spool,
) -> Iterator[Left]:
    """Files named that have no problem, with the command for what is offered all the same."""
    troubled = {row.entry for row in rows}
    codes = {row.entry: row.code for row in offered}
    for entry in index.entries(sorted(set(named) - troubled)):
        code = codes.get(entry.id)
        hint = command(spool, "PATH", f"--only {code}") if code else ""
        yield Left(entry.path, "nothing is wrong with it", (), False, hint)
