"""Whether a journal belongs to a spool: pure judgement of what the journal noted of its spool.

Each fact alone can mislead. Device numbers are given out anew at a restart, inodes are used again,
paths are renamed, and a copy of a spool with its quarantine has the same id. A birth time that is
right to the nanosecond, or the id in the quarantine, together with the inode, identify a spool.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SpoolFacts:
    """What is known of a spool's root directory; None, and an empty path: unknown.

    `birth`: in nanoseconds. `file_system`: its id by statvfs, where that does not depend on the
    device number. `id`: the random id kept in the quarantine.
    """

    path: bytes
    device: int
    inode: int
    birth: int | None = None
    file_system: int | None = None
    id: str | None = None


class Belongs(Enum):
    """Whether a journal is a spool's: yes; the operator must say; no."""

    YES = "yes"
    DOUBTFUL = "doubtful"
    NO = "no"


_COPY = "of which this seems to be a copy"
_REPLACED = "which stood here before: a backup was restored, or the directory was made anew"
_OTHER_ID = "whose quarantine had another id"
_MOVED_OR_COPY = "which is either here now, on another device, or was copied with its file system"
_UNSURE = "which cannot be told from this spool for certain"
_REUSED = "which is another directory, with the same device and inode numbers"


def belongs(known: SpoolFacts, now: SpoolFacts, there: SpoolFacts | None) -> tuple[Belongs, str]:
    """Whether the journal that noted `known` is that of the spool `now`, and why not.

    `there`: what is now at the path that the journal noted; None if nothing is. The reason
    continues a sentence that ends with the spool of the journal.
    """
    ids = _agree(known.id, now.id)
    births = _agree(known.birth, now.birth)
    systems = _agree(known.file_system, now.file_system)
    inode, device = known.inode == now.inode, known.device == now.device
    path = known.path in (b"", now.path)
    if not inode or births is False or systems is False:
        if ids and not path:
            return Belongs.DOUBTFUL, _COPY
        if path:
            return Belongs.DOUBTFUL, _REPLACED
        lives = there is not None and is_still(known, there)
        return (Belongs.DOUBTFUL, _REUSED) if inode and device and not lives else (Belongs.NO, "")
    if ids is False:
        return (Belongs.DOUBTFUL, _OTHER_ID) if path or device else (Belongs.NO, "")
    exact = births and known.birth is not None and known.birth % _SECOND != 0
    certain = bool(ids or exact or (births and systems))
    if path:
        nothing_else = births is None and systems is None
        same = device or certain or systems or nothing_else
        return (Belongs.YES, "") if same else (Belongs.DOUBTFUL, _UNSURE)
    if there is not None and there.device != now.device and is_still(known, there):
        return (Belongs.DOUBTFUL, _COPY) if ids or device else (Belongs.NO, "")
    if certain:  # a copy of the whole file system, mounted alone, looks like one that was moved
        return (Belongs.YES, "") if device else (Belongs.DOUBTFUL, _MOVED_OR_COPY)
    return (Belongs.DOUBTFUL, _UNSURE) if device else (Belongs.NO, "")


def is_still(known: SpoolFacts, there: SpoolFacts) -> bool:
    """Whether the directory at the noted path is the noted one."""
    return (
        known.inode == there.inode
        and _agree(known.birth, there.birth) is not False
        and _agree(known.file_system, there.file_system) is not False
    )


def _agree(one: object, other: object) -> bool | None:
    """Whether two facts are equal; None if either is unknown."""
    return None if one is None or other is None else one == other


@dataclass(frozen=True, slots=True)
class SpoolNotes:
    """What a journal noted of its spool, with the device numbers and paths it had earlier."""

    spool: SpoolFacts
    devices: frozenset[int] = frozenset()
    roots: tuple[bytes, ...] = ()  # the latest last

    @property
    def without_id(self) -> SpoolNotes:
        """The notes without the id in the quarantine, which comes and goes with it."""
        return replace(self, spool=replace(self.spool, id=None))

    def brought_up_to(self, now: SpoolFacts) -> SpoolNotes:
        """The notes with these facts of today; what is unknown now stays as noted."""
        devices, roots = self.devices, self.roots
        if self.spool.device != now.device:
            devices |= {self.spool.device}
        if self.spool.path != now.path:
            roots = (*(root for root in roots if root != self.spool.path), self.spool.path)
        return SpoolNotes(
            replace(
                now,
                birth=self.spool.birth if now.birth is None else now.birth,
                file_system=now.file_system,
                id=self.spool.id if now.id is None else now.id,
            ),
            devices - {now.device},
            tuple(root for root in roots if root != now.path),
        )
