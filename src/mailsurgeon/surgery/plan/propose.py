"""Makes plans from problems and the operator's wishes.

It changes nothing. A plan is computed from the index; each file is checked again when its steps
run.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mailsurgeon.diagnosis.catalogue import CATALOGUE, problem_kind
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host.host import Host
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_files import kind_of
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Act, Left, Plan, QuarantinePath
from mailsurgeon.surgery.plan.acts.compile import compile_acts
from mailsurgeon.surgery.plan.client_effects import describe
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail, load, load_paths
from mailsurgeon.surgery.plan.left_reasons import without_remedy
from mailsurgeon.surgery.plan.remedies.registry import REMEDY
from mailsurgeon.surgery.plan.returns.mbsync_return import mbsync_effects
from mailsurgeon.surgery.plan.selection import Choice, RemedyOptions
from mailsurgeon.surgery.plan.uidlist_check import bases_coming, bases_given_up, without_lists
from mailsurgeon.surgery.quarantine.directory import default_directory
from mailsurgeon.surgery.servers.sync_tools import running_tool
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow, Place, ProblemRow
from mailsurgeon.text import visible

TAKING_BACK = ("undo", "redo", "restore")
"""Kinds of plan by which mail may come back to where it was."""


def propose(
    spool: Spool,
    index: Index,
    entries: Sequence[int],
    remedy: str | None = None,
    *,
    codes: Collection[str] | None = None,
    target: str | bytes | None = None,
    flags: str | None = None,
    force: bool = False,
    quarantine: bytes | None = None,
    host: Host | None = None,
) -> Plan:
    """The plan for these entries of the index.

    With `remedy` None it takes each problem's own remedy, for the problems in `codes` or for all.
    Otherwise it takes that remedy for every entry, as chosen by the operator: `target` is the
    folder for `file`, by name or by path (bytes); `flags` are the letters for `fix-flags` (exactly
    these of DFPRST; keywords stay unless it names any). `force` skips refusals for safety.
    `quarantine`: the absolute directory that the plan names (default: the spool's). `host`: the
    computer to ask about servers (default: this one).

    Raises MailsurgeonError for a folder, remedy or flag that does not exist.
    """
    context = SpoolContext(spool, index, host)
    problems = list(index.problems(entries=entries))
    rows = _by_entry(problems)
    if remedy is None:
        chosen, left = _own_remedies(entries, rows, codes, context)
        return plan_problems(
            spool,
            index,
            chosen,
            left,
            force=force,
            quarantine=quarantine,
            context=context,
            known=problems,
        )
    if remedy not in REMEDY:
        raise MailsurgeonError(f"{visible(remedy)}: no such remedy; there are {', '.join(REMEDY)}")
    folder = context.named(target) if target is not None else None
    options = RemedyOptions(folder, flags, force, named=True)
    details = context.details(entries)
    choices = _free_choices(
        (details[number] for number in entries if number in details), remedy, rows, codes, options
    )
    return _plan(remedy, choices, (), context, quarantine)


def propose_folder(
    spool: Spool,
    index: Index,
    folder: int,
    remedy: str = "quarantine",
    *,
    force: bool = False,
    quarantine: bytes | None = None,
    host: Host | None = None,
) -> Plan:
    """The plan for a whole folder, by its id, even if it has no problem.

    `remedy`: `quarantine` (one rename of the directory), `make-subdirs`, `lift-folder` or
    `fix-permissions`. Raises MailsurgeonError when the folder is gone.
    """
    context = SpoolContext(spool, index, host)
    row = context.folders.get(folder)
    entry = context.look_at(_directory(index, row)) if row else None
    if row is None or entry is None:
        name = visible(row.name) if row else "the folder"
        raise MailsurgeonError(f"{name}: it is not there any more; look again")
    rows = _by_entry(index.problems(entries=[] if entry.id is None else [entry.id]))
    choices = _free_choices([entry], remedy, rows, None, RemedyOptions(force=force, named=True))
    return _plan(remedy, choices, (), context, quarantine)


def propose_file(
    spool: Spool,
    index: Index,
    path: bytes,
    *,
    force: bool = False,
    quarantine: bytes | None = None,
    host: Host | None = None,
) -> Plan:
    """The plan that quarantines a server's own file (a broken index), even if no survey found it.

    `path` is relative to the spool. Raises MailsurgeonError when it is not a server's file, or is
    gone.
    """
    context = SpoolContext(spool, index, host)
    directory, _, filename = path.rpartition(b"/")
    home = context.by_path.get(directory) or context.by_path.get(os.path.dirname(directory))
    entry = context.look_at(
        EntryDetail(
            None, home.id if home else 0, Place.FOLDER, directory, filename, "file",
            0, 0, 0, 0, 0, 0, 0, 0,
        )
    ) if kind_of(path) else None  # fmt: skip
    if entry is None:
        raise MailsurgeonError(
            f"{visible(spool.absolute(path))}: neither a message nor anything that has a problem"
        )
    choice = _choice(entry, "quarantine", None, (), RemedyOptions(force=force, named=True))
    return _plan("quarantine", [choice], (), context, quarantine)


def plan_problems(
    spool: Spool,
    index: Index,
    chosen: Sequence[ProblemRow],
    left: Sequence[Left] = (),
    *,
    kind: str | None = None,
    named: Collection[int] = (),
    force: bool = False,
    quarantine: bytes | None = None,
    context: SpoolContext | None = None,
    known: Sequence[ProblemRow] | None = None,
) -> Plan:
    """The plan that carries out the remedies of these problems; `left` goes into it unchanged.

    `kind`: of the plan; None: its only remedy, or `fix`. `named`: ids of entries that the operator
    named one by one; remedies too risky to propose are then done, with a warning.
    `known`: all problems of the entries, if the caller has them already.
    """
    context = context or SpoolContext(spool, index)
    entries = list(dict.fromkeys(row.entry for row in chosen))
    details = context.details(entries)
    rows = _by_entry(index.problems(entries=entries) if known is None else known)
    choices = [
        _choice(
            details[row.entry], remedy, row, rows[row.entry],
            RemedyOptions(force=force, named=row.entry in named),
        )
        for row in chosen
        if row.entry in details
        and (remedy := row.remedy or problem_kind(row.code).when_named) is not None
    ]  # fmt: skip
    gone = [
        Left(row.path, "it is not there any more", (row.code,))
        for row in chosen
        if row.entry not in details
    ]
    return _plan(kind, choices, [*left, *gone], context, quarantine)


def described(
    spool: Spool,
    index: Index | None,
    plan: Plan,
    *,
    quarantine: bytes | None = None,
    host: Host | None = None,
) -> Plan:
    """The plan with its effects on clients and its needs computed from its acts as they are now.

    For undo, redo and restore, which need no survey (`index` None), and after a plan's acts were
    changed. `quarantine`: the absolute directory that the plan names (default: the spool's).
    """
    context = SpoolContext(spool, index, host)
    back = mbsync_effects(spool, plan.acts) if plan.kind in TAKING_BACK else ()
    return replace(
        plan,
        effects=(*_effects(plan.acts, context), *back),
        needs=_needs(plan.acts, context, quarantine),
    )


def without(
    spool: Spool,
    index: Index,
    plan: Plan,
    verdicts: frozenset[str],
    *,
    quarantine: bytes | None = None,
    host: Host | None = None,
) -> Plan:
    """The plan without the acts of these verdicts, with its effects and needs recomputed."""
    return described(spool, index, plan.without(verdicts), quarantine=quarantine, host=host)


def _directory(index: Index, folder: FolderRow) -> EntryDetail:
    """A folder's own directory, from its row in the index if it has one."""
    known = load_paths(index, [folder.path]).get(folder.path)
    directory, _, filename = folder.path.rpartition(b"/")
    return known or EntryDetail(
        None, folder.id, Place.FOLDER, directory, filename, "directory", 0, 0, 0, 0, 0, 0, 0, 0
    )


# Choices


def _by_entry(rows: Iterable[ProblemRow]) -> dict[int, list[ProblemRow]]:
    found: dict[int, list[ProblemRow]] = {}
    for row in rows:
        found.setdefault(row.entry, []).append(row)
    return found


def _own_remedies(
    entries: Sequence[int],
    rows: Mapping[int, list[ProblemRow]],
    codes: Collection[str] | None,
    context: SpoolContext,
) -> tuple[list[ProblemRow], list[Left]]:
    """The problems whose remedies to do, and a reason for each of the others."""
    chosen: list[ProblemRow] = []
    left: list[Left] = []
    healthy: list[int] = []
    for number in entries:
        mine = [row for row in rows.get(number, ()) if codes is None or row.code in codes]
        chosen += [row for row in mine if row.remedy is not None]
        if not mine:
            healthy.append(number)
        if any(row.remedy == "quarantine" for row in mine):
            continue  # the quarantine takes its other problems along
        if any(row.remedy is not None for row in mine) and codes is None:
            mine = [row for row in mine if row.severity > Severity.INFO]
        left += [without_remedy(row, context.spool) for row in mine if row.remedy is None]
    left += [
        Left(entry.path, "nothing is wrong with it", (), False)
        for entry in load(context.index, healthy).values()
    ]
    return chosen, left


def _free_choices(
    details: Iterable[EntryDetail],
    remedy: str,
    rows: Mapping[int, list[ProblemRow]],
    codes: Collection[str] | None,
    options: RemedyOptions,
) -> Iterator[Choice]:
    """The operator's remedy for each entry, tied to the problems it ends."""
    for entry in details:
        mine = rows.get(entry.id, []) if entry.id is not None else []
        ended = [
            row
            for row in mine
            if row.remedy == remedy or remedy in problem_kind(row.code).answered_by
        ]
        if codes is not None:
            ended = [row for row in ended if row.code in codes]
        for row in ended or [None]:
            yield _choice(entry, remedy, row, mine, options)


def _choice(
    entry: EntryDetail,
    remedy: str,
    row: ProblemRow | None,
    mine: Sequence[ProblemRow],
    options: RemedyOptions,
) -> Choice:
    return Choice(
        entry, remedy,
        row.code if row else None,
        row.detail if row else {},
        frozenset(one.code for one in mine),
        any(problem_kind(one.code).shares_uid and one.remedy is not None for one in mine),
        options,
    )  # fmt: skip


# Plans


def _plan(
    kind: str | None,
    choices: Iterable[Choice],
    left: Sequence[Left],
    context: SpoolContext,
    quarantine: bytes | None,
) -> Plan:
    wanted, more = compile_acts(choices, context)
    acts, stopped = without_lists(wanted, context)
    return Plan(
        kind or _kind(acts),
        tuple(acts),
        tuple(_once([*left, *more, *stopped])),
        _effects(acts, context),
        _needs(acts, context, quarantine),
    )


def _kind(acts: Sequence[Act]) -> str:
    remedies = {remedy for act in acts for remedy in act.remedies}
    return remedies.pop() if len(remedies) == 1 else "fix"


def _once(left: Iterable[Left]) -> list[Left]:
    return list(dict.fromkeys(left))


def _effects(acts: Sequence[Act], context: SpoolContext) -> tuple[str, ...]:
    bases = bases_given_up(acts)
    for path, coming in bases_coming(acts).items():
        bases.setdefault(path, set()).update(coming)
    states = {path: context.state(path, bases.get(path, ())) for path in _folders(acts)}
    return describe(acts, states, context.spool_state())


def _folders(acts: Sequence[Act]) -> list[bytes]:
    """The folders whose locks the acts need, sorted."""
    found = {
        path for act in acts for step in act.steps for path in (step.folder, step.target_folder)
    }
    return sorted(path for path in found if path is not None)


def _needs(acts: Sequence[Act], context: SpoolContext, quarantine: bytes | None) -> tuple[str, ...]:
    """Warnings of running syncs, then the locks, lists, quarantine and rights the acts need."""
    folders = _folders(acts)
    needs = list(_sync_at_work(folders, context)) if acts else []
    for lock in server_files.TABLE.locks:
        locked = [path for path in folders if lock.guards in context.lists_there(path)]
        shown = os.fsdecode(lock.path)
        if len(locked) > 3:
            needs.append(f"{shown} of {len(locked):,} folders")
        elif locked:
            needs.append(f"{shown} of {', '.join(context.folder_name(path) for path in locked)}")
    if context.spool.control and context.spool.found_by and folders:
        where = os.fsdecode(context.spool.control)
        needs.append(f"uidlists in {where} (by {context.spool.found_by})")
    steps = [step for act in acts for step in act.steps]
    if any(isinstance(step.target, QuarantinePath) for step in steps):
        home = quarantine or default_directory(context.spool)
        needs.append(f"quarantine: {home.decode('utf-8', 'surrogateescape')}")
    owners = sum(step.needs_root for step in steps)
    if owners:
        needs.append(f"root's rights, to change the owner of {owners:,}")
    return tuple(needs)


def _sync_at_work(folders: Sequence[bytes], context: SpoolContext) -> Iterator[str]:
    root = context.lstat(b"")
    tool = running_tool(context.host, context.spool.root, root.st_uid) if root else ""
    if tool:
        yield f"{tool}: refused unless --force"
    for path in folders:
        live = sorted(context.listing(path).intersection(server_files.TABLE.at_work))
        if live:
            server = server_files.TABLE.at_work[live[0]]
            yield (
                f"{os.fsdecode(live[0])} is in {context.folder_name(path)}: {server.name} is at"
                " work, or was cut off; refused unless --force"
            )


def check_codes(codes: Iterable[str]) -> None:
    """Raises MailsurgeonError for a code that is not in the catalogue."""
    for code in codes:
        if code not in CATALOGUE:
            raise MailsurgeonError(f"{visible(code)}: no such problem; see `mailsurgeon scan`")
