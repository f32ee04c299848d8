"""Examines directories in slices, several at once, and writes the results into the index."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import replace

from mailsurgeon.diagnosis.facts import FolderFacts, Moment
from mailsurgeon.host.open_files import no_more_files
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.rows import GRANULARITY, DirectorySeals, NotExamined, Place
from mailsurgeon.survey.index.slice import Slice, SliceResult, parts
from mailsurgeon.survey.index.writer import NO_FOLDER, IndexWriter
from mailsurgeon.survey.read.examine import examine
from mailsurgeon.survey.read.folder_context import (
    FolderContext,
    folder_context,
    lettered_files,
    read_letters,
)
from mailsurgeon.survey.read.hang_guard import TICK, GaveUp, HangGuard
from mailsurgeon.survey.read.parts import Look, Part
from mailsurgeon.survey.read.sealed import (
    SealedDirectory,
    is_usual,
    settled_folders,
    stamp_to_keep,
)
from mailsurgeon.survey.uidlists.cache import Lists
from mailsurgeon.survey.walk.listing import Listing
from mailsurgeon.survey.walk.walk import Directory, names_to_examine, without_prefix

SLICE = 1000
"""Names in a slice: small enough to show progress, large enough to be worth sending."""
_SEAL = struct.Struct("16sIQ")  # a slice's digest, the number of its messages, and their bytes
_NO_SEAL = bytes(16)


class Looking:
    """Examines directories. `changed` is then True if anything differed from the last survey."""

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
        store: bytes | None = None,
        *,
        packs: bool = True,
    ) -> None:
        self.spool = spool
        self.writer = writer
        self.lists = lists
        self.moment = moment
        self.owner = owner
        self.executor = executor
        self.window = 4 * jobs + 2
        self.patience = patience
        self.cancelled = cancelled
        self.store = store  # the separator of the whole spool
        self.packs = packs
        self.contexts: dict[bytes, FolderContext] = {}
        self.abandoned: set[bytes | None] = set()
        self.changed = False
        self._settled: frozenset[bytes | None] = frozenset()  # cur and new are as they were
        self._usual: set[bytes] = set()  # with a context that all usual names have
        self._listed: dict[bytes, Listing] = {}
        self._walked: dict[bytes, Directory] = {}

    def run(self, directories: list[Directory], on_done: Callable[[int], None]) -> bool:
        """Examines the directories, which are sorted by folder. Returns False when cancelled.

        Calls `on_done` after each slice with the number of names in it.
        """
        self._walked = {each.path: each for each in directories}
        if self.executor is not None:
            folders = {each.folder: None for each in directories if each.folder is not None}
            self.lists.ask_ahead(self.executor, folders)
        self._settled = settled_folders(directories) if self.store is None else frozenset()
        for part, result in self._results(self._parts(directories)):
            if isinstance(part.task, SealedDirectory):
                on_done(part.task.files)
            else:
                with self.writer.transaction():
                    self._keep(part, part.task, result)
                on_done(len(part.task.names))
            if self.cancelled():
                return False
        return not self.cancelled()

    # Taking apart

    def _parts(self, directories: list[Directory]) -> Iterator[Part]:
        current: bytes | None = None
        context: FolderContext | None = None
        for directory in directories:
            try:
                if directory.folder in self.abandoned:
                    raise GaveUp
                if directory.folder is not None and directory.folder != current:
                    current = directory.folder
                    context = self._context(current)
                if directory.unchanged and current in self._usual:
                    yield self._sealed(directory)
                    continue
                listing = self._listing(directory.path)
            except OSError as error:
                if no_more_files(error):
                    raise
                self._skip(directory, error)
                continue
            yield from self._slices(directory, listing, context)

    def _sealed(self, directory: Directory) -> Part:
        """A whole directory, of which only the statuses are looked at."""
        known = self.writer.directories[directory.path, directory.place]
        seals = [known.seals[at : at + 16] for at in range(0, len(known.seals), _SEAL.size)]
        task = SealedDirectory(
            self.spool.root, directory.path, directory.place, FolderFacts(owner=self.owner),
            self.moment, seals, directory.files, SLICE,
        )  # fmt: skip
        return Part(Look(directory, known, time.time_ns(), [], []), 0, task)

    def _slices(
        self, directory: Directory, listing: Listing, context: FolderContext | None
    ) -> Iterator[Part]:
        names, others = names_to_examine(directory.place, listing)
        if not names and not others:
            self._emptied(directory)
            return
        look = self._begin(directory, names + others)
        pieces = [(piece, True) for piece in parts(names, SLICE)]
        pieces += [(piece, False) for piece in parts(others, SLICE)]
        look.waiting = len(pieces)
        look.seals = [b""] * len(pieces)
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
    ) -> Part:
        directory = look.directory
        facts = FolderFacts(owner=self.owner)
        if directory.folder is not None and context:
            facts = context.facts_for(names)
        seal = look.before[number][:16] if number < len(look.before) else _NO_SEAL
        task = Slice(
            self.spool.root, directory.path, directory.place, names, facts, self.moment,
            look.known.number, self.writer.reserve(len(names)), regular, self.packs and regular
            and directory.place in (Place.CUR, Place.NEW), b"" if seal == _NO_SEAL else seal,
            trusted=look.known.looked - GRANULARITY, settled=look.started - GRANULARITY,
        )  # fmt: skip
        part = Part(look, number, task)
        return part if task.seal else self._informed(part, task)

    def _emptied(self, directory: Directory) -> None:
        """Forgets a directory whose files have all disappeared since the walk."""
        if (directory.path, directory.place) in self.writer.directories:
            self.changed = True
            with self.writer.transaction():
                self.writer.forget_directory(directory.path, directory.place)

    def _informed(self, part: Part, task: Slice) -> Part:
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

    def _begin(self, directory: Directory, names: list[bytes]) -> Look:
        writer = self.writer
        started = time.time_ns()
        with writer.transaction():
            folder = writer.folder_id(directory.folder)
            known = writer.directory(directory.path, directory.place, folder)
            seals = known.seals
            if known.looked > started:  # the clock was set back, so no seal can be trusted
                known, seals = replace(known, looked=1), b""
            writer.begin_directory(known, started)
        before = [seals[start : start + _SEAL.size] for start in range(0, len(seals), _SEAL.size)]
        return Look(directory, known, started, names, before)

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
        names = [without_prefix(some, b".") for some in files]

        def bases() -> set[bytes]:
            return {name.partition(b":")[0] for some in names for name in some}

        sizes = self.patience.call(folder, self.lists.sizes, folder, bases)
        letters = self.patience.call(folder, read_letters, self.spool, folder)
        context = folder_context(
            self.spool, folder, names[0], names[1], sizes, self.owner, self.store
        )
        if is_usual(context, self.owner, files):
            self._usual.add(folder)
        # A message with a leading dot in its name has these flags once it is renamed.
        lettered = () if letters is None else tuple(lettered_files(folder, files, letters))
        # The comparison needs only these; the sizes of a whole folder would take much memory.
        self.contexts[folder] = FolderContext(
            folder,
            FolderFacts(neighbours=context.facts.neighbours),
            context.marked,
            context.clashes,
            lettered=lettered,
        )
        return context

    def _listing(self, path: bytes) -> Listing:
        """A directory's listing. Those of cur and new are kept, because the folder's context and
        the directory itself both need them."""
        listing = self._listed.get(path)
        if listing is None:
            absolute = os.path.join(self.spool.root, path)
            walked = self._walked.get(path)
            listing = walked.take_listing() if walked else None
            if listing is None or not self.patience.call(path, listing.stands, absolute):
                listing = self.patience.call(path, Listing, absolute)
        self._listed[path] = listing
        return listing

    def _skip(self, directory: Directory, error: OSError) -> None:
        if isinstance(error, GaveUp):
            self.abandoned.add(directory.folder)
        reason = error.strerror or "cannot be read"
        with self.writer.transaction():
            self.writer.not_examined(NotExamined(directory.path, reason), NO_FOLDER)

    # Examining

    def _results(self, source: Iterator[Part]) -> Iterator[tuple[Part, SliceResult]]:
        """The parts with their results; at most `window` of them are under way at once."""
        if self.executor is None:
            yield from self._results_here(source)
            return
        pending: dict[Future[SliceResult], Part] = {}
        try:
            while True:
                while len(pending) < self.window and (part := next(source, None)):
                    self._submit(part, pending)
                if not pending:
                    return
                done, _ = wait(pending, TICK, FIRST_COMPLETED)
                for future in done:
                    part, result = pending.pop(future), future.result()
                    if result.changed:
                        for again in self._again(part):
                            self._submit(again, pending)
                    else:
                        yield part, result
                if not done:
                    self.writer.flush()
                    if self.cancelled():
                        return
                self._give_up(pending)
        finally:
            for future in pending:
                future.cancel()

    def _submit(self, part: Part, pending: dict[Future[SliceResult], Part]) -> None:
        assert self.executor is not None
        since = replace(part, since=time.monotonic())
        pending[self.executor.submit(examine, part.task)] = since

    def _give_up(self, pending: dict[Future[SliceResult], Part]) -> None:
        """Skips the folder of the part that has been under way longest, if the operator has given
        up on it."""
        if not pending:
            return
        part = min(pending.values(), key=lambda part: part.since)
        directory = part.look.directory
        if not self.patience.lost(directory.path, part.since):
            return
        self._skip(directory, GaveUp())
        for future, other in list(pending.items()):
            if other.look.directory.folder == directory.folder:
                future.cancel()
                del pending[future]

    def _results_here(self, source: Iterator[Part]) -> Iterator[tuple[Part, SliceResult]]:
        for part in source:
            try:
                yield from self._examined(part)
            except GaveUp as error:
                self._skip(part.look.directory, error)

    def _examined(self, part: Part) -> Iterator[tuple[Part, SliceResult]]:
        result = self.patience.call(part.look.directory.path, examine, part.task)
        if not result.changed:
            yield part, result
            return
        for again in self._again(part):
            yield from self._examined(again)

    def _again(self, part: Part) -> Iterator[Part]:
        """What is to be examined instead of a part that has changed."""
        if isinstance(part.task, SealedDirectory):
            directory = part.look.directory
            self._settled -= {directory.folder}
            yield from self._parts([replace(directory, unchanged=False)])
        else:
            yield self._informed(part, part.task)

    # Writing

    def _keep(self, part: Part, task: Slice, result: SliceResult) -> None:
        look = part.look
        if result.same:
            seal = look.before[part.number]
            _, messages, size = _SEAL.unpack(seal)
        else:
            messages, size = result.messages, result.bytes
            seal = _SEAL.pack(result.seal, messages, size)
            look.same = False
            self.changed |= bool(result.packed or result.usual or result.others or result.gone)
            self.writer.forget(part.stale)
            if task.known:
                self.writer.forget_findings(number for number, _ in task.known.values())
            quick = not task.moment.full
            self.writer.store(
                look.known.number, look.known.folder, task.first, result, quick=quick,
                known=bool(task.known),
            )  # fmt: skip
        look.seals[part.number] = seal
        look.messages += messages
        look.bytes += size
        look.waiting -= 1
        if not look.waiting:
            self._end(look)

    def _end(self, look: Look) -> None:
        number = look.known.number
        if look.known.looked and not look.same:
            self.changed |= self.writer.forget_gone(number, set(look.names))
        stamp = "" if any(seal[:16] in (b"", _NO_SEAL) for seal in look.seals) else look.stamp
        self.writer.end_directory(
            DirectorySeals(
                number, look.known.folder, look.started, b"".join(look.seals), look.messages,
                look.bytes, stamp, len(look.names),
            )
        )  # fmt: skip
