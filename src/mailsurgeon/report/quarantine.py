"""Lists the quarantine, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from mailsurgeon.report.output import counted, path_json
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.text import path_shown, visible


def items_as_dict(directory: bytes, items: Sequence[QuarantineItem]) -> dict[str, Any]:
    """The quarantine at `directory`, ready for JSON."""
    return {
        "schema": 1,
        "quarantine": path_json(directory),
        "items": [_item(item) for item in items],
        "totals": {"items": len(items), "bytes": sum(item.size for item in items)},
    }


def _item(item: QuarantineItem) -> dict[str, Any]:
    return {
        "operation": item.operation,
        "time": item.time,
        "verdict": item.verdict,
        "kind": item.kind,
        "bytes": item.size,
        "path": path_json(item.path),
        "original": path_json(item.original),
        **({"note": item.note} if item.note else {}),
    }


def print_items(directory: bytes, items: Sequence[QuarantineItem], console: Console) -> None:
    """Prints a line for each item, in the order given, and a line of totals."""
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
