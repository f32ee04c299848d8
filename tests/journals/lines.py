"""Records as lines of JSON, so that a recorded file reads and compares well: one line, one thing.

Bytes are written as the text they are, with surrogate escapes where they are not UTF-8.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Record = dict[str, Any]

_BYTES = {"source", "target", "folder", "target_folder", "quarantine", "path", "text"}
"""What is always bytes, by column."""


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Writes one record a line."""
    lines = [json.dumps({key: _as_json(key, one[key]) for key in one}) for one in records]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")


def read_lines(path: Path) -> list[Record]:
    """The records that `write_lines` wrote."""
    return [json.loads(line, object_hook=_from_json) for line in path.open(encoding="ascii")]


def _as_json(column: str, value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    if column == "sum":
        return value.hex()
    return os.fsdecode(value) if column in _BYTES else {"bytes": os.fsdecode(value)}


def _from_json(record: dict[str, Any]) -> Any:
    if set(record) == {"bytes"}:
        return os.fsencode(record["bytes"])
    for column, value in record.items():
        if column == "sum":
            record[column] = bytes.fromhex(value)
        elif column in _BYTES and value is not None:
            record[column] = os.fsencode(value)
    return record
