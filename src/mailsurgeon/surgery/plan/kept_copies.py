"""What must stay while copies of it go to the quarantine, and the conditions that hold acts to it.

Of identical messages one at least stays where servers see it: never one that the same plan puts
away, and never one that is marked as deleted.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace

from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.plan.repair import Elsewhere
from mailsurgeon.surgery.steps.conditions import (
    CopiesElsewhere,
    KeptCopy,
    StepCondition,
    is_trashed,
)
from mailsurgeon.survey.index.questions import (
    FileFacts,
    copies_filed_elsewhere,
    digests_in,
)
from mailsurgeon.survey.index.rows import FolderRow, Place

Ends = Mapping[bytes, tuple[bytes, bytes | None]]
"""Where acts before lead a message to: its last path and the folder of that, by its first path."""


def no_reliance(
    kept: EntryDetail | None, *, away: bool, filed: bool, carried: Collection[bytes]
) -> str:
    """Why a copy cannot be the one that is kept; empty if it can.

    `away`, `filed`: whether this plan puts it away, or files it. `carried`: the directories that
    this plan puts away, each with a slash.
    """
    if kept is None:
        return "the copy that was to be kept is not there any more"
    if away or kept.path.startswith(tuple(carried)):
        return "the copy that was to be kept goes to the quarantine too"
    if is_trashed(kept.path):
        return "the copy that was to be kept is marked as deleted"
    if kept.place == Place.TMP and not filed:
        return "the copy that was to be kept lies in tmp/ and is not filed"
    return ""


def kept_copy(
    kept: EntryDetail, ends: Ends, context: SpoolContext, *, dated: bool
) -> StepCondition:
    """The condition that a message stays when its copy goes; `dated`: its time changes before."""
    path, folder = ends.get(kept.path, (kept.path, context.home(kept)))
    served = path.rpartition(b"/")[0].rpartition(b"/")[2] in (b"cur", b"new")
    expected = context.expected(kept)
    if dated:
        expected = replace(expected, mtime_ns=-1)
    return KeptCopy(path, expected, folder if served else None)


def copies_stay(elsewhere: Elsewhere | None) -> tuple[StepCondition, ...]:
    """The condition that the copies of a folder's messages are there when the folder goes."""
    return (
        () if elsewhere is None or not elsewhere.copies else (CopiesElsewhere.of(elsewhere.copies),)
    )


def filed_elsewhere(folder: FolderRow, context: SpoolContext) -> Elsewhere:
    """How many messages of a folder are filed in others too, and not marked as deleted there."""
    chosen: dict[bytes, tuple[bytes, FileFacts]] = {}
    for copy in copies_filed_elsewhere(context.index, folder.id):
        if not is_trashed(copy.filename):
            chosen.setdefault(copy.digest, (os.path.dirname(copy.directory), copy.facts))
    copies: dict[bytes, list[FileFacts]] = {}
    for home, facts in chosen.values():
        copies.setdefault(home, []).append(facts)
    messages = sum(digest in chosen for digest in digests_in(context.index, folder.id))
    return Elsewhere(messages, copies)
