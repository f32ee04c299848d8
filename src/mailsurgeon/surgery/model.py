"""Steps, acts and plans: what an operation will do, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mailsurgeon.surgery.fsops.expected import QUARANTINE, Expected
from mailsurgeon.surgery.steps.base import Step

__all__ = ["QUARANTINE", "Act", "Expected", "Left", "Plan", "Refusal", "Report", "Step"]


@dataclass(frozen=True, slots=True)
class Act:
    """What is done to one message or directory; the whole of it or nothing."""

    verdict: str  # groups rows of a plan: "file", "quarantine copy", "fix-size", ...
    path: bytes
    steps: tuple[Step, ...]
    folder: str | None = None  # decoded name, for display
    codes: tuple[str, ...] = ()  # the problems this act ends
    remedies: tuple[str, ...] = ()
    entry: int | None = None  # the row of the index
    note: str = ""  # why it differs from its neighbours: "gets a new name: ..."


@dataclass(frozen=True, slots=True)
class Left:
    """Something asked for, or found, that the plan does not do, and why."""

    path: bytes
    reason: str
    codes: tuple[str, ...] = ()
    refused: bool = True  # False: told only (no remedy, or not taken on unasked)
    hint: str = ""  # how to ask for it


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered acts of one operation, and what the operator must know before agreeing."""

    kind: str  # a remedy's name, "fix", "undo", "redo", "restore", "purge", ...
    acts: tuple[Act, ...]
    left: tuple[Left, ...] = ()
    effects: tuple[str, ...] = ()  # what clients will notice, one sentence each
    needs: tuple[str, ...] = ()  # locks, the quarantine
    of: int | None = None  # undo, redo: the operation meant
    brake_exempt: bool = False

    def __len__(self) -> int:
        return len(self.acts)

    def without(self, verdicts: frozenset[str]) -> Plan:
        """This plan without the acts of the verdicts named; effects and needs stay as they were.

        `planning.without` tells those anew: only its plan may be shown.
        """
        kept = tuple(act for act in self.acts if act.verdict not in verdicts)
        return replace(self, acts=kept)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that was not done when it came to it, and why."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an operation did, looked at again on the disk.

    `state`: applied, partial, failed, interrupted. `done` counts acts by verdict.
    """

    operation: int | None
    kind: str
    state: str
    summary: str
    done: Mapping[str, int]
    refused: tuple[Refusal, ...] = ()
    effects: tuple[str, ...] = ()  # "UIDs kept for 412 of 412 in Archives.2012"
    folders: tuple[bytes, ...] = ()  # folders touched: to be surveyed again
