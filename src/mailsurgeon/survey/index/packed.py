"""The healthy messages of a slice as columns, compressed: how a reader sends and the index keeps
them.

A message with a problem, and any other that is unusual, has a row in `files` instead. Packed, a
message takes a fifth of the room of a row and a tenth of the time.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import sub
from struct import Struct
from typing import NamedTuple, TypeVar
from zlib import adler32, crc32

from mailsurgeon.maildir.message import LONGEST_SHOWN
from mailsurgeon.maildir.message_fast import USUAL, Peek, sender_shown, subject_shown
from mailsurgeon.survey.index.slice import Facts, Packed

MOST_OWNERS = 256
"""So many different modes and owners among the messages of a slice can be packed."""
_LARGE = 16_384  # bytes; below this, loading zstandard takes longer than it saves
_NO_DATE = -(1 << 63)
_T = TypeVar("_T")
_LOWER = {number: number + 32 for number in range(ord("A"), ord("Z") + 1)}
_ZLIB, _ZSTD = b"z", b"s"
_LEVEL = 2  # of zstandard: smaller than 1, for 0.05 s more in 400,000 messages; 3 adds nothing
_HEAD = Struct("<III")  # bytes of the numbers, number of owners, bytes of the names

Owner = tuple[int, int, int]
"""st_mode, uid and gid."""


Healthy = tuple[int, bytes, int, int, int, int, int, int, str | None, bytes, bytes, int | None]
"""What is packed of one message: the place of its name among those of the slice, the name, size,
mtime_ns, ctime_ns and inode; the number of its mode and owner among those of the slice, below
MOST_OWNERS; and the `Peek` at its content, UNREAD in a quick survey. A tuple with names would take
four times as long to make."""
UNREAD: Peek = (0, None, b"", b"", None)


def pack(
    first: int, messages: Sequence[Healthy], owners: Sequence[Owner], *, full: bool
) -> Packed | None:
    """Packs messages of a slice whose ids begin with `first`. None if one of them has a number that
    is too large, or a NUL in its header."""
    columns = list(zip(*messages, strict=True))
    offsets, names, sizes, mtimes, ctimes, inodes, which = columns[:7]
    virtuals, identities, senders, subjects, dates = columns[7:]
    numeric: list[Iterable[int]] = [offsets, sizes, mtimes, ctimes, inodes]
    digests = texts = b""
    if full:
        numeric.append(map(sub, virtuals, sizes))
        numeric.append(_NO_DATE if date is None else date for date in dates)
        digests = _little(array("Q", map(digest_of, identities))).tobytes()
        shown = [text[:LONGEST_SHOWN] for text in (*senders, *subjects)]
        texts = b"\0".join(("\0".join(identities).encode(), *shown))
        if texts.count(b"\0") != 3 * len(messages) - 1:
            return None
    try:
        planes = b"".join(map(_planes, numeric))
    except OverflowError:
        return None
    named = b"\0".join(names)
    owned = _bytes(number for owner in owners for number in owner)
    head = _HEAD.pack(len(planes), len(owners), len(named))
    kinds = bytes(which) if len(owners) > 1 else b""
    numbers = b"".join((head, planes, owned, named, kinds))
    return Packed(
        first + offsets[-1], len(messages), int(full), names[0], names[-1], min(mtimes),
        max(mtimes), digests,
        _compressed(numbers), _compressed(texts),
    )  # fmt: skip


class Statuses(NamedTuple):
    """Columns of messages that have not been read, by name: see Healthy."""

    offsets: Sequence[int]
    names: Sequence[bytes]
    sizes: array[int]
    mtimes: array[int]
    ctimes: array[int]
    inodes: array[int]


def pack_statuses(first: int, statuses: Statuses, owner: Owner) -> Packed:
    """As `pack`, for messages, one at least, that have one mode and owner."""
    offsets, names, *numeric = statuses
    planes = b"".join(map(_planes, (array("q", offsets), *numeric)))
    named = b"\0".join(names)
    owned = _little(array("q", owner)).tobytes()
    numbers = b"".join((_HEAD.pack(len(planes), 1, len(named)), planes, owned, named))
    return Packed(
        first + offsets[-1], len(names), 0, names[0], names[-1], min(statuses.mtimes),
        max(statuses.mtimes), b"", _compressed(numbers), _compressed(b""),
    )  # fmt: skip


class PackedColumns:
    """The messages of a packed slice, those left out that have since got a row or are gone.

    The lists are parallel and ordered by name; every one is made when it is first asked for.
    """

    def __init__(
        self, first: int, directory: int, packed: Packed, taken: Iterable[int] = ()
    ) -> None:
        self.first, self.directory, self.full = first, directory, bool(packed.full)
        self.last = packed.last
        self._packed = packed
        number = packed.number
        self._left: list[int] | None = None
        data = _plain(packed.numbers)
        planes, owners, names = _HEAD.unpack_from(data)
        start = _HEAD.size
        self._numeric = [
            data[at : at + 8 * number] for at in range(start, start + planes, 8 * number)
        ]
        start += planes
        self._owned = data[start : start + 24 * owners]
        start += 24 * owners
        self._named = data[start : start + names]
        self._which = data[start + names :]
        gone = set(taken)
        if gone:
            offsets = self._numbers(0)
            self._left = [
                place for place, offset in enumerate(offsets) if first + offset not in gone
            ]

    def __len__(self) -> int:
        return self._packed.number if self._left is None else len(self._left)

    @cached_property
    def ids(self) -> array[int]:
        first = self.first
        return array("q", [first + offset for offset in self._numbers(0)])

    @cached_property
    def names(self) -> Sequence[bytes]:
        return self._pick(self._named.split(b"\0"))

    @cached_property
    def sizes(self) -> array[int]:
        return self._numbers(1)

    @cached_property
    def mtimes(self) -> array[int]:
        return self._numbers(2)

    @cached_property
    def ctimes(self) -> array[int]:
        return self._numbers(3)

    @cached_property
    def inodes(self) -> array[int]:
        return self._numbers(4)

    @cached_property
    def owners(self) -> list[Owner]:
        """Mode, user and group of each."""
        numbers = _longs(self._owned)
        owners = [
            (numbers[at], numbers[at + 1], numbers[at + 2]) for at in range(0, len(numbers), 3)
        ]
        if not self._which:
            return owners * len(self)
        return [owners[which] for which in self._pick(self._which)]

    @cached_property
    def virtual_sizes(self) -> Sequence[int | None]:
        if not self.full:
            return [None] * len(self)
        return [size + more for size, more in zip(self.sizes, self._numbers(5), strict=True)]

    @cached_property
    def dates(self) -> Sequence[int | None]:
        if not self.full:
            return [None] * len(self)
        return [None if date == _NO_DATE else date for date in self._numbers(6)]

    @cached_property
    def digests(self) -> Sequence[int]:
        """Of each Message-ID, as a number; none after a quick survey."""
        return self._pick(digest_column(self._packed.digests)) if self.full else []

    @cached_property
    def message_ids(self) -> Sequence[str | None]:
        return [text.decode() for text in self._texts[0]] if self.full else [None] * len(self)

    @cached_property
    def senders(self) -> Sequence[str | None]:
        return list(map(sender_shown, self._texts[1])) if self.full else [None] * len(self)

    @cached_property
    def subjects(self) -> Sequence[str | None]:
        return list(map(subject_shown, self._texts[2])) if self.full else [None] * len(self)

    @cached_property
    def _texts(self) -> tuple[Sequence[bytes], ...]:
        texts = _plain(self._packed.texts).split(b"\0")
        number = self._packed.number
        return tuple(self._pick(texts[at * number : (at + 1) * number]) for at in range(3))

    def facts(self, place: int) -> Facts:
        """The row of the message at this place in the lists."""
        mode, uid, gid = self.owners[place]
        facts = Facts(
            self.names[place], "file", self.sizes[place], self.mtimes[place], self.ctimes[place],
            self.inodes[place], mode, uid, gid, 1,
        )  # fmt: skip
        if not self.full:
            return facts
        identities, senders, subjects = self._texts
        return facts._replace(
            traits=USUAL,
            virtual_size=self.virtual_sizes[place],
            message_id=identities[place].decode(),
            sender=sender_shown(senders[place]),
            subject=subject_shown(subjects[place]),
            date=self.dates[place],
        )

    def _numbers(self, column: int) -> array[int]:
        data = self._numeric[column]
        number = self._packed.number
        whole = bytearray(8 * number)
        for byte in range(8):
            whole[byte::8] = data[byte * number : (byte + 1) * number]
        numbers = _longs(bytes(whole))
        return numbers if self._left is None else array("q", map(numbers.__getitem__, self._left))

    def _pick(self, values: Sequence[_T]) -> Sequence[_T]:
        return values if self._left is None else list(map(values.__getitem__, self._left))


def digest_of(message_id: str) -> int:
    """The digest of a Message-ID, of 64 bits, in which the case of ASCII letters does not matter.

    Two checksums, because they take a fifth of the time of a cryptographic digest, and nobody gains
    by making two of them meet: texts are compared then.
    """
    data = message_id.encode().lower()
    return crc32(data) | adler32(data) << 32


def folded(text: str) -> str:
    """A text with ASCII letters in lower case: alike for texts that SQLite's NOCASE finds equal."""
    return text.translate(_LOWER)


