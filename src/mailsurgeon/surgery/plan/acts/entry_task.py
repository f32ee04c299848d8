"""What all remedies chosen for one entry do together, and where it stands among the others."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.surgery.model import Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.steps.base import Alters
from mailsurgeon.surgery.steps.rename import Rename

_ORDER = {
    "make-subdirs": 0,
    "fix-uidlist": 1,
    "fix-keywords": 1,
    "quarantine folder": 5,
    "lift-folder": 6,
    "rename-folder": 6,
}
_URGENT, _USUAL, _LATE = 2, 3, 4  # late: all hard links of a file share its new time


@dataclass(slots=True)
class EntryTask:
    """One entry, and what all remedies chosen for it do together."""

    entry: EntryDetail
    repair: Repair
    codes_here: frozenset[str] = frozenset()
    codes: list[str] = field(default_factory=list[str])
    remedies: list[str] = field(default_factory=list[str])
    relies_on: list[EntryDetail] = field(default_factory=list[EntryDetail])

    @property
    def is_dated(self) -> bool:
        """Whether it changes the file's time."""
        return any(changes_date(step) for step in self.repair.after)

    @property
    def takes_directory(self) -> bool:
        """Whether it moves a whole directory."""
        lifts = any(isinstance(step, Rename) for step in self.repair.own)
        return self.entry.is_directory and (self.repair.away or lifts)


def task_order(
    task: EntryTask, context: SpoolContext
) -> tuple[int, int, bool, bytes, bytes, bytes]:
    """The sort key of a task: directories are made first and moved last, the deepest first; what
    relies on a copy comes after what files it; tasks that need the same locks are neighbours."""
    order = _ORDER.get(task.repair.verdict)
    if order is None:
        urgent = any(problem_kind(code).shares_uid for code in task.codes)
        order = _URGENT if urgent else _USUAL
        if task.entry.nlink > 1 and any(changes_date(step) for step in task.repair.after):
            order = _LATE
    path = task.entry.path
    depth = -path.count(b"/") if task.takes_directory else 0
    home, goal = context.home(task.entry) or b"", task.repair.home or b""
    return order, depth, bool(task.repair.relies_on), home, goal, path


def changes_date(step: Step) -> bool:
    """Whether a step changes the time, which other steps on the file check."""
    return step.alters is Alters.DATE
