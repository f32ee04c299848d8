"""Writes the table of protections in docs/protections.md from the marks in the tests.

`python scripts/protections.py` brings it up to date; `--check` only says whether it is, and ends
with 1 when it is not. What lies between the table's two marks is replaced.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.protects import Protection, protections  # noqa: E402

PAGE = ROOT / "docs" / "protections.md"
BEGIN, END = "<!-- protections: made by scripts/protections.py -->", "<!-- end of protections -->"


def table(found: list[Protection]) -> str:
    """The table: a row a promise, in the order of what keeps it."""
    by_promise: defaultdict[str, list[Protection]] = defaultdict(list)
    for one in found:
        by_promise[one.promise].append(one)
    rows = ["| what is promised | where it is kept | proven by |", "|---|---|---|"]
    for promise, proofs in sorted(by_promise.items(), key=lambda row: (row[1][0].where, row[0])):
        where = dict.fromkeys(name for one in proofs for name in one.where)
        kept = ", ".join(f"`{name}`" for name in where)
        rows.append(f"| {promise} | {kept} | {_proofs(proofs)} |")
    return "\n".join(rows)


def _proofs(proofs: list[Protection]) -> str:
    tests = ", ".join(_link(test) for test in dict.fromkeys(one.test for one in proofs))
    seen = "; ".join(dict.fromkeys(one.seen for one in proofs if one.seen))
    return f"{tests}: {seen}" if seen else tests


def _link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[`{name or Path(file).name}`](../{file})"


def with_table(text: str, made: str) -> str:
    """`text` with the table in it; raises ValueError when there is no place for it."""
    place = re.compile(f"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", re.DOTALL)
    if not place.search(text):
        raise ValueError(f"there is no place for the table in {PAGE}")
    return place.sub(lambda _: f"\n{made}\n\n", text)


def main() -> None:
    """Write the table, or say whether it is up to date."""
    text = PAGE.read_text("utf-8")
    made = with_table(text, table(protections(ROOT / "tests")))
    if "--check" in sys.argv[1:]:
        sys.exit(0 if made == text else f"{PAGE}: old; run python scripts/protections.py")
    PAGE.write_text(made, "utf-8")


if __name__ == "__main__":
    main()
