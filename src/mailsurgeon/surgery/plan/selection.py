"""A choice: one remedy for one file or directory, with the operator's options."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.diagnosis.kind import ProblemKind
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.survey.index.rows import FolderRow

OTHER_NAMES = "it has other names (hard links), which may lie outside the spool, in a backup say"
"""Why a file's mode, owner or time is left alone: they are those of all its names."""


@dataclass(frozen=True, slots=True)
class RemedyOptions:
    """Options for a remedy that the operator chose.

    `target`: the folder to file into; `flags`: the flags to set; `force`: skip refusals for safety;
    `named`: the operator named the entry (by path or key); nothing proposed it.
    """

    target: FolderRow | None = None
    flags: str | None = None
    force: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One remedy chosen for one entry.

    `code` and `detail` are those of the problem it ends; None and empty if the operator chose
    freely. `codes_here`: every problem of the entry. `loses_clash`: the record in the uidlist
    belongs to another message with the same base name.
    """

    entry: EntryDetail
    remedy: str
    code: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    codes_here: frozenset[str] = frozenset()
    loses_clash: bool = False
    options: RemedyOptions = RemedyOptions()

    @property
    def kind(self) -> ProblemKind:
        """The kind of the problem it ends; an empty kind if the operator chose freely."""
        return problem_kind(self.code or "")

    def refuse(self, reason: str, hint: str = "") -> Left:
        """A refusal of what the operator wants."""
        return Left(self.entry.path, reason, self._codes(), True, hint)

    def leave(self, reason: str, hint: str = "") -> Left:
        """A note that there is nothing to do."""
        return Left(self.entry.path, reason, self._codes(), False, hint)

    def _codes(self) -> tuple[str, ...]:
        return (self.code,) if self.code else ()


def command(spool: Spool, *words: str, verb: str = "fix") -> str:
    """A command line for the operator: `mailsurgeon fix SPOOL WORDS...`."""
    root = shlex.quote(os.fsdecode(spool.root))
    return " ".join(["mailsurgeon", verb, root, *words])
