"""Checks whether a slice, or a whole directory, is as the last survey left it; reads no file."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mailsurgeon.diagnosis.facts import FolderFacts, Moment
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.index.slice import Slice, SliceResult, parts
from mailsurgeon.survey.read.folder_context import FolderContext, lettered
from mailsurgeon.survey.walk.listing import Listing, stamp_text
from mailsurgeon.survey.walk.walk import Directory

_RULES = b"2"  # part of every seal: changing it invalidates the seals of all earlier surveys


@dataclass(frozen=True, slots=True)
class SealedDirectory:
    """A directory that holds regular files only, all of them examined, in slices of `size` names.
    `seals` has the digest of each slice, `files` is the number of names."""

    root: bytes
    directory: bytes
    place: str
    folder: FolderFacts
    moment: Moment
    seals: Sequence[bytes]
    files: int
    size: int


def still_sealed(task: SealedDirectory) -> SliceResult:
    """Whether all slices of the directory still fit their seals. Raises OSError only when too many
    files are open."""
    path = os.path.join(task.root, task.directory)
    changed = SliceResult(changed=True)
    try:
        listing = Listing(path)
        if len(listing.files) != task.files or not listing.only_files:
            return changed
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if no_more_files(error):
            raise
        return changed
    try:
        for names, seal in zip(parts(listing.files, task.size), task.seals, strict=True):
            numbers = statuses(directory, names)
            if numbers is None or seal_of(task, names, numbers) != seal:
                return changed
    finally:
        os.close(directory)
    return SliceResult(same=True)


def statuses(directory: int, names: Sequence[bytes]) -> list[int] | None:
    """Size, mtime_ns, ctime_ns and inode of each name, one after another; None if one is gone."""
    numbers: list[int] = []
    lstat = os.stat
    try:
        for name in names:
            status = lstat(name, dir_fd=directory, follow_symlinks=False)
            numbers += (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    except OSError:
        return None
    return numbers


def seal_of(task: Slice | SealedDirectory, names: Sequence[bytes], numbers: list[int]) -> bytes:
    """A digest of everything that findings depend on: names, statuses, the folder's facts."""
    folder = task.folder
    facts = (
        task.place,
        task.moment.full,
        folder.separator,
        folder.served,
        folder.neighbours,
        folder.owner,
        sorted(folder.sizes.items()),
    )
    digest = hashlib.blake2b(_RULES + repr(facts).encode(), digest_size=16)
    digest.update(b"\0".join(names))
    try:
        digest.update(array("q", numbers))
    except OverflowError:
        digest.update(repr(numbers).encode())
    return digest.digest()


def is_usual(
    context: FolderContext, owner: tuple[int, int] | None, files: Sequence[Sequence[bytes]]
) -> bool:
    """Whether any folder with names like these, those in cur and those in new, has this context:
    nothing but the names and the list of UIDs decides."""
    filed, new = (b"\0".join(names) for names in files)
    return (
        context.facts == FolderFacts(owner=owner)
        and not (context.sizes or context.clashes or context.marked)
        and filed.count(b":2,") == len(files[0])
        and b":" not in new
        and not lettered(filed)
    )


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
