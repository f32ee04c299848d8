"""What a remedy does for a choice, and how several remedies for one entry are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.surgery.model import Step
from mailsurgeon.survey.index.questions import FileFacts

COPY = "quarantine copy"
TWIN = "quarantine twin"
"""A copy hidden behind the message that is kept: both share one base name, and so one UID."""
SYNCED_TWIN = "quarantine synced twin"
"""A copy with the `,U=` of the message that is kept: one message for mbsync and offlineimap."""
WHOLE_FOLDER = "quarantine folder"

_AS_IT_IS = NameChange()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How many messages of a folder are filed in another one too, and one copy of each, by the path
    of that folder."""

    messages: int
    copies: Mapping[bytes, Sequence[FileFacts]]


@dataclass(frozen=True, slots=True)
class Repair:
    """What one or more remedies do to one entry.

    `name`: the change of its filename. `into`: its new directory, in the folder `home`.
    `away`: it goes to the quarantine, and every other change is dropped. `new_message`: its record
    in the uidlist belongs to another message. `own`: complete steps.
    `before`: steps on keywords that its rename needs (a new base name is filled in).
    `after`: steps on the file under its last name (their source is filled in). `kept`: the path
    of the copy that stays and gets the flags. `relies_on`: paths of copies that must stay.
    `elsewhere`: copies of a folder's messages that must stay.
    """

    verdict: str
    name: NameChange = _AS_IT_IS
    into: bytes | None = None
    home: bytes | None = None
    away: bool = False
    new_message: bool = False
    own: tuple[Step, ...] = ()
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    kept: bytes | None = None
    relies_on: tuple[bytes, ...] = ()
    elsewhere: Elsewhere | None = None
    notes: tuple[str, ...] = ()

    def __or__(self, other: Repair) -> Repair:
        """Joins two repairs; the verdict comes first in `_WEIGHTS`."""
        first, second = sorted((self, other), key=lambda one: _weight(one.verdict))
        done = {step.action for step in first.after}  # each kind only once
        return Repair(
            first.verdict,
            _both_names(first.name, second.name),
            first.into if first.into is not None else second.into,
            first.home if first.home is not None else second.home,
            first.away or second.away,
            first.new_message or second.new_message,
            first.own + tuple(step for step in second.own if step not in first.own),
            first.before + tuple(step for step in second.before if step not in first.before),
            first.after + tuple(step for step in second.after if step.action not in done),
            first.kept if first.kept is not None else second.kept,
            tuple(dict.fromkeys((*first.relies_on, *second.relies_on))),
            first.elsewhere or second.elsewhere,
            first.notes + tuple(note for note in second.notes if note not in first.notes),
        )


_WEIGHTS = (
    "quarantine", "lift-folder", "rename-folder", "make-subdirs", "fix-uidlist", "fix-keywords",
    "file", "rename",
    "fix-size", "fix-flags", "fix-date", "fix-permissions",
)  # fmt: skip


def _weight(verdict: str) -> int:
    """Where a verdict stands among others; one that is not named above comes last."""
    remedy = verdict.partition(" ")[0]
    return _WEIGHTS.index(remedy) if remedy in _WEIGHTS else len(_WEIGHTS)


def _both_names(first: NameChange, second: NameChange) -> NameChange:
    changed = {
        one.name: getattr(second, one.name)
        for one in fields(NameChange)
        if getattr(second, one.name) != getattr(_AS_IT_IS, one.name)
    }
    return replace(first, **changed)
