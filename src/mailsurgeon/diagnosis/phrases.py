"""Short phrases of evidence for lists and tables, made from the detail that a rule returns.

Every function takes a problem's detail, in which any key may be missing, and returns a phrase, or
an empty one when there is nothing to say. Its file names may contain control characters.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

Detail = Mapping[str, Any]


def no_words(_detail: Detail) -> str:
    """An empty phrase, for problems whose code says everything."""
    return ""


def phrase(template: str, *, needs: str = "") -> Callable[[Detail], str]:
    """Returns a function that fills `template` with values of the detail.

    `{bytes:,}` writes a whole number with commas. A missing value is left empty, and a list is
    joined by commas. Without a value for the key `needs` the phrase is empty.
    """

    def words(detail: Detail) -> str:
        if needs and not detail.get(needs):
            return ""
        return template.format_map(_Values(detail))

    return words


class _Values(dict[str, Any]):
    def __getitem__(self, key: str) -> _Value:
        return _Value(self.get(key, ""))


class _Value:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, form: str) -> str:
        value = self.value
        if isinstance(value, int):
            return format(value, form)
        if isinstance(value, list | tuple):
            return ", ".join(map(str, cast("Sequence[Any]", value)))
        return str(value)


def size_words(detail: Detail) -> str:
    """The sizes S and W that the name or the uidlist gives, and the real ones."""
    where = " in the uidlist" if detail.get("in") == "uidlist" else ""
    wrong = [
        f"{field}={_count(detail[field][0])}{where} is {_count(detail[field][1])}"
        for field in ("S", "W")
        if detail.get(field)
    ]
    return ", ".join(wrong)


def cut_words(detail: Detail) -> str:
    """How a text breaks off."""
    reason = str(detail.get("reason", ""))
    return "it ends in NUL bytes" if reason == "zeros" else reason


def packed_words(detail: Detail) -> str:
    """How many messages are packed in which way, and the plugin that is not loaded."""
    counts = [
        f"{_count(number)} {key}"
        for key, number in detail.items()
        if isinstance(number, int) and number
    ]
    missing = detail.get("plugins")
    return _joined(*counts, f"Dovecot here does not load {', '.join(missing)}" if missing else "")


def misfiled_words(detail: Detail) -> str:
    """The folder that a message outside cur and new belongs in, and an identical filed message."""
    target = detail.get("target")
    return _joined(f"belongs in {target}" if target else "no folder to file it in", _copy(detail))


def leftover_words(detail: Detail) -> str:
    """A file in tmp: its age, the processes that have it open, whether it was cut, and an identical
    message."""
    age = detail.get("age_seconds")
    pids = detail.get("open_by") or ()
    return _joined(
        _age(age) if age is not None else "",
        f"open in process {', '.join(map(str, pids))}" if pids else "",
        "cut" if detail.get("complete") is False else "",
        _copy(detail),
    )


def copies_words(detail: Detail) -> str:
    """How many messages have one Message-ID, how much alike they are, and where they lie."""
    same = {"identical": "identical", "same-body": "same body", "different": "other content"}
    return _joined(
        str(detail.get("message_id") or ""),
        f"{_count(detail.get('copies', 2))} copies",
        same.get(str(detail.get("content")), ""),
        "in this folder" if detail.get("same_folder") else "in other folders",
    )


def date_words(detail: Detail) -> str:
    """The dates of the file, its header and its name."""
    shown = [
        f"{label} {_day(detail[key])}"
        for key, label in (("mtime", "file"), ("header_date", "header"), ("name_date", "name"))
        if detail.get(key) is not None
    ]
    return ", ".join(shown)


def error_words(detail: Detail) -> str:
    """The system's error message for the failed read."""
    number = detail.get("errno")
    return os.strerror(number) if isinstance(number, int) else str(number or "")


def backup_words(detail: Detail) -> str:
    """Why a folder looks like a backup, and how many of its messages are filed elsewhere."""
    elsewhere = detail.get("elsewhere")
    return _joined(
        str(detail.get("because", "")),
        f"{_count(elsewhere)} of its messages are filed elsewhere" if elsewhere is not None else "",
    )


def store_words(detail: Detail) -> str:
    """The kind of a store, and how many messages it has if they were counted."""
    kind, messages = str(detail.get("kind", "")), detail.get("messages")
    if messages is None:
        return kind
    return f"{kind}, {_count(messages)} {'message' if messages == 1 else 'messages'}"


def folder_name_words(detail: Detail) -> str:
    """What is wrong with a folder's name, and the name it should have."""
    becomes, merge = detail.get("becomes"), detail.get("merge")
    return _joined(
        str(detail.get("reason", "")),
        f"belongs to {merge}" if merge else f"becomes {becomes}" if becomes else "",
    )


def quota_words(detail: Detail) -> str:
    """Why a quota file is wrong, and the bytes that it has and that there are."""
    counted = detail.get("bytes")
    figures = f"{_count(counted[0])} bytes, counted {_count(counted[1])}" if counted else ""
    return _joined(str(detail.get("reason", "")), figures)


def permission_words(detail: Detail) -> str:
    """The mode, owner and group that a file has, and those it should have."""
    names = ("mode", "owner", "group")
    found = ", ".join(f"{name} {detail[name]}" for name in names if name in detail)
    should = detail.get("should_be")
    if isinstance(should, Mapping):
        wanted = cast("Detail", should)
        should = ", ".join(f"{key} {value}" for key, value in wanted.items())
    return f"{found}; should be {should}" if should else found


def _copy(detail: Detail) -> str:
    return f"identical to {detail['copy_of']}" if detail.get("copy_of") else ""


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _age(seconds: float) -> str:
    hours = round(seconds / 3600)
    if hours < 1:  # or from a clock that was ahead
        return "less than an hour old"
    if hours < 72:
        return f"{hours} hour{'' if hours == 1 else 's'} old"
    return f"{hours / 24:,.0f} days old"


def _day(seconds: Any) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, TypeError, ValueError):
        return str(seconds)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
