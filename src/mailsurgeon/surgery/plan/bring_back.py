"""Plans that put back what lies in the quarantine but is in no journal, by its path there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Act, Left, Plan
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.servers.folder_names import folder_around
from mailsurgeon.surgery.steps.rename import Rename

UIDS = "the journal that knows their UIDs is not at hand: clients see what comes back as new"

CountArrival = Callable[[bytes, bytes | None, int], tuple[int, int] | None]
"""What a message of so many bytes adds to `maildirsize`, by its path and folder."""


def plan_bring_back(spool: Spool, items: Sequence[QuarantineItem], count: CountArrival) -> Plan:
    """The plan that renames each item to its original path; what is taken already is left."""
    acts: list[Act] = []
    left: list[Left] = []
    for item in items:
        if os.path.lexists(spool.absolute(item.original)):
            left.append(Left(item.path, "its place in the spool is taken"))
            continue
        directory = item.kind == "directory"
        folder = item.original if directory else folder_around(os.path.dirname(item.original))
        quota = None if directory else count(item.original, folder, item.size)
        step = Rename(
            item.path, item.original, item.expected, None, folder, quota=quota
        )  # fmt: skip
        label = None if folder is None else folder_name(folder, spool.layout)
        acts.append(Act("restore quarantine", item.path, (step,), label))
    effects = (UIDS,) if acts else ()
    return Plan("restore", tuple(acts), tuple(left), effects, brake_exempt=True)
