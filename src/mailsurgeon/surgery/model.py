"""Steps, acts and plans: what an operation will do, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

QUARANTINE = b"quarantine:"
"""Begins the path of a thing in the quarantine: `quarantine:OPERATION/PATH-IN-THE-SPOOL`."""


class StepKind(StrEnum):
    """The kinds of step; each is one atomic act on the file system that knows its inverse."""

    RENAME = "rename"
    MKDIR = "mkdir"
    RMDIR = "rmdir"
    CHMOD = "chmod"
    CHOWN = "chown"
    UTIME = "utime"
    UIDLIST = "uidlist"
    UIDLIST_LINES = "uidlist-lines"
    KEYWORDS = "keywords"
    MAILDIRSIZE = "maildirsize"
    COPY = "copy"
    PURGE = "purge"  # deletes for good, from the quarantine only; it has no inverse


@dataclass(frozen=True, slots=True)
class Expected:
    """What the source of a step must still be when the step runs (sizes in bytes, times in ns).

    Directories are known by device and inode alone: `size` and `mtime_ns` are then -1.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Step:
    """One act. `source` and `target` are relative to the spool, or begin with `quarantine:`.

    `folder` and `target_folder` are the folders (paths relative to the spool, b"" is INBOX) whose
    server lock is held while the step runs; None where no folder is touched on that side.
    A `quarantine:` target made before the operation has its number is written
    `quarantine:@/PATH`; the journal puts the number in the place of `@`.

    `data` by action:
      rename    keep_uid: bool (the base name changes inside one folder, so the uidlist record
                must follow); quota: [bytes, messages] that it adds to the sum of `maildirsize`
      mkdir     mode: int (permission bits, taken from a sibling), uid, gid
      chmod     before, after: int       chown  before, after: [uid, gid]
      utime     before, after: mtime in ns
      keywords  of Dovecot's letters in `folder`: add (or, taking it back, remove): [[number,
                name], ...]; made: whether there was no list of them. Of Courier's, from `folder`
                to `target_folder` (None: to none): carry: {from, to: base names, names: [...],
                made: whether its directory was not there, back: it is taken back}
      maildirsize  bytes, messages: what a line adds; before: [inode, size] of the file
      uidlist-lines  name: of the list; drop (or, taking it back, restore): [[number, line], ...];
                torn: whether the last of them has no newline
      uidlist   records: [[old base, new base], ...] (text with surrogate escapes); after the step
                has run also `changes`: [[line before, line after], ...]
    """

    action: StepKind
    source: bytes | None
    target: bytes | None
    expected: Expected | None = None
    folder: bytes | None = None
    target_folder: bytes | None = None
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


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
