"""One act on its way through a batch: its steps, what they ask of the uidlists, what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from mailsurgeon.maildir.lists.uidlist import (
    COURIER_KEYWORDS,
    DOVECOT_UIDLIST,
    Change,
    base_name,
    parse_record,
)
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Act, Action, Step
from mailsurgeon.surgery.servers.folder_names import served_in

WHOLE_BATCH = 0
"""The act number of the steps that the engine itself adds: rewritten uidlists."""


@dataclass(slots=True)
class Run:
    """One act on its way through a batch: its rows in the journal, what came of it."""

    number: int
    act: Act
    records: list[StepRecord]
    changes: dict[bytes, list[Change]] = field(default_factory=dict[bytes, list[Change]])
    done: list[int] = field(default_factory=list[int])  # positions of steps that were done
    state: str = "planned"
    reason: str = ""

    @property
    def folders(self) -> frozenset[bytes]:
        """The folders whose locks it needs."""
        if len(self.records) == 1:
            return locks_of((self.records[0].step,))
        return locks_of([record.step for record in self.records])


def locks_of(steps: Sequence[Step]) -> frozenset[bytes]:
    """The folders whose locks the steps of an act need.

    Directories alone are made and taken away without: servers do so too, and Courier's lock lies
    in one of them.
    """
    for step in steps:
        if step.action not in _UNLOCKED:
            return folders_of(steps)
    return frozenset()


_UNLOCKED = frozenset((Action.MKDIR, Action.RMDIR))


def folders_of(steps: Sequence[Step]) -> frozenset[bytes]:
    """The folders that steps touch."""
    if len(steps) == 1:
        return _both(steps[0].folder, steps[0].target_folder)
    return frozenset[bytes]().union(*(_both(step.folder, step.target_folder) for step in steps))


@lru_cache(maxsize=1024)
def _both(*folders: bytes | None) -> frozenset[bytes]:
    return frozenset(folder for folder in folders if folder is not None)


def refuse(runs: Iterable[Run], reason: str) -> None:
    """Notes that acts were not done."""
    for run in runs:
        run.state, run.reason = "refused", reason


def outcome(run: Run) -> Iterator[StepRecord]:
    """The rows of an act as they are to be settled."""
    reason = "" if run.state == "done" else run.reason
    for record in run.records:
        yield record.settled(run.state, reason)


def stays_in_folder(step: Step) -> bool:
    """Whether a step renames a served message inside its folder."""
    if step.action is not Action.RENAME or step.folder is None or step.source is None:
        return False
    served = served_in(step.folder)
    if step.source.rpartition(b"/")[0] not in served or step.target is None:
        return False
    inside = step.target_folder is None or step.target_folder == step.folder
    return inside and step.target.rpartition(b"/")[0] in served


def uid_edits(run: Run) -> Iterator[tuple[int, list[tuple[bytes, bytes]], list[Change]]]:
    """What the steps of an act (by position) ask of the uidlists: renames of bases, or changes."""
    for position, record in enumerate(run.records):
        step = record.step
        if step.action is Action.RENAME:
            if step.data.get("keep_uid"):
                old, new = _bases(step)
                if old != new:
                    yield position, [(old, new)], from_text(step.data.get("changes", ()))
            elif stays_in_folder(step) and _same_base(step):
                yield from _courier_edits(position, step)
        elif step.action is Action.UIDLIST:
            renames = [(_bytes(old), _bytes(new)) for old, new in step.data.get("records", ())]
            yield position, renames, from_text(step.data.get("changes", ()))


def _bases(step: Step) -> tuple[bytes, bytes]:
    """The base names before and after a rename."""
    assert step.source is not None and step.target is not None
    old, new = step.source.rpartition(b"/")[2], step.target.rpartition(b"/")[2]
    return base_name(old), base_name(new)


def _same_base(step: Step) -> bool:
    """Whether a rename leaves the base name. Another one, without its record: it was shared, and
    what a server keeps by it belongs to the other message.
    """
    old, new = _bases(step)
    return old == new


def _courier_edits(
    position: int, step: Step
) -> Iterator[tuple[int, list[tuple[bytes, bytes]], list[Change]]]:
    """What a name with two infos asks for when it loses one, or gets it back: Courier names a
    message's keywords by all that is before the last colon, and reads for ever in search of them
    when that is another than the message's (courier-imap 5.0.13).
    """
    assert step.source is not None and step.target is not None
    old, new = (os.path.basename(p).rpartition(b":")[0] for p in (step.source, step.target))
    if old and new and old != new:
        yield position, [], [Change(old, new, COURIER_KEYWORDS)]


def as_text(changes: Iterable[Change]) -> list[list[str]]:
    """Record changes as the journal keeps them; the list is named where it is not Dovecot's."""
    return [
        [os.fsdecode(part) for part in (change if change.list != DOVECOT_UIDLIST else change[:2])]
        for change in changes
    ]


def from_text(changes: Iterable[Sequence[str]]) -> list[Change]:
    """Record changes from the journal."""
    return [Change(*map(_bytes, change)) for change in changes]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def base_after(change: Change) -> bytes:
    """The base name a changed record ends up with (version 3, else version 1)."""
    return key_of(change.list, change.after)[1]


def key_of(name: bytes, line: bytes) -> tuple[int, bytes]:
    """The UID (0 for none) and base name a line of the list `name` tells of."""
    if name == COURIER_KEYWORDS:
        return 0, line
    for version in (3, 1):
        record = parse_record(line, version)
        if not isinstance(record, str):
            return record.uid, record.base
    return 0, b""
