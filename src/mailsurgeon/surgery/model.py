"""Steps, acts and plans: what an operation will do, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailsurgeon.surgery.fsops.expected import Expected
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.steps.base import Step

__all__ = ["Act", "Expected", "Left", "Plan", "QuarantinePath", "Refusal", "Report", "Step"]


@dataclass(frozen=True, slots=True)
class Act:
    """What is done to one message or directory, completely or not at all."""

    verdict: str  # groups rows of a plan: "file", "quarantine copy", "fix-size", ...
    path: bytes
    steps: tuple[Step, ...]
    folder: str | None = None  # decoded name, for display
    codes: tuple[str, ...] = ()  # the problems this act removes
    remedies: tuple[str, ...] = ()
    entry: int | None = None  # the row of the index
    note: str = ""  # how it differs from its neighbours: "gets a new name: ..."


@dataclass(frozen=True, slots=True)
class Left:
    """Something requested or found that the plan leaves alone, and why."""

    path: bytes
    reason: str
    codes: tuple[str, ...] = ()
    refused: bool = True  # False: for information (no remedy, or not done by default)
    hint: str = ""  # how to request it


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered acts of one operation, and what the operator must know before agreeing to it."""

    kind: str  # a remedy's name, "fix", "undo", "redo", "restore", "purge", ...
    acts: tuple[Act, ...]
    left: tuple[Left, ...] = ()
    effects: tuple[str, ...] = ()  # what clients will notice, one sentence each
    needs: tuple[str, ...] = ()  # locks, the quarantine
    of: int | None = None  # undo, redo: the operation it undoes or repeats
    brake_exempt: bool = False

    def __len__(self) -> int:
        return len(self.acts)

    def without(self, verdicts: frozenset[str]) -> Plan:
        """This plan without the acts of these verdicts.

        Effects and needs stay as they were, so do not show the result: `propose.without` also
        recomputes those.
        """
        kept = tuple(act for act in self.acts if act.verdict not in verdicts)
        return replace(self, acts=kept)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that could not be done when its turn came, and why."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an operation did, checked on the disk afterwards.

    `state`: applied, partial, failed, interrupted. `done` counts acts by verdict.
    """

    operation: int | None
    kind: str
    state: str
    summary: str
    done: Mapping[str, int]
    refused: tuple[Refusal, ...] = ()
    effects: tuple[str, ...] = ()  # "UIDs kept for 412 of 412 in Archives.2012"
    folders: tuple[bytes, ...] = ()  # folders touched, to be surveyed again
