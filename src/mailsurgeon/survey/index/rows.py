"""The rows that queries of the index return: plain tuples that can cross threads and processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

GRANULARITY = 2_000_000_000
"""Nanoseconds within which two changes may get the same time: 2 s on FAT, elsewhere a clock tick.
"""
LATEST_TIME = 2**63 - 1
"""The last time that the index can hold, in nanoseconds since 1970: in the year 2262. File systems
hold later ones."""


def indexed_time(time_ns: int) -> int:
    """The time of a file (nanoseconds since 1970) as far as the index can hold it."""
    return min(max(time_ns, -LATEST_TIME), LATEST_TIME)


class Place(StrEnum):
    """Where in its folder a file lies."""

    CUR = "cur"
    NEW = "new"
    TMP = "tmp"
    ROOT = "root"  # the folder's own directory
    NESTED = "nested"  # a directory that is not a folder
    FOLDER = "folder"  # not a message: a directory, or a server's file, that has a problem


class Entry(NamedTuple):
    """One file of the spool (or, with place FOLDER, a directory or server's file with a problem).

    `sender` and `subject` are decoded, made visible and cut; None until the content has been read.
    Sizes are bytes, times nanoseconds. `path` is relative to the spool.
    """

    id: int
    folder: int  # id of a FolderRow; for a nested file the nearest enclosing folder
    place: str
    path: bytes
    kind: str  # "file", "symlink", "fifo", "socket", "device", "directory"
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    message_id: str | None
    sender: str | None
    subject: str | None


class FolderRow(NamedTuple):
    """One folder. `path` is relative to the spool; b"" is the spool's root (INBOX).

    `messages` and `bytes` count the messages in cur and new and the misfiled ones; `problems` gives
    the number of problems by code, info included; `name` is decoded but not made visible.
    """

    id: int
    path: bytes
    name: str
    messages: int
    bytes: int
    problems: Mapping[str, int]
    troubles: int  # problems above info


class ProblemRow(NamedTuple):
    """One problem in the index; `folder` is None for a problem of the whole spool."""

    id: int
    entry: int
    folder: int | None
    code: str
    severity: int
    path: bytes
    detail: Mapping[str, Any]
    remedy: str | None


class ProblemText(NamedTuple):
    """One problem, for a report that writes many. `detail` is JSON in ASCII, as `json.dumps` writes
    it by default."""

    folder: int | None
    code: str
    severity: int
    path: bytes
    detail: str
    remedy: str | None


class NotExamined(NamedTuple):
    """A path that the survey did not examine, and why."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class DirectorySeals:
    """The stored facts of a directory: when it was examined (unix ns), its seals and its sums.

    `stamp`: as text, the DirectoryStamp that it had when it held `files` regular files with usual
    names, and nothing else; empty for other directories.
    """

    number: int
    folder: int
    looked: int = 0
    seals: bytes = b""
    messages: int = 0
    bytes: int = 0
    stamp: str = ""
    files: int = 0


@dataclass(frozen=True, slots=True)
class ViewQuery:
    """Which entries a list shows, and in which order.

    `folder`: only this folder (its messages in cur, new, root and nested, and its problems of
    every place); None is the whole spool. `code`: only entries with this problem. `badges`: only
    entries with at least one of these codes. `text`: case-insensitive part of sender, subject,
    path or Message-ID. `sort`: one of SORTS. `repairable_first`: those whose problem `code` has a
    remedy come before the others, each in this order.
    """

    folder: int | None = None
    code: str | None = None
    badges: frozenset[str] = frozenset()
    text: str = ""
    sort: str = "date"
    descending: bool = False
    repairable_first: bool = False


SORTS = ("date", "size", "sender", "subject", "problem", "path")
