"""One short phrase for what was found: the evidence of a problem, for lists and tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from mailsurgeon.survey.index.rows import ProblemRow
from mailsurgeon.text import visible

Detail = Mapping[str, Any]


def evidence(problem: ProblemRow) -> str:
    """What the survey saw, in a few words and safe to show; empty when the code says it all."""
    write = _WRITERS.get(problem.code)
    text = write(problem.detail) if write else ""
    if problem.detail.get("pending"):
        text = f"{text}, to be confirmed by a full survey" if text else "needs a full survey"
    return visible(text)


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sizes(detail: Detail) -> str:
    where = " in the uidlist" if detail.get("in") == "uidlist" else ""
    wrong = [
        f"{field}={_count(detail[field][0])}{where} is {_count(detail[field][1])}"
        for field in ("S", "W")
        if detail.get(field)
    ]
    return ", ".join(wrong)


def _copy(detail: Detail) -> str:
    return f"identical to {detail['copy_of']}" if detail.get("copy_of") else ""


def _misfiled(detail: Detail) -> str:
    target = detail.get("target")
    return _joined(f"belongs in {target}" if target else "no folder to file it in", _copy(detail))


def _age(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:.0f} hours old" if hours < 72 else f"{hours / 24:,.0f} days old"


def _in_tmp(detail: Detail) -> str:
    age = detail.get("age_seconds")
    pids = detail.get("open_by") or ()
    return _joined(
        _age(age) if age is not None else "",
        f"open in process {', '.join(map(str, pids))}" if pids else "",
        "cut" if detail.get("complete") is False else "",
        _copy(detail),
    )


def _duplicate(detail: Detail) -> str:
    same = {"identical": "identical", "same-body": "same body", "different": "other content"}
    return _joined(
        str(detail.get("message_id", "")),
        f"{_count(detail.get('copies', 2))} copies",
        same.get(str(detail.get("content")), ""),
        "in this folder" if detail.get("same_folder") else "in other folders",
    )


def _bad_date(detail: Detail) -> str:
    shown = [
        f"{label} {_day(detail[key])}"
        for key, label in (("mtime", "file"), ("header_date", "header"), ("name_date", "name"))
        if detail.get(key) is not None
    ]
    return ", ".join(shown)


def _day(seconds: Any) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, TypeError, ValueError):
        return str(seconds)


def _errno(detail: Detail) -> str:
    number = detail.get("errno")
    return os.strerror(number) if isinstance(number, int) else str(number or "")


def _backup(detail: Detail) -> str:
    elsewhere = detail.get("elsewhere")
    return _joined(
        str(detail.get("because", "")),
        f"{_count(elsewhere)} of its messages are filed elsewhere" if elsewhere is not None else "",
    )


def _permissions(detail: Detail) -> str:
    names = ("mode", "owner", "group")
    found = ", ".join(f"{name} {detail[name]}" for name in names if name in detail)
    should = detail.get("should_be")
    if isinstance(should, Mapping):
        should = ", ".join(f"{key} {value}" for key, value in should.items())
    return f"{found}; should be {should}" if should else found


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


_WRITERS: dict[str, Callable[[Detail], str]] = {
    "name-clash": lambda d: f"same base name as {', '.join(map(str, d.get('others', ())))}",
    "size-mismatch": _sizes,
    "misfiled": _misfiled,
    "in-tmp": _in_tmp,
    "truncated": lambda d: str(d.get("reason", "")),
    "not-mail": lambda d: f"looks like {d['looks_like']}" if d.get("looks_like") else "",
    "bad-flags": lambda d: f"“{d.get('info', '')}” should be “{d.get('should_be', '')}”",
    "bad-name": lambda d: str(d.get("reason", "")),
    "duplicate-id": _duplicate,
    "uid-clash": lambda d: f"UID {d.get('uid', '')}",
    "bad-date": _bad_date,
    "unreadable": _errno,
    "linked": lambda d: str(d.get("kind", "")),
    "missing-subdir": lambda d: f"lacks {', '.join(map(str, d.get('missing', ())))}",
    "nested-folder": lambda d: f"becomes {d['becomes']}" if d.get("becomes") else "",
    "backup-folder": _backup,
    "bad-permissions": _permissions,
    "uidlist-damaged": lambda d: str(d.get("reason", "")),
    "big-uid": lambda d: f"highest {_count(d.get('highest', ''))}",
    "stale-lock": lambda d: f"process {d.get('pid', '')} is gone",
    "bloated-index": lambda d: f"{_count(d.get('bytes', ''))} bytes",
}
