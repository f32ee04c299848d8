"""What all reports share: the console for tables, JSON, and paths in JSON.

Only a table loads rich, which takes as long as a survey of a small spool.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_NO_LIMIT = 100_000  # columns: a pipe or file has no width


def console_for(stream: TextIO, width: int | None = None) -> Console:
    """A console without markup; plain text that never wraps if the stream is not a terminal, unless
    it has a `width`."""
    from rich.console import Console

    if width is None and not stream.isatty():
        width = _NO_LIMIT
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def print_table(console: Console, table: Table) -> None:
    """Prints the table without the blanks with which rich pads the last column."""
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.file.write(line.rstrip() + "\n")


def print_folded(console: Console, line: str, indent: int = 10) -> None:
    """Prints a line, folded at the console's width, all but its first part indented."""
    from rich.text import Text

    first, *rest = Text(line).wrap(console, max(20, console.width)) or [Text("")]
    console.print(first.plain.rstrip(), soft_wrap=True)
    left = line[len(first.plain) :].lstrip() if rest else ""
    for part in Text(left).wrap(console, max(20, console.width - indent)) if left else ():
        console.print(" " * indent + part.plain.rstrip(), soft_wrap=True)


def path_json(path: bytes) -> str:
    """A path relative to the spool for JSON: `.` for the root; bytes that are not UTF-8 become
    surrogate escapes."""
    return os.fsdecode(path) if path else "."


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON in ASCII only: control characters and bytes that are not UTF-8 are escaped."""
    return json.dumps(value, ensure_ascii=True, indent=indent)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 message`, `12,345 messages`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
