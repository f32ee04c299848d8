"""Writes the tables of the documents from the program: problems, and keys.

`python scripts/tables.py` brings README.md up to date; `--check` only says whether it is, and ends
with 1 when it is not. What lies between a table's two marks is replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.tui.actions import BY_ID, keys_of

README = Path(__file__).parents[1] / "README.md"

KEYS_SHOWN = (
    "open", "propose", "next-problem", "previous-problem", "mark", "mark-range", "mark-alike",
    "filter", "badges", "sort", "propose-file", "propose-flags", "propose-size", "propose-rename",
    "propose-quarantine", "undo", "redo", "journal", "export", "previous-tab", "next-tab", "apply",
    "drop-row", "whole-list", "cancel", "survey", "who", "help", "palette", "quit",
)  # fmt: skip
"""The actions of the README's summary; the help screen has them all."""


def problems() -> str:
    """The table of problems, in the catalogue's order."""
    rows = ["| badge | code | at worst | what is wrong | repair |", "|---|---|---|---|---|"]
    for kind in CATALOGUE.values():
        remedies = ", ".join(f"`{remedy}`" for remedy in kind.remedies) or "none"
        severity = kind.severity.word
        rows.append(f"| {kind.badge} | `{kind.code}` | {severity} | {kind.sentence} | {remedies} |")
    return "\n".join(rows)


def keys() -> str:
    """The table of the keys that a first session needs."""
    rows = ["| keys | do |", "|---|---|"]
    for action in (BY_ID[name] for name in KEYS_SHOWN):
        shown = " ".join(f"`{key}`" for key in keys_of(action))
        rows.append(f"| {shown} | {action.help} |")
    return "\n".join(rows)


TABLES: dict[str, Callable[[], str]] = {"problems": problems, "keys": keys}


def with_tables(text: str) -> str:
    """`text` with every table in it made anew; raises ValueError when a table has no place."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}: made by scripts/tables.py -->", f"<!-- end of {name} -->"
        place = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"there is no place for the table of {name}")
        content = f"\n{table()}\n\n"
        text = place.sub(lambda _, content=content: content, text)
    return text


def main() -> None:
    """Write README.md, or say whether it is up to date."""
    text = README.read_text("utf-8")
    made = with_tables(text)
    if "--check" in sys.argv[1:]:
        sys.exit(0 if made == text else "README.md: tables are old; run python scripts/tables.py")
    README.write_text(made, "utf-8")


if __name__ == "__main__":
    main()
