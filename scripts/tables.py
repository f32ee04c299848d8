"""Writes the parts of the documents that come from the program: README's tables, docs/problems/.

`python scripts/tables.py` brings both up to date; with `--check` it writes nothing and ends with 1
if one is out of date. In README.md it replaces the text between the two marks of each table.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.explanations import TOPICS
from mailsurgeon.report.explain import explain_index, explain_page, topic_page
from mailsurgeon.tui.keys.actions import BY_ID, keys_of

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = ROOT / "docs" / "problems"

KEYS_SHOWN = (
    "open", "propose", "propose-all", "next-problem", "previous-problem", "mark", "mark-range",
    "mark-alike", "filter", "badges", "sort", "propose-file", "propose-flags", "propose-size",
    "propose-rename", "propose-quarantine", "undo", "redo", "journal", "put-away", "export",
    "previous-tab", "next-tab", "apply", "drop-row", "only-row", "whole-list", "cancel",
    "bring-back", "mark-operation", "delete-for-good", "survey", "who", "help", "palette",
    "quit-here", "suspend", "quit",
)  # fmt: skip
"""The actions in the README's table; the help screen lists them all."""


def problems() -> str:
    """The table of problems, in the order of the catalogue."""
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
    """`text` with new tables; raises ValueError if the marks of a table are missing."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name}: made by scripts/tables.py -->", f"<!-- end of {name} -->"
        place = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
        if not place.search(text):
            raise ValueError(f"there is no place for the table of {name}")
        content = f"\n{table()}\n\n"
        text = place.sub(lambda _, content=content: content, text)
    return text


def documents() -> dict[Path, str]:
    """Every document that is made here, wholly or in part, with the text that it should have."""
    made = {README: with_tables(README.read_text("utf-8")), PAGES / "README.md": explain_index()}
    made |= {PAGES / f"{kind.code}.md": explain_page(kind) for kind in CATALOGUE.values()}
    made |= {PAGES / f"{name}.md": topic_page(topic) for name, topic in TOPICS.items()}
    return made


def old(documents: dict[Path, str]) -> list[str]:
    """Which of these documents are missing or out of date."""
    return [
        str(path.relative_to(ROOT))
        for path, text in documents.items()
        if not path.exists() or path.read_text("utf-8") != text
    ]


def main() -> None:
    """Writes the documents, or with `--check` ends with 1 if one is out of date."""
    made = documents()
    if "--check" in sys.argv[1:]:
        stale = ", ".join(old(made))
        sys.exit(f"{stale}: out of date; run python scripts/tables.py" if stale else 0)
    PAGES.mkdir(parents=True, exist_ok=True)
    for path, text in made.items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
