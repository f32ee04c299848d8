"""What a survey has to find, and the comparison with what it found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.survey.index.rows import ProblemRow

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Expected:
    """One problem that must be found. A value in `detail` may be a `Check` of the value found."""

    code: str
    path: bytes
    severity: str
    remedy: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)


def expected(
    code: str, path: bytes, severity: str, remedy: str | None = None, **detail: Any
) -> Expected:
    """An `Expected` with its details as keywords; `in_` stands for the key `in`."""
    return Expected(
        code, path, severity, remedy, {key.rstrip("_"): value for key, value in detail.items()}
    )


Planted = list[Expected] | Callable[[], list[Expected]]
"""What a plant gives back: its truth, or (when times of change decide) how to tell it later."""


@dataclass(frozen=True)
class Truth:
    """All that is true of one spool."""

    problems: list[Expected]
    unexamined: set[bytes]
    plants: list[str]


def text(path: bytes) -> str:
    """A path as details have it."""
    return os.fsdecode(path)


def near(number: float, by: float) -> Check:
    """Any number at most `by` away from `number`."""

    def close_enough(found: Any) -> bool:
        return isinstance(found, (int, float)) and abs(found - number) <= by

    return close_enough


def any_of(values: Iterable[Any]) -> Check:
    """One of `values`."""
    allowed = list(values)
    return lambda found: found in allowed


def all_of(values: Iterable[Any], at_most: int | None = None) -> Check:
    """All of `values`, in any order; of more than `at_most` exactly so many of them."""
    wanted = set(values)

    def same(found: Any) -> bool:
        if not isinstance(found, list) or len(found) != len(set(found)):
            return False
        if at_most is not None and len(wanted) > at_most:
            return len(found) == at_most and set(found) <= wanted
        return set(found) == wanted

    return same


def differences(wanted: Iterable[Expected], found: Iterable[ProblemRow]) -> list[str]:
    """One line for each problem that is missing, surplus or wrongly described; else empty.

    `wanted` and `found` are compared as multisets of (code, path); then severity, remedy and the
    details that are given.
    """
    rows: dict[tuple[bytes, str], list[ProblemRow]] = {}
    for row in found:
        rows.setdefault((row.path, row.code), []).append(row)
    lines: list[str] = []
    for truth in sorted(wanted, key=lambda one: (one.path, one.code)):
        mine = rows.get((truth.path, truth.code))
        if not mine:
            lines.append(f"missing  {truth.code} {truth.path!r} {truth.remedy} {_shown(truth)}")
            continue
        row = mine.pop()
        lines += [f"differs  {truth.code} {truth.path!r}: {what}" for what in _unlike(truth, row)]
    for (path, code), left in sorted(rows.items()):
        lines += [f"too many {code} {path!r} {row.remedy} {dict(row.detail)}" for row in left]
    return lines


def _unlike(truth: Expected, row: ProblemRow) -> Iterable[str]:
    severity = Severity(row.severity).word
    if severity != truth.severity:
        yield f"severity {severity}, should be {truth.severity}"
    if row.remedy != truth.remedy:
        yield f"remedy {row.remedy}, should be {truth.remedy} (detail {dict(row.detail)})"
    for key, value in truth.detail.items():
        found = row.detail.get(key, "(no such key)")
        good = value(found) if callable(value) else found == value
        if not good:
            yield f"{key} {found!r}, should be {_told(value)}"


def _shown(truth: Expected) -> str:
    return " ".join(f"{key}={_told(value)}" for key, value in truth.detail.items())


def _told(value: Any) -> str:
    if not callable(value):
        return repr(value)
    inside = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
    return f"{getattr(value, '__qualname__', value)}{inside}"
