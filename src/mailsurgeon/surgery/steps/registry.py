"""The table of the kinds of step, by their names in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner, ChangeTime
from mailsurgeon.surgery.steps.base import Step, Where
from mailsurgeon.surgery.steps.directory import MakeDirectory, RemoveDirectory
from mailsurgeon.surgery.steps.lists.keywords import ChangeKeywords
from mailsurgeon.surgery.steps.lists.keywords_text import RewriteKeywords
from mailsurgeon.surgery.steps.lists.maildirsize import CountQuota
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.lists.uidlist_lines import DropLines
from mailsurgeon.surgery.steps.purge import Purge
from mailsurgeon.surgery.steps.rename import Rename

KINDS: dict[str, type[Step]] = {
    kind.action: kind
    for kind in (
        Rename, MakeDirectory, RemoveDirectory, ChangeMode, ChangeOwner, ChangeTime,
        ChangeRecords, DropLines, ChangeKeywords, RewriteKeywords, CountQuota, Purge,
    )
}  # fmt: skip


def read_step(action: str, where: Where, data: Mapping[str, Any]) -> Step:
    """Reads a step from its row in the journal.

    Raises ValueError for an unknown kind, and ValueError, KeyError or TypeError for data that do
    not fit the kind.
    """
    kind = KINDS.get(action)
    if kind is None:
        raise ValueError(f"'{action}' is not a kind of step known here")
    return kind.read(where, data)
