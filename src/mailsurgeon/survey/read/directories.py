"""Examines directories in slices, several at once, and writes the results into the index."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from itertools import chain, groupby
from operator import attrgetter

from mailsurgeon.diagnosis.conventions import StoreCount
from mailsurgeon.diagnosis.facts import FolderFacts, Moment
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.spool import Spool, join
from mailsurgeon.survey.index.rows import GRANULARITY, NotExamined, Place
from mailsurgeon.survey.index.slice import Slice, SliceResult, parts
from mailsurgeon.survey.index.writer import NO_FOLDER, IndexWriter
from mailsurgeon.survey.progress import Extent
from mailsurgeon.survey.read.calls import Calls
from mailsurgeon.survey.read.folder_context import (
    FolderContext,
    base_names,
    names_together,
    read_letters,
)
from mailsurgeon.survey.read.hang_guard import GaveUp, HangGuard
from mailsurgeon.survey.read.keeping import Keeping, seals_in
from mailsurgeon.survey.read.parts import FolderPart, Look, Part, PartResult, SealedPart, SlicePart
from mailsurgeon.survey.read.sealed import (
    SealedDirectories,
    SealedDirectory,
    SealedResult,
    settled_folders,
    stamp_to_keep,
)
from mailsurgeon.survey.read.whole_folder import (
    WHOLE,
    WholeFolder,
    WholeResult,
)
from mailsurgeon.survey.uidlists.cache import Lists
from mailsurgeon.survey.walk.found import Directory
from mailsurgeon.survey.walk.listing import Listing
from mailsurgeon.survey.walk.walk import names_to_examine

SLICE = 1000
"""Names in a slice: small enough to show progress, large enough to be worth sending."""
_TOGETHER = 4000
"""Names in unchanged directories that one call looks at, if they are small."""


class Looking:
    """Examines directories."""

    def __init__(
        self,
        spool: Spool,
        writer: IndexWriter,
        lists: Lists,
        moment: Moment,
        owner: tuple[int, int] | None,
        executor: Executor | None,
        jobs: int,
        patience: HangGuard,
        cancelled: Callable[[], bool],
        store: bytes | None,
        endings: StoreCount,
        extent: Extent,
        list_folder: Callable[[bytes], list[Directory]],
        *,
        packs: bool = True,
    ) -> None:
        self.spool = spool
        self.writer = writer
        self.lists = lists
        self.moment = moment
        self.owner = owner
        self.executor = executor
        self.patience = patience
        self.cancelled = cancelled
        self.store = store  # the separator of the whole spool
        self.endings = endings  # gets those of folders that readers list
        self.extent = extent
        self.list_folder = list_folder  # lists what a reader could not examine as a whole
        self.packs = packs
        self.contexts: dict[bytes, FolderContext] = {}
        self.abandoned: set[bytes | None] = set()
        self._keeping = Keeping(writer, full=moment.full)
        self._lost = False  # a file was gone when its directory was listed for the second time
        self._settled: frozenset[bytes | None] = frozenset()  # cur and new are as they were
        self._usual: set[bytes] = set()  # with a context that all usual names have
        self._listed: dict[bytes, Listing] = {}
        self._walked: dict[bytes, Directory] = {}
        self.calls = Calls(
            executor, jobs, patience, cancelled, writer.flush, self._singly, self._give_up
        )

    @property
    def changed(self) -> bool:
        """Whether anything differed from the last survey."""
        return self._keeping.changed

    @property
    def vanished(self) -> bool:
        """Whether a file was gone by the time it was to be read."""
        return self._keeping.vanished or self._lost

    def run(self, directories: list[Directory], on_done: Callable[[int], None]) -> bool:
        """Examines the directories, which are sorted by folder. Returns False when cancelled.

        Calls `on_done` after each part with the number of names in it.
        """
        self._walked = {each.path: each for each in directories}
        if self.executor is not None:
            left_to_readers = {each.folder for each in directories if each.whole}
            folders = {each.folder: None for each in directories if each.folder is not None}
            mine = (folder for folder in folders if folder not in left_to_readers)
            self.lists.ask_ahead(self.executor, mine)
        self._settled = settled_folders(directories) if self.store is None else frozenset()
        for part, result in self.calls.results(self._parts(directories)):
            on_done(self._done(part, result))
            if self.cancelled():
                return False
        return not self.cancelled()

    # Taking apart

    def _parts(self, directories: Iterable[Directory]) -> Iterator[Part]:
        sealed: list[Directory] = []
        # Without readers every directory must answer for itself.
        room = most = _TOGETHER if self.executor is not None else 0
        for folder, group in groupby(directories, attrgetter("folder")):
            mine: list[Directory] = list(group)
            whole = next((each for each in mine if each.whole), None)
            if whole is not None and folder not in self.abandoned:
                yield self._whole(whole, [each for each in mine if each is not whole])
                continue
            context = self._context_of(folder)
            for directory in mine:
                if not (directory.unchanged and folder in self._usual):
                    yield from self._in_slices(directory, context)
                    continue
                sealed.append(directory)
                room -= directory.files
                if room <= 0:
                    yield self._sealed(sealed)
                    sealed, room = [], most
        if sealed:
            yield self._sealed(sealed)

    def _whole(self, first: Directory, others: Sequence[Directory]) -> FolderPart:
        folder, started = first.folder or b"", time.time_ns()
        task = WholeFolder(
            self.spool, folder, first.whole, self.owner, self.store, self.moment,
            self.writer.reserve(WHOLE), WHOLE, started - GRANULARITY, SLICE,
        )  # fmt: skip
        directories = [
            Directory(join(folder, place.encode()), folder, place) for place in first.whole
        ]
        return FolderPart(directories, others, started, task)

    def _sealed(self, directories: Sequence[Directory]) -> SealedPart:
        """Whole directories, of which only the statuses are looked at."""
        sealed: list[SealedDirectory] = []
        for each in directories:
            seals = seals_in(self.writer.directories[each.path, each.place].seals)
            sealed.append(SealedDirectory(each.path, each.place, seals, each.files))
        usual = FolderFacts(owner=self.owner)
        task = SealedDirectories(self.spool.root, sealed, usual, self.moment, SLICE)
        return SealedPart(directories, task)

    def _singly(self, part: SealedPart) -> Iterator[Part]:
        for directory in part.directories:
            if directory.folder in self.abandoned:
                self._skip(directory, GaveUp())
            else:
                yield self._sealed([directory])

    def _in_slices(
        self, directory: Directory, context: FolderContext | None
    ) -> Iterator[SlicePart]:
        try:
            if directory.folder in self.abandoned:
                raise GaveUp
            listing = self._listing(directory.path)
        except OSError as error:
            if no_more_files(error):
                raise
            self._skip(directory, error)
            return
        yield from self._slices(directory, listing, context)

    def _slices(
        self, directory: Directory, listing: Listing, context: FolderContext | None
    ) -> Iterator[SlicePart]:
        names, others = names_to_examine(directory.place, listing)
        if not names and not others:
            self._keeping.emptied(directory)
            return
        look = self._keeping.begin(directory, names + others)
        pieces = [(piece, True) for piece in parts(names, SLICE)]
        pieces += [(piece, False) for piece in parts(others, SLICE)]
        look.expect(len(pieces))
        look.same = len(look.before) == len(pieces)
        if not others and directory.folder in self._usual:
            look.stamp = stamp_to_keep(directory.place, listing, names)
        for number, (piece, usual) in enumerate(pieces):
            yield self._part(look, number, piece, usual, context)

    def _part(
        self,
        look: Look,
        number: int,
        names: Sequence[bytes],
        regular: bool,
        context: FolderContext | None,
    ) -> SlicePart:
        directory = look.directory
        facts = FolderFacts(owner=self.owner)
        if directory.folder is not None and context:
            facts = context.facts_for(names)
        seal = seals_in(look.before[number])[0] if number < len(look.before) else b""
        task = Slice(
            self.spool.root, directory.path, directory.place, names, facts, self.moment,
            look.known.number, self.writer.reserve(len(names)), regular, self.packs and regular
            and directory.place in (Place.CUR, Place.NEW), seal,
            trusted=look.known.looked - GRANULARITY, settled=look.started - GRANULARITY,
        )  # fmt: skip
        part = SlicePart(look, number, task)
        return part if task.seal else self._informed(part, task)

    def _informed(self, part: SlicePart, task: Slice) -> SlicePart:
        """The part with the index's rows of its names and without its seal, so that a reader
        examines every name."""
        if not part.look.known.looked:
            return part
        task = replace(task, seal=b"")
        known = self.writer.known(task.number, task.names)
        if self.moment.full and self.writer.unread(task.number, task.names):
            stale = [number for number, _ in known.values()]
            return replace(part, task=task, stale=stale)  # nothing of them has been read
        return replace(part, task=replace(task, known=known))

    def _context_of(self, folder: bytes | None) -> FolderContext | None:
        """None for files in no folder, and if the operator gives up on the folder."""
        if folder is None or folder in self.abandoned:
            return None
        try:
            return self._context(folder)
        except GaveUp:
            self.abandoned.add(folder)
            return None

    def _context(self, folder: bytes) -> FolderContext:
        self._usual.discard(folder)
        if folder in self._settled and not self.lists.has_sizes(folder):
            self._usual.add(folder)
            usual = FolderFacts(owner=self.owner)
            self.contexts[folder] = FolderContext(folder, FolderFacts())
            return FolderContext(folder, usual)
        self._listed = {}
        files: list[list[bytes]] = []
        for subdir in (b"cur", b"new"):
            try:
                listing = self._listing(folder + b"/" + subdir if folder else subdir)
                files.append(listing.files)
            except GaveUp:
                raise
            except OSError as error:
                if no_more_files(error):
                    raise
                files.append([])
        sizes = self.patience.call(folder, self.lists.sizes, folder, partial(base_names, files))
        letters = self.patience.call(folder, read_letters, self.spool, folder)
        context, self.contexts[folder], usual = names_together(
            self.spool, folder, files, sizes, letters, self.owner, self.store
        )
        if usual:
            self._usual.add(folder)
        return context

    def _listing(self, path: bytes) -> Listing:
        """A directory's listing. Those of cur and new are kept, because the folder's context and
        the directory itself both need them."""
        listing = self._listed.get(path)
        if listing is None:
            absolute = os.path.join(self.spool.root, path)
            walked = self._walked.get(path)
            before = walked.take_listing() if walked else None
            listing = before
            if listing is None or not self.patience.call(path, listing.stands, absolute):
                listing = self.patience.call(path, Listing, absolute)
            if before is not None and before is not listing:
                self._lost |= not set(listing.files).issuperset(before.files)
        self._listed[path] = listing
        return listing

    def _skip(self, directory: Directory, error: OSError) -> None:
        if isinstance(error, GaveUp):
            self.abandoned.add(directory.folder)
        reason = error.strerror or "cannot be read"
        with self.writer.transaction():
            self.writer.not_examined(NotExamined(directory.path, reason), NO_FOLDER)

    def _give_up(self, part: Part) -> None:
        others = part.others if isinstance(part, FolderPart) else ()
        for directory in (*part.directories, *others):
            self._skip(directory, GaveUp())

    # Writing

    def _done(self, part: Part, result: PartResult) -> int:
        """Keeps a result; returns how many names are done."""
        if isinstance(part, SealedPart):
            assert isinstance(result, SealedResult)
            return self._unchanged_files(part, result)
        if isinstance(part, SlicePart):
            assert isinstance(result, SliceResult)
            return self._slice_done(part, result)
        if result is None:
            listed = self.list_folder(part.task.folder)
            self._walked.update({each.path: each for each in listed})
            self.extent.listed(part.task.folder, sum(each.files for each in listed))
            directories = sorted([*listed, *part.others], key=attrgetter("path"))
            self.calls.before(self._parts(directories))
            return 0
        assert isinstance(result, WholeResult)
        return self._folder_done(part, result)

    def _folder_done(self, part: FolderPart, result: WholeResult) -> int:
        folder = part.task.folder
        self.extent.listed(folder, sum(each.files for each in result.directories))
        self.contexts[folder] = result.kept
        if result.usual:
            self._usual.add(folder)
        self.endings.add_count(result.endings)
        with self.writer.transaction():
            self.lists.keep(folder, result.lists)
        rest: list[Part] = []
        done = 0
        for each in result.directories:
            look = self._keeping.whole(part, each)
            done += each.files - sum(map(len, each.rest))
            for number, names in enumerate(each.rest, len(each.slices)):
                rest.append(self._part(look, number, names, True, result.context))
        others = (one for each in part.others for one in self._in_slices(each, result.context))
        self.calls.before(chain(rest, others))
        return done

    def _unchanged_files(self, part: SealedPart, result: SealedResult) -> int:
        """How many names of directories are done, since they are unchanged; the others are to be
        examined."""
        looked = len(result.same)
        again = list(part.directories[looked:])
        files = 0
        for directory, same in zip(part.directories, result.same, strict=False):
            if same:
                files += directory.files
            else:
                self._settled -= {directory.folder}
                again.append(replace(directory, unchanged=False))
        if again:
            self.calls.before(self._parts(again))
        return files

    def _slice_done(self, part: SlicePart, result: SliceResult) -> int:
        """Keeps a slice's result; returns how many names it has, none if it must be examined."""
        if result.changed:
            self.calls.before(iter([self._informed(part, part.task)]))
            return 0
        self._keeping.slice(part, result)
        return len(part.task.names)
