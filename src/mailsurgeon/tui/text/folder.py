"""The inspector's text for a folder: its mail, subscription, uidlist and problems."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.report.output import counted
from mailsurgeon.survey.index.rows import FolderRow
from mailsurgeon.text import path_shown, visible
from mailsurgeon.tui.text.fields import badge, title

if TYPE_CHECKING:
    from mailsurgeon.survey.uidlists.folder_details import FolderDetails

_STRONG, _DIM = "bold", "dim"


def folder_lines(row: FolderRow, details: FolderDetails) -> list[Text]:
    """The lines for a folder of the index, with the details from its own files."""
    head = Text.assemble(
        (visible(row.name, 200), _STRONG),
        f": {counted(row.messages, 'message')}, {counted(row.bytes, 'byte')}",
    )
    return [
        head,
        Text(path_shown(row.path), _DIM),
        _subscription(row, details),
        _numbers(details),
        *_problems(row),
    ]


def distinct_names(rows: Iterable[FolderRow]) -> Iterator[tuple[str, FolderRow]]:
    """Folders with names of which no two are equal: a name that an earlier row has is followed by
    the path."""
    taken: set[str] = set()
    for row in sorted(rows, key=lambda row: bool(row.path)):
        name = row.name if row.name not in taken else f"{row.name} ({os.fsdecode(row.path)})"
        taken.add(name)
        yield name, row


def _subscription(row: FolderRow, details: FolderDetails) -> Text:
    if details.subscribed is None:
        said = "the spool has no list of subscriptions"
    elif details.subscribed:
        said = f"yes ({details.subscriptions})"
    elif not row.path:
        said = f"not in {details.subscriptions}, but clients show INBOX all the same"
    else:
        said = (
            f"no ({details.subscriptions}). Clients that show subscribed folders only do not"
            " show it; mailsurgeon explain subscriptions."
        )
    return Text.assemble(("Subscribed: ", _STRONG), said)


def _numbers(details: FolderDetails) -> Text:
    if not details.uidlist:
        said = "none; no server has numbered the messages here"
    elif details.damage:
        said = f"{details.uidlist}: {visible(details.damage)}"
    else:
        said = f"{details.uidlist}, UIDVALIDITY {details.uidvalidity}, next UID {details.next_uid}"
    return Text.assemble(("Uidlist: ", _STRONG), said)


def _problems(row: FolderRow) -> Iterator[Text]:
    worst = {code: -kind.severity for code, kind in CATALOGUE.items()}
    found = sorted(row.problems.items(), key=lambda kind: (worst.get(kind[0], 0), -kind[1]))
    total = sum(row.problems.values())
    said = f"{total:,}" if total else "none"
    if total != row.troubles:  # the tree counts the latter
        said += f", {row.troubles:,} of them more than a remark"
    yield Text.assemble(("Problems: ", _STRONG), said)
    for code, number in found:
        yield Text(f"  {number:>6,}  {badge(code):<5}{title(code)}")
