"""Facts: what the rules are functions of. Present time and options are facts too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.message import Traits

PLAIN = ""
ENCRYPTED = "crypted"
UNDECODABLE = "undecodable"


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One file, by itself. Sizes in bytes, times in nanoseconds.

    `place` is a Place; `kind` is "file", "symlink", "fifo", "socket", "device" or "directory".
    `encoding`: PLAIN, a compression, ENCRYPTED, UNDECODABLE; content facts are of the decompressed
    text. `traits` is 0 until the content has been read. `date`: seconds since 1970 of the header
    date, None where none parses. `errno` is set when the file could not be read.
    """

    place: str
    filename: bytes
    kind: str
    size: int
    mtime_ns: int
    encoding: str = PLAIN
    traits: int = 0
    plain_size: int | None = None
    virtual_size: int | None = None
    has_message_id: bool = False
    date: int | None = None
    looks_like: str = ""
    errno: int | None = None
    holds_mail: bool = False  # directories only

    @property
    def read(self) -> bool:
        """Whether there are content facts to judge."""
        return bool(self.traits & Traits.READ) and self.encoding not in (ENCRYPTED, UNDECODABLE)


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What a message's rules must know of its folder.

    `separator`: the foreign separator the whole folder uses, None where that is the colon.
    `sizes`: base name to the (S, W) of its uidlist record, where the record has one of them.
    `owner`: owner and group of most of the spool, None where ownership is not judged.
    """

    separator: bytes | None = None
    sizes: Mapping[bytes, tuple[int | None, int | None]] = field(
        default_factory=dict[bytes, tuple[int | None, int | None]]
    )
    owner: tuple[int, int] | None = None


class Finding(NamedTuple):
    """A problem before it is tied to its file: what a rule returns."""

    code: str
    severity: Severity
    detail: dict[str, Any]
    remedy: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The present, and how the survey looks: `now` in seconds since 1970."""

    now: float
    full: bool = True
