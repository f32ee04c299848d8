"""The facts that rules take as arguments, the present time and the kind of survey among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.filename import NO_NEIGHBOURS, Neighbours
from mailsurgeon.maildir.message import Traits

PLAIN = ""
ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One file, without its neighbours. Sizes are in bytes, times in nanoseconds.

    `place` is a Place; `kind` is "file", "symlink", "fifo", "socket", "device" or "directory".
    `encoding` is PLAIN, a compression or ENCRYPTED; facts about the content describe the
    decompressed text. `broken`: why a server fails to unpack the file. `traits` is 0 until the
    content has been read. `date` is the header date in seconds since 1970, None when no date
    parses. `errno` is set when the file could not be read.
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
    broken: str | None = None
    errno: int | None = None
    holds_mail: bool = False  # directories only

    @property
    def read(self) -> bool:
        """Whether the content has been read and could be looked into."""
        return self.traits & (Traits.READ | Traits.OPAQUE) == Traits.READ


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """The facts about a folder that the rules for its messages need.

    `separator`: the foreign separator that the whole folder uses, None for the usual colon;
    `served`: a server here, which reads colons only, has listed its messages.
    `neighbours`: what its names tell about an ambiguous one.
    `sizes`: (S, W) of the uidlist records that have at least one of them, by base name.
    `owner`: the user and group ids that own most of the spool, None when ownership is not judged.
    """

    separator: bytes | None = None
    sizes: Mapping[bytes, tuple[int | None, int | None]] = field(
        default_factory=dict[bytes, tuple[int | None, int | None]]
    )
    owner: tuple[int, int] | None = None
    served: bool = False
    neighbours: Neighbours = NO_NEIGHBOURS


class Finding(NamedTuple):
    """The result of a rule: a problem that is not yet attached to its file."""

    code: str
    severity: Severity
    detail: dict[str, Any]
    remedy: str | None


@dataclass(frozen=True, slots=True)
class Moment:
    """The present (`now`, in seconds since 1970), and whether the survey reads every message."""

    now: float
    full: bool = True
