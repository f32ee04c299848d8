"""Checks whether a slice, or whole directories, are as the last survey left them; reads no file."""

from __future__ import annotations

import hashlib
import os
import time
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from mailsurgeon.diagnosis.facts import FolderFacts, Moment
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.index.slice import Slice, SliceResult, parts
from mailsurgeon.survey.walk.found import Directory
from mailsurgeon.survey.walk.listing import Listing, stamp_text
from mailsurgeon.survey.workers.alone import statuses_in

_RULES = b"2"  # part of every seal: changing it invalidates the seals of all earlier surveys
_SECONDS = 0.25  # after which a reader returns, and others may go on with the rest
_numbers_of = attrgetter("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")


@dataclass(frozen=True, slots=True)
class SealedDirectory:
    """A directory that held regular files only, all of them examined. `seals` has the digest of
    each slice, `files` is the number of names."""

    path: bytes
    place: str
    seals: Sequence[bytes]
    files: int


@dataclass(frozen=True, slots=True)
class SealedDirectories:
    """Several such directories, whose seals are of slices of `size` names."""

    root: bytes
    directories: Sequence[SealedDirectory]
    folder: FolderFacts
    moment: Moment
    size: int


@dataclass(slots=True)
class SealedResult:
    """Of each of the first directories, whether all of its slices still fit their seals; of those
    after them nobody knows yet."""

    same: list[bool]


def still_sealed(task: SealedDirectories) -> SealedResult:
    """Looks at one directory at least, and at no further one when time is up. Raises OSError only
    when too many files are open."""
    until = time.monotonic() + _SECONDS
    same: list[bool] = []
    for each in task.directories:
        same.append(_fits(task, each))
        if time.monotonic() > until:
            break
    return SealedResult(same)


def _fits(task: SealedDirectories, sealed: SealedDirectory) -> bool:
    """Whether a directory has the names it had, and their files the same statuses.

    That they are regular files need not be seen: another kind of file has another inode, or a
    later ctime.
    """
    path = os.path.join(task.root, sealed.path)
    try:
        names = os.listdir(path)
        if len(names) != sealed.files:
            return False
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if no_more_files(error):
            raise
        return False
    names.sort()
    empty = _empty_seal(sealed.place, task.moment, task.folder)
    try:
        for piece, seal in zip(parts(names, task.size), sealed.seals, strict=True):
            numbers = statuses(directory, piece)
            if numbers is None or _sealed(empty.copy(), piece, numbers) != seal:
                return False
    finally:
        os.close(directory)
    return True


def statuses(directory: int, names: Sequence[bytes]) -> array[int] | list[int] | None:
    """Size, mtime_ns, ctime_ns and inode of each name, one after another; None if one is gone."""
    found = look_up(directory, names)
    return None if found is None else numbers_of(found)


def look_up(directory: int, names: Sequence[bytes]) -> list[os.stat_result] | None:
    """The status of each name; None if one has none. The loop runs in C: it takes little more time
    than the calls."""
    try:
        with statuses_in(directory) as status_of:
            return list(map(status_of, names))
    except OSError:
        return None


def numbers_of(found: Sequence[os.stat_result]) -> array[int] | list[int]:
    """Size, mtime_ns, ctime_ns and inode of each, one after another; a list if one of them is too
    large for an array."""
    numbers = list(chain.from_iterable(map(_numbers_of, found)))
    try:
        return array("q", numbers)
    except OverflowError:
        return numbers


def compared(task: Slice, directory: int) -> SliceResult:
    """Whether the slice still fits its seal, by the status of every name; reads no file."""
    numbers = statuses(directory, task.names)
    same = numbers is not None and seal_of(task, task.names, numbers) == task.seal
    return SliceResult(seal=task.seal, same=same, changed=not same)


def seal_of(task: Slice, names: Sequence[bytes], numbers: Sequence[int]) -> bytes:
    """A digest of everything that findings depend on: names, statuses, the folder's facts."""
    return _sealed(_empty_seal(task.place, task.moment, task.folder), names, numbers)


def _empty_seal(place: str, moment: Moment, folder: FolderFacts) -> hashlib.blake2b:
    facts = (
        place,
        moment.full,
        folder.separator,
        folder.served,
        folder.neighbours,
        folder.owner,
        sorted(folder.sizes.items()),
    )
    return hashlib.blake2b(_RULES + repr(facts).encode(), digest_size=16)


def _sealed(digest: hashlib.blake2b, names: Sequence[bytes], numbers: Sequence[int]) -> bytes:
    digest.update(b"\0".join(names))
    try:
        digest.update(array("q", numbers))
    except OverflowError:
        digest.update(repr(list(numbers)).encode())
    return digest.digest()


def stamp_to_keep(place: str, listing: Listing, names: Sequence[bytes]) -> str:
    """The stamp of a directory with these names to examine; empty if it must be listed again."""
    if place not in (Place.CUR, Place.NEW, Place.TMP) or not listing.settled:
        return ""
    whole = listing.only_files and len(names) == len(listing.files)
    return stamp_text(listing.stamp) if whole else ""


def settled_folders(directories: Iterable[Directory]) -> frozenset[bytes | None]:
    """The folders whose cur and new the walk has not listed, since they are unchanged."""
    return frozenset(
        each.folder
        for each in directories
        if each.unchanged and each.place in (Place.CUR, Place.NEW)
    )