def digest_column(data: bytes) -> array[int]:
    """The digests in a column of them."""
    return _little(array("Q", data))


def _bytes(numbers: Iterable[int]) -> bytes:
    """Numbers of 64 bits, the lowest byte first. Raises OverflowError."""
    return _little(array("q", numbers)).tobytes()


def _longs(data: bytes) -> array[int]:
    return _little(array("q", data))


def _little(values: array[int]) -> array[int]:
    """The values with the lowest byte first on this machine, or the other way round."""
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _planes(numbers: Iterable[int]) -> bytes:
    """The lowest bytes of all numbers, then the next ones, and so on: high bytes are mostly alike,
    so that together they take no room when compressed."""
    data = _bytes(numbers)
    return b"".join([data[byte::8] for byte in range(8)])


def _compressed(data: bytes) -> bytes:
    if len(data) < _LARGE:
        return _ZLIB + zlib.compress(data, 1)
    import zstandard

    return _ZSTD + zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def _plain(data: bytes) -> bytes:
    """The data before they were compressed. Raises ValueError when they are damaged."""
    if data[:1] == _ZLIB:
        try:
            return zlib.decompress(data[1:])
        except zlib.error as error:
            raise ValueError(str(error)) from error
    import zstandard

    try:
        return zstandard.ZstdDecompressor().decompress(data[1:])
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
