"""Calls the native reader, which looks at the usual messages of a slice.

It takes a message only if everything about it is usual, and then says the same of it as `peek` and
`sound` would. It says nothing of all other files: those are for `examine`.
"""

from __future__ import annotations

import ctypes
import math
from array import array
from collections.abc import Sequence
from ctypes import c_char_p, c_int32, c_int64, c_uint32, c_void_p
from dataclasses import dataclass

from mailsurgeon.diagnosis.folder_rules import JUDGED, NEEDED
from mailsurgeon.diagnosis.message_rules import DAY
from mailsurgeon.survey.index.packed import HealthyColumns, Owner
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.index.slice import Slice

_VERSION = 1  # as in native/src/reader.c
_COLUMNS = 7
_OWNERS = 16
_LARGEST = 1024 * 1024  # bytes of a file
_TEXT = 512  # bytes of a sender, a subject or a Message-ID for which there is room, on average
_AT_ONCE = 100  # files in one call, which no signal interrupts


class _Owner(ctypes.Structure):
    _fields_ = [("mode", c_uint32), ("user", c_uint32), ("group", c_uint32)]


class _Call(ctypes.Structure):
    """`struct slice` of native/src/reader.h."""

    _fields_ = [
        ("directory", c_int32), ("cur", c_int32), ("sizes", c_int32), ("owned", c_int32),
        ("user", c_uint32), ("group", c_uint32), ("judged", c_uint32), ("needed", c_uint32),
        ("late", c_int64), ("names", c_char_p), ("next", c_int64),
        ("buffer", c_void_p), ("room", c_int64),
        ("healthy", c_int64), ("column", c_void_p * _COLUMNS), ("digests", c_void_p),
        ("which", c_void_p), ("owners", c_int64), ("owner", c_void_p), ("numbers", c_void_p),
        ("text", c_void_p * 3), ("text_end", c_void_p * 3), ("others", c_int64),
        ("left", c_void_p),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NativeResult:
    """What the native reader has found in a slice: healthy messages, the modes and owners that they
    have, and the places in the slice of all other files.

    `numbers`: size, mtime_ns, ctime_ns and inode of each file, one after another; of those others,
    they mean nothing.
    """

    columns: HealthyColumns
    owners: Sequence[Owner]
    left: Sequence[int]
    numbers: array[int]

    def all_numbers(self, others: list[int]) -> list[int]:
        """The numbers of all files, given those of the other ones; if some of these are missing,
        those that are given."""
        if len(others) < 4 * len(self.left):
            return others
        numbers = self.numbers.tolist()
        for at, offset in enumerate(self.left):
            numbers[4 * offset : 4 * offset + 4] = others[4 * at : 4 * at + 4]
        return numbers


class NativeReader:
    """The library at a path. Raises OSError if it cannot be used."""

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path)
        try:
            form, self._read = library.mailsurgeon_reader, library.mailsurgeon_read
        except AttributeError as error:
            raise OSError(str(error)) from error
        form.restype = c_int64
        if form() != _VERSION << 16 | ctypes.sizeof(_Call):
            raise OSError(f"{path}: made for another version")
        self._read.argtypes = [ctypes.POINTER(_Call), c_int64]
        self._read.restype = None
        # Not one of the reader's own: a call that hangs keeps its room.
        self._rooms: list[_Room] = []

    def read(self, task: Slice, directory: int) -> NativeResult | None:
        """Reads the messages of a slice, whose directory this descriptor is; None if its folder is
        unusual. Raises nothing because of a file."""
        if task.folder.separator is not None or not task.names:
            return None
        number = len(task.names)
        try:
            room = self._rooms.pop()
        except IndexError:
            room = _Room()
        room.make(number)
        call = room.call(task, directory)
        for until in range(_AT_ONCE, number + _AT_ONCE, _AT_ONCE):
            self._read(call, min(until, number))
        found = room.found(task, call)
        self._rooms.append(room)
        return found


class _Room:
    """The memory that a call needs, for slices of up to `number` names."""

    def __init__(self) -> None:
        self.number = 0
        self.buffer = ctypes.create_string_buffer(_LARGEST + 2)
        self.owner = (_Owner * _OWNERS)()

    def make(self, number: int) -> None:
        """Makes room for so many names."""
        if number <= self.number:
            return
        self.number = number
        self.columns = [(c_int64 * number)() for _ in range(_COLUMNS)]
        self.digests, self.left = (c_int64 * number)(), (c_int64 * number)()
        self.numbers = (c_int64 * (4 * number))()
        self.which = ctypes.create_string_buffer(number)
        self.texts = [ctypes.create_string_buffer(_TEXT * number) for _ in range(3)]

    def call(self, task: Slice, directory: int) -> _Call:
        """What the library is called with."""
        place = ctypes.addressof
        folder = task.folder
        user, group = folder.owner or (0, 0)
        texts = [place(text) for text in self.texts]
        ends = [start + len(text) for start, text in zip(texts, self.texts, strict=True)]
        return _Call(
            directory, task.place == Place.CUR, bool(folder.sizes), folder.owner is not None,
            user, group, JUDGED, NEEDED,
            math.floor(task.moment.now) + DAY, b"\0".join(task.names), 0,
            place(self.buffer), _LARGEST,
            0, (c_void_p * _COLUMNS)(*map(place, self.columns)), place(self.digests),
            place(self.which), 0, place(self.owner), place(self.numbers),
            (c_void_p * 3)(*texts), (c_void_p * 3)(*ends), 0, place(self.left),
        )  # fmt: skip

    def found(self, task: Slice, call: _Call) -> NativeResult:
        """What a call has found."""
        healthy, names = call.healthy, task.names
        offsets, sizes, mtimes, ctimes, inodes, more, dates = (
            _numbers(column, healthy) for column in self.columns
        )
        if healthy < len(names):
            names = [names[offset] for offset in offsets]
        columns = HealthyColumns(
            offsets, b"\0".join(names), sizes, mtimes, ctimes, inodes, self.which.raw[:healthy],
            more, dates, _numbers(self.digests, healthy, "Q"),
            *(
                ctypes.string_at(text, max(end - ctypes.addressof(text) - 1, 0))
                for text, end in zip(self.texts, call.text, strict=True)
            ),
        )  # fmt: skip
        owners = [(each.mode, each.user, each.group) for each in self.owner[: call.owners]]
        left = _numbers(self.left, call.others)
        return NativeResult(columns, owners, left, _numbers(self.numbers, 4 * len(task.names)))


def _numbers(column: ctypes.Array[c_int64], count: int, kind: str = "q") -> array[int]:
    """The first numbers of a column."""
    return array(kind, ctypes.string_at(column, 8 * count))
