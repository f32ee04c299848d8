"""One act on its way through a batch: its steps, what they ask of the uidlists, what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from mailsurgeon.maildir.uidlist import (
    COURIER_KEYWORDS,
    DOVECOT_UIDLIST,
    Change,
    base_name,
    parse_record,
)
from mailsurgeon.surgery.records import StepRecord
from mailsurgeon.surgery.steps import Act, Action, Step

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
        return locks_of([record.step for record in self.records])


def locks_of(steps: Sequence[Step]) -> frozenset[bytes]:
    """The folders whose locks the steps of an act need.

    Directories alone are made and taken away without: servers do so too, and Courier's lock lies
    in one of them.
    """
    if all(step.action in (Action.MKDIR, Action.RMDIR) for step in steps):
        return frozenset()
    return frozenset(folders_of(steps))


def folders_of(steps: Iterable[Step]) -> Iterator[bytes]:
    """The folders that steps touch."""
    for step in steps:
        if step.folder is not None:
            yield step.folder
        if step.target_folder is not None:
            yield step.target_folder


def refuse(runs: Iterable[Run], reason: str) -> None:
    """Notes that acts were not done."""
    for run in runs:
        run.state, run.reason = "refused", reason


def outcome(run: Run) -> Iterator[StepRecord]:
    """The rows of an act as they are to be settled."""
    for record in run.records:
        reason = "" if run.state == "done" else run.reason
        yield replace(record, state=run.state, reason=reason)


def stays_in_folder(step: Step) -> bool:
    """Whether a step renames a served message inside its folder."""
    if step.action is not Action.RENAME or step.folder is None or step.source is None:
        return False
    if step.target_folder not in (None, step.folder) or step.target is None:
        return False
    served = (os.path.join(step.folder, b"cur"), os.path.join(step.folder, b"new"))
    return os.path.dirname(step.source) in served and os.path.dirname(step.target) in served


def uid_edits(run: Run) -> Iterator[tuple[int, list[tuple[bytes, bytes]], list[Change]]]:
    """What the steps of an act (by position) ask of the uidlists: renames of bases, or changes."""
    for position, record in enumerate(run.records):
        step = record.step
        changes = from_text(step.data.get("changes", ()))
        if step.action is Action.UIDLIST:
            renames = [(_bytes(old), _bytes(new)) for old, new in step.data.get("records", ())]
            yield position, renames, changes
        elif step.action is Action.RENAME and step.data.get("keep_uid"):
            assert step.source is not None and step.target is not None
            old, new = (base_name(os.path.basename(p)) for p in (step.source, step.target))
            if old != new:
                yield position, [(old, new)], changes
        elif stays_in_folder(step) and _same_base(step):
            yield from _courier_edits(position, step)


def _same_base(step: Step) -> bool:
    """Whether a rename leaves the base name. Another one, without its record: it was shared, and
    what a server keeps by it belongs to the other message.
    """
    assert step.source is not None and step.target is not None
    old, new = (base_name(os.path.basename(path)) for path in (step.source, step.target))
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
