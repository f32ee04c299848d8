"""Lists the quarantine, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailsurgeon.report.output import counted, path_json
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.surgery.quarantine.spool_id import JournalNamed
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.console import Console


def items_as_dict(
    directory: bytes, items: Sequence[QuarantineItem], others: Sequence[JournalNamed] = ()
) -> dict[str, Any]:
    """The quarantine at `directory`, ready for JSON.

    If something there is not in the journal, it says so, and names the `others` that may have it.
    """
    found = sum(item.step is None for item in items)
    listing: dict[str, Any] = {
        "schema": 1,
        "quarantine": path_json(directory),
        "items": [_item(item) for item in items],
        "totals": {"items": len(items), "bytes": sum(item.size for item in items)},
    }
    if found:
        listing["totals"]["not_in_journal"] = found
        listing["other_journals"] = [
            {"path": visible(one.path), "user": visible(one.user), "host": visible(one.host)}
            for one in others
        ]
    return listing


def _item(item: QuarantineItem) -> dict[str, Any]:
    lost = {"in_journal": False} if item.step is None else {}
    return lost | {
        "operation": item.operation,
        "time": item.time,
        "verdict": item.verdict,
        "kind": item.kind,
        "bytes": item.size,
        "path": path_json(item.path),
        "original": path_json(item.original),
        **({"note": item.note} if item.note else {}),
    }


def print_items(
    directory: bytes,
    items: Sequence[QuarantineItem],
    console: Console,
    others: Sequence[JournalNamed] = (),
) -> None:
    """Prints a line for each item, in the order given, and a line of totals; then what is not in
    the journal, and which `others` may have it."""
    for item in items:
        console.print(
            f"{item.operation:>5}  {visible(item.time)}  {visible(item.verdict):<16}"
            f"  {item.size:>10,}  {path_shown(item.original)}"
            + (f"  ({visible(item.note)})" if item.note else ""),
            soft_wrap=True,
        )
    size = counted(sum(item.size for item in items), "byte")
    total = f"{visible(directory)}: {counted(len(items), 'item')}, {size}"
    console.print(total, soft_wrap=True)
    found = sum(item.step is None for item in items)
    if found:
        console.print(
            f"{counted(found, 'item')} found on the disk and not in this journal: undo cannot bring"
            " them back, `quarantine restore` can, by path",
            soft_wrap=True,
        )
        for one in others:
            console.print(f"things were put there by {one.shown}", soft_wrap=True)
