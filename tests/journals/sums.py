"""The checksum of a row of the journal, as journals of schema 1 have it for ever.

It is written down here once more on purpose, and imports nothing of the program: were the program
to count differently, every journal there is would read as damaged, and the tests here fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

SUMMED = {
    "operations": ("id", "kind", "of", "quarantine", "pid", "host"),
    "steps": (
        "id", "operation", "batch", "act", "verdict", "label", "action", "source", "target",
        "folder", "target_folder", "expected", "data",
    ),
}  # fmt: skip
"""What of a row never changes, by table, in this order."""


def checksum(table: str, row: Mapping[str, Any]) -> bytes:
    """The `sum` of a row of `operations` or `steps`; what is not in it is null."""
    facts = tuple(row.get(column) for column in SUMMED[table])
    return blake2b(repr(facts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
