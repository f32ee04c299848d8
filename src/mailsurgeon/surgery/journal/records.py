"""Operations, steps and sessions of the journal, and their rows.

A row carries a checksum over everything in it that never changes, so that damage is found.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import time
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from mailsurgeon import __version__
from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.paths import read_path, spelled
from mailsurgeon.surgery.journal.journal_file import DamagedRow
from mailsurgeon.surgery.steps.base import Step, Where
from mailsurgeon.surgery.steps.registry import read_step
from mailsurgeon.text import visible

OPERATION_STATES = ("applied", "undone", "partial", "failed", "interrupted")
STEP_STATES = ("planned", "done", "refused", "undone")
NOT_UNDOABLE = ("undo", "redo", "recover", "purge")
"""Kinds of operation that cannot be undone."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation in the journal. `time` is UTC; `counts` are its steps by state.

    `of`: the operation that this undo, redo or recovery is about. `open`: it is unfinished.
    `quarantine`: the absolute directory of its quarantined files. `taken_back`: the undo of it.
    """

    id: int
    session: str
    time: str
    kind: str
    of: int | None
    summary: str
    state: str
    counts: Mapping[str, int]
    open: bool
    acts: int
    quarantine: bytes | None
    pid: int
    host: str
    taken_back: int | None
    effects: tuple[str, ...] = ()


class StepRecord(NamedTuple):
    """One step in the journal. Steps with one `act` belong together; 0 means the whole batch.

    `label` is the folder's name for display. `reason` says why it was refused. `rewritten`: its
    data differ from those in the journal, or are not there yet.
    """

    id: int
    operation: int
    batch: int
    act: int
    verdict: str
    label: str | None
    step: Step
    state: str
    reason: str = ""
    rewritten: bool = True

    @property
    def action(self) -> str:
        """The kind of step."""
        return self.step.action

    @property
    def source(self) -> bytes | None:
        """The path before, relative to the spool."""
        return self.step.source

    @property
    def target(self) -> bytes | None:
        """The path after, relative to the spool."""
        return self.step.target

    @property
    def data(self) -> Mapping[str, Any]:
        """The data of its kind, as JSON."""
        return self.step.data

    def settled(self, state: str, reason: str = "", step: Step | None = None) -> StepRecord:
        """A copy with its outcome, and with the data of `step` if given."""
        if step is None or step is self.step:
            return StepRecord._make((*self[:7], state, reason, self[9]))
        return StepRecord(*self[:6], step, state, reason)

    def numbered(self, number: int) -> StepRecord:
        """The record as the journal now has it, with this id."""
        if number == self[0] and not self[9]:
            return self
        return StepRecord._make((number, *self[1:9], False))


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the program."""

    id: str
    time: str = field(default_factory=lambda: now())
    user: str = field(default_factory=lambda: _user())
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    version: str = __version__


def new_session() -> Session:
    """A session for this run."""
    return Session(time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + "-" + secrets.token_hex(3))


def now() -> str:
    """The time in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def seconds(moment: str) -> float:
    """The seconds since 1970 of a time that `now` has written."""
    return timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ"))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())


OPERATION_COLUMNS = (
    "id, session, time, kind, of, summary, state, open, acts, quarantine, pid, host,"
    " taken_back, effects, sum"
)


def operation_sum(
    number: int, kind: str, of: int | None, quarantine: bytes | None, pid: int, host: str
) -> bytes:
    """The checksum of an operation's row."""
    return _sum((number, kind, of, quarantine, pid, host))


def operation_from(row: tuple[Any, ...], counts: Mapping[str, int]) -> Operation:
    """Makes an operation from its row (`OPERATION_COLUMNS`). Raises DamagedRow."""
    number, session, when, kind, of, summary, state, is_open, acts = row[:9]
    quarantine, pid, host, taken_back, effects, checksum = row[9:]
    whole = checksum == operation_sum(number, kind, of, quarantine, pid, host)
    if not whole or state not in OPERATION_STATES or not set(counts) <= set(STEP_STATES):
        raise DamagedRow(f"operation {number}")
    return Operation(
        number, session, when, kind, of, summary, state, counts, bool(is_open), acts,
        quarantine, pid, host, taken_back, tuple(json.loads(effects)),
    )  # fmt: skip


def step_from(row: tuple[Any, ...], devices: Mapping[int, int]) -> StepRecord:
    """Makes a step from its row (all columns). Raises DamagedRow, or ValueError or TypeError.

    `devices`: earlier device numbers of the spool, with the one that it has now.
    """
    number, operation, batch, act, verdict, label, action, source, target = row[:9]
    folder, target_folder, expected, data, state, reason, checksum = row[9:]
    if checksum != _sum(row[:13]) or state not in STEP_STATES:
        raise DamagedRow(f"step {number}")
    was = Expected(*map(int, expected[1:-1].split(","))) if expected else None
    if was is not None and was.device in devices:
        was = replace(was, device=devices[was.device])
    try:
        where = Where(_path(source), _path(target), was, folder, target_folder)
        step = read_step(action, where, _read(data))
    except KeyError as error:
        raise DamagedRow(f"step {number}") from error
    return StepRecord(number, operation, batch, act, verdict, label, step, state, reason, False)


def _path(text: bytes | None) -> bytes | None:
    return None if text is None else read_path(text)


def step_row(record: StepRecord) -> tuple[Any, ...]:
    """The row of a step, with its checksum last."""
    id, operation, batch, act, verdict, label, step, state, reason, _ = record
    expected = step.expected
    facts = (
        id,
        operation,
        batch,
        act,
        verdict,
        None if label is None else _shown(label),  # a name need not be UTF-8
        step.action,
        None if step.source is None else spelled(step.source),
        None if step.target is None else spelled(step.target),
        step.folder,
        step.target_folder,
        f"[{expected.device}, {expected.inode}, {expected.size}, {expected.mtime_ns}]"
        if expected
        else None,
        step.text,
    )
    return (*facts, state, reason, _sum(facts))


# Most steps of an operation share the folder and the data, so these caches save most of the work.
_shown = lru_cache(maxsize=256)(visible)
_read = lru_cache(maxsize=256)(json.loads)


def _sum(values: tuple[Any, ...]) -> bytes:
    return blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=8).digest()


WHOLE_BATCH = 0
"""The act number of the steps that the engine itself adds, for example rewritten uidlists."""
