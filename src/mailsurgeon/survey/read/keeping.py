"""Writes what readers have found in directories into the index, slice by slice."""

from __future__ import annotations

import struct
import time
from dataclasses import replace

from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.index.rows import DirectorySeals
from mailsurgeon.survey.index.slice import Known, SliceResult
from mailsurgeon.survey.index.writer import IndexWriter
from mailsurgeon.survey.read.parts import FolderPart, Look, SlicePart
from mailsurgeon.survey.read.whole_folder import WholeDirectory
from mailsurgeon.survey.walk.found import Directory

_SEAL = struct.Struct("16sIQ")  # a slice's digest, the number of its messages, and their bytes
_NO_SEAL = bytes(16)


def seals_in(seals: bytes) -> list[bytes]:
    """The digests of the slices of a directory; an empty one for a slice without a seal."""
    found = [seals[at : at + 16] for at in range(0, len(seals), _SEAL.size)]
    return [b"" if seal == _NO_SEAL else seal for seal in found]


class Keeping:
    """Keeps results. `changed` is then True if anything differed from the last survey, and
    `vanished` if a file was gone by the time it was to be read."""

    def __init__(self, writer: IndexWriter, *, full: bool) -> None:
        self.writer = writer
        self.full = full
        self.changed = False
        self.vanished = False

    def begin(self, directory: Directory, names: list[bytes]) -> Look:
        """Begins to examine a directory with these names."""
        look = self._look(directory, names, time.time_ns())
        look.files = len(names)
        return look

    def _look(self, directory: Directory, names: list[bytes], started: int) -> Look:
        writer = self.writer
        with writer.transaction():
            folder = writer.folder_id(directory.folder)
            known = writer.directory(directory.path, directory.place, folder)
            seals = known.seals
            if known.looked > started:  # the clock was set back, so no seal can be trusted
                known, seals = replace(known, looked=1), b""
            writer.begin_directory(known, started)
        before = [seals[start : start + _SEAL.size] for start in range(0, len(seals), _SEAL.size)]
        return Look(directory, known, started, names, before)

    def emptied(self, directory: Directory) -> None:
        """Forgets a directory whose files have all disappeared since the walk."""
        if (directory.path, directory.place) in self.writer.directories:
            self.changed = True
            with self.writer.transaction():
                self.writer.forget_directory(directory.path, directory.place)

    def whole(self, part: FolderPart, found: WholeDirectory) -> Look:
        """Keeps what a reader of a whole folder has found in its cur, new or tmp."""
        folder = part.task.folder
        directory = Directory(join(folder, found.place.encode()), folder, found.place)
        look = self._look(directory, [], part.started)
        look.files, look.stamp, look.same = found.files, found.stamp, False
        look.expect(len(found.slices) + len(found.rest))
        with self.writer.transaction():
            for number, (first, result) in enumerate(found.slices):
                result.set_directory(look.known.number, full=self.full)
                self._keep(look, number, first, result)
        return look

    def slice(self, part: SlicePart, result: SliceResult) -> None:
        """Keeps the result of a slice that has been examined, or that has not changed."""
        with self.writer.transaction():
            if not result.same:
                self.writer.forget(part.stale)
            self._keep(part.look, part.number, part.task.first, result, part.task.known)

    def _keep(
        self, look: Look, number: int, first: int, result: SliceResult, known: Known | None = None
    ) -> None:
        if result.same:
            seal = look.before[number]
            _, messages, size = _SEAL.unpack(seal)
        else:
            messages, size = result.messages, result.bytes
            seal = _SEAL.pack(result.seal, messages, size)
            look.same = False
            self.vanished |= result.vanished
            self.changed |= bool(result.packed or result.usual or result.others or result.gone)
            if known:
                self.writer.forget_findings(entry for entry, _ in known.values())
            self.writer.store(
                look.known.number, look.known.folder, first, result, quick=not self.full,
                known=bool(known),
            )  # fmt: skip
        look.seals[number] = seal
        look.messages += messages
        look.bytes += size
        look.waiting -= 1
        if not look.waiting:
            self._end(look)

    def _end(self, look: Look) -> None:
        number = look.known.number
        if look.known.looked and not look.same:
            self.changed |= self.writer.forget_gone(number, set(look.names))
        seals = b"".join(look.seals)
        self.writer.end_directory(
            DirectorySeals(
                number, look.known.folder, look.started, seals, look.messages, look.bytes,
                look.stamp if all(seals_in(seals)) else "", look.files,
            )
        )  # fmt: skip
