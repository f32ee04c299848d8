"""Examines a small folder in one call: lists it, reads its uidlists, judges its names together, and
examines its messages slice by slice."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailsurgeon.diagnosis.conventions import StoreCount
from mailsurgeon.diagnosis.facts import Moment
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.spool import Spool, join
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.index.slice import Slice, SliceResult, parts
from mailsurgeon.survey.read.examine import examine_names
from mailsurgeon.survey.read.folder_context import (
    FolderContext,
    base_names,
    names_together,
    read_letters,
)
from mailsurgeon.survey.uidlists.cache import (
    StampedLists,
    listed_sizes,
    stamp_lists,
    uidlist_paths,
)
from mailsurgeon.survey.walk.listing import Listing, stamp_text
from mailsurgeon.survey.walk.walk import names_to_examine
from mailsurgeon.survey.workers.alone import answers_alone

WHOLE = 20_000
"""The most names in a folder that one call examines."""
_SECONDS, _SECONDS_BESIDE = 0.5, 0.1
"""After so long the names that are left go back, to be examined in slices: progress is seen, and
others help. The second, where the process has something else to do."""


@dataclass(frozen=True, slots=True)
class WholeFolder:
    """A folder of which the index knows nothing yet.

    `places`: which of cur, new and tmp it has. `store`: the separator of the whole spool, if it
    is not the colon. New rows get ids from `first` on, fewer than `most`, which is also the most
    names that may be examined so. `settled`: as in Slice. A slice has `size` names.
    """

    spool: Spool
    folder: bytes
    places: Sequence[Place]
    owner: tuple[int, int] | None
    store: bytes | None
    moment: Moment
    first: int
    most: int
    settled: int
    size: int


@dataclass(slots=True)
class WholeDirectory:
    """What is known of a cur, new or tmp: the number of names to examine, the stamp to keep (see
    DirectorySeals), the results of the first slices with the first id of each, and the names of the
    others. The rows in the results lack the id of the directory."""

    place: Place
    files: int
    stamp: str
    slices: list[tuple[int, SliceResult]] = field(default_factory=list[tuple[int, SliceResult]])
    rest: list[Sequence[bytes]] = field(default_factory=list[Sequence[bytes]])


@dataclass(slots=True)
class WholeResult:
    """The result of examining a folder: see `NamesTogether` for `context`, `kept` and `usual`.
    `endings` counts the names in cur."""

    context: FolderContext
    kept: FolderContext
    usual: bool
    lists: StampedLists
    endings: StoreCount
    directories: list[WholeDirectory]


def examine_folder(task: WholeFolder) -> WholeResult | None:
    """Examines the folder; None if it has many names, something else than regular files, or cannot
    be listed. Raises OSError only when too many files are open."""
    until = time.monotonic() + (_SECONDS if answers_alone() else _SECONDS_BESIDE)
    try:
        listings = _listings(task)
    except OSError as error:
        if no_more_files(error):
            raise
        return None
    if listings is None:
        return None
    files = [listings[place].files if place in listings else [] for place in (Place.CUR, Place.NEW)]
    endings = StoreCount()
    endings.add(files[0])
    paths = uidlist_paths(task.spool, task.folder)
    lists = stamp_lists(paths)
    facts = {path: stamped.facts for path, stamped in lists.items()}
    sizes = listed_sizes(paths, facts.get, lambda: base_names(files))
    letters = read_letters(task.spool, task.folder)
    context, kept, usual = names_together(
        task.spool, task.folder, files, sizes, letters, task.owner, task.store
    )
    found: list[WholeDirectory] = []
    first = task.first
    for place, listing in listings.items():
        names, _ = names_to_examine(place, listing)
        if names:
            stamp = _stamp(task, listing, names) if usual else ""
            found.append(WholeDirectory(place, len(names), stamp))
            _examine(task, found[-1], names, context, first, until)
            first += len(names)
    return WholeResult(context, kept, usual, lists, endings, found)


def _listings(task: WholeFolder) -> dict[Place, Listing] | None:
    found: dict[Place, Listing] = {}
    left = task.most
    for place in task.places:
        path = join(task.spool.absolute(task.folder), place.encode())
        found[place] = listing = Listing(path, left)
        left -= len(listing.files)
        if left < 0 or not listing.only_files:
            return None
    return found


def _stamp(task: WholeFolder, listing: Listing, names: Sequence[bytes]) -> str:
    """The stamp to keep of a directory; empty if it must be listed again."""
    stamp = listing.stamp
    settled = max(stamp.mtime_ns, stamp.ctime_ns) < task.settled
    return stamp_text(stamp) if settled and len(names) == len(listing.files) else ""


def _examine(
    task: WholeFolder,
    found: WholeDirectory,
    names: Sequence[bytes],
    context: FolderContext,
    first: int,
    until: float,
) -> None:
    """Examines the names of a directory, as long as there is time."""
    path = join(task.folder, found.place.encode())
    pieces = list(parts(names, task.size))
    try:
        directory = os.open(
            task.spool.absolute(path), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    except OSError as error:
        if no_more_files(error):
            raise
        found.rest = pieces
        return
    try:
        for number, piece in enumerate(pieces):
            if time.monotonic() > until:
                found.rest = pieces[number:]
                return
            part = Slice(
                task.spool.root, path, found.place, piece, context.facts_for(piece), task.moment,
                first=first + number * task.size, regular=True,
                packs=found.place is not Place.TMP, settled=task.settled,
            )  # fmt: skip
            found.slices.append((part.first, examine_names(part, directory)))
    finally:
        os.close(directory)
