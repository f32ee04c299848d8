"""The survey: walk, examine in parallel, compare, and keep it all in the index."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass

from mailsurgeon.diagnosis.facts import FolderFacts, Moment
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.compare import Comparison, compare
from mailsurgeon.survey.context import FolderContext, folder_context
from mailsurgeon.survey.examine import Slice, SliceResult, examine, slices
from mailsurgeon.survey.index import Index
from mailsurgeon.survey.opening import Options
from mailsurgeon.survey.rows import NotExamined, Place
from mailsurgeon.survey.walk import Directory, Listing, Walk, names_to_examine, walk
from mailsurgeon.survey.writer import NO_FOLDER, Writer

SLICE = 500
"""Names in a slice: small enough to show progress, large enough to be worth sending."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a survey is. `stage`: "listing", "reading" or "comparing"."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """What a survey came to. `depth`: "quick" or "full"; `seconds` of wall time."""

    depth: str
    seconds: float
    folders: int
    messages: int
    bytes: int
    not_examined: int
    cancelled: bool


def make_executor(jobs: int | None = None) -> Executor:
    """Spawned worker processes, warm. To be made before a Textual app runs: one replaces
    `sys.stderr`, and the start of a process then fails."""
    workers = jobs or min(4, os.cpu_count() or 1)
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    for future in [executor.submit(os.getpid) for _ in range(workers)]:
        future.result()
    return executor


def _start_worker() -> None:
    # Ctrl+C and a lost terminal end the parent, which ends its workers in order.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def run_survey(
    spool: Spool,
    index: Index,
    options: Options | None = None,
    *,
    executor: Executor | None = None,
    quick: bool = False,
    folders: Iterable[bytes] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> SurveyResult:
    """Looks at the spool (or again at some of its folders) and brings the index up to date.

    Without an executor the files are read in this process. Raises OSError when the spool's root
    cannot be read, sqlite3.Error when the index cannot be kept.
    """
    survey = _Survey(spool, index, options or Options(), executor, quick, on_progress, cancelled)
    return survey.run(None if folders is None else set(folders))


def _ignore(_progress: Progress) -> None:
    """Where nobody wants to know how far a survey is."""


class _Survey:
    def __init__(
        self,
        spool: Spool,
        index: Index,
        options: Options,
        executor: Executor | None,
        quick: bool,
        on_progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.spool = spool
        self.index = index
        self.options = options
        self.executor = executor
        self.moment = Moment(time.time() + options.clock_ahead, full=not quick)
        self.report = on_progress or _ignore
        self.cancelled = cancelled or (lambda: False)
        self.writer = Writer(index, spool.layout)
        self.known = None if self.writer.empty else str(index.path)
        self.contexts: dict[bytes, FolderContext] = {}

    def run(self, only: set[bytes] | None) -> SurveyResult:
        started = time.monotonic()
        self.report(Progress("listing", 0, 0))
        found = walk(self.spool.root, self.options.exclude, layout=self.spool.layout)
        before = self.index.meta("depth")
        wanted = self._begin(found, only)
        ended = self._read(wanted)
        full = self.moment.full and ended and (only is None or before == "full")
        self.report(Progress("comparing", 0, 0))
        self.writer.make_indexes()
        with self.writer.transaction():
            compare(Comparison(self.spool, self.index, self.writer, self.options, found,
                               self.contexts, self.moment.now, full))  # fmt: skip
            self.writer.count_messages()
            depth = "full" if full else "quick"
            seconds = time.monotonic() - started
            self.index.set_meta(
                depth=depth,
                layout=self.spool.layout,
                surveyed=str(self.moment.now),
                seconds=f"{seconds:.3f}",
                root=self.spool.shown.encode("utf-8", "backslashreplace").decode(),
            )
        return self._result(depth, seconds, not ended)

    def _begin(self, found: Walk, only: set[bytes] | None) -> list[Directory]:
        """Shows the folders, forgets what is gone, and says which directories to examine."""
        writer = self.writer
        with writer.transaction():
            if writer.empty:
                writer.drop_indexes()
            writer.set_folders(found.folders)
            wanted = [
                directory
                for directory in found.directories
                if only is None or directory.folder is None or directory.folder in only
            ]
            touched = [
                number for path, number in writer.folders.items() if only is None or path in only
            ]
            touched.append(NO_FOLDER)
            writer.forget_problems(touched)
            if not writer.empty:
                writer.forget_directories(touched, {each.path for each in found.directories})
            for item in found.not_examined:
                writer.not_examined(item, NO_FOLDER)
            for each in found.directories:
                if each.place is Place.NESTED and not writer.empty:
                    writer.move_directory(each.path, writer.folder_id(each.folder))
            counts: dict[bytes, int] = {}
            for each in found.directories:
                if each.folder is not None and each.place in (Place.CUR, Place.NEW):
                    counts[each.folder] = counts.get(each.folder, 0) + each.files
            writer.expect_messages(counts.items())
        return sorted(wanted, key=lambda each: (each.folder or b"", each.path))

    def _read(self, directories: list[Directory]) -> bool:
        """Examines the directories; whether it came to the end."""
        total = sum(directory.files for directory in directories)
        done = 0
        self.report(Progress("reading", 0, total))
        for folder, task, result in self._results(self._tasks(directories)):
            with self.writer.transaction():
                self.writer.store(folder, result)
            done += len(task.names)
            self.report(Progress("reading", min(done, total), total))
            if self.cancelled():
                return False
        return True

    def _results(
        self, tasks: Iterator[tuple[int, Slice]]
    ) -> Iterator[tuple[int, Slice, SliceResult]]:
        """The tasks with their results, a bounded number of them under way at once."""
        if self.executor is None:
            for folder, task in tasks:
                yield folder, task, examine(task)
            return
        window = 4 * (self.options.jobs or os.cpu_count() or 1) + 2
        waiting: deque[tuple[int, Slice, Future[SliceResult]]] = deque()
        try:
            for folder, task in tasks:
                waiting.append((folder, task, self.executor.submit(examine, task)))
                if len(waiting) >= window:
                    first, its_task, future = waiting.popleft()
                    yield first, its_task, future.result()
            while waiting:
                first, its_task, future = waiting.popleft()
                yield first, its_task, future.result()
        finally:
            for _, _, future in waiting:
                future.cancel()

    def _tasks(self, directories: list[Directory]) -> Iterator[tuple[int, Slice]]:
        """Slices of all directories, folder by folder."""
        current: bytes | None = None
        context: FolderContext | None = None
        for directory in directories:
            if directory.folder is not None and directory.folder != current:
                current = directory.folder
                context = self._context(current)
            names = self._names(directory)
            if names is None:
                continue
            if self.known:
                with self.writer.transaction():
                    self.writer.forget_gone(directory.path, set(names))
            number = self.writer.folder_id(directory.folder)
            for part in slices(names, SLICE):
                facts = FolderFacts()
                if directory.folder is not None and context:
                    facts = context.facts_for(part)
                yield number, self._slice(directory, part, facts)

    def _slice(self, directory: Directory, names: tuple[bytes, ...], facts: FolderFacts) -> Slice:
        return Slice(
            self.spool.root, directory.path, directory.place, names, facts, self.moment, self.known
        )

    def _names(self, directory: Directory) -> list[bytes] | None:
        try:
            listing = Listing(os.path.join(self.spool.root, directory.path))
        except OSError as error:
            reason = error.strerror or "cannot be read"
            with self.writer.transaction():
                self.writer.not_examined(NotExamined(directory.path, reason), NO_FOLDER)
            return None
        return sorted(names_to_examine(directory.place, listing))

    def _context(self, folder: bytes) -> FolderContext:
        names: list[list[bytes]] = []
        for subdir in (b"cur", b"new"):
            try:
                listing = Listing(os.path.join(self.spool.root, folder, subdir))
                names.append([name for name in listing.files if not name.startswith(b".")])
            except OSError:
                names.append([])
        context = folder_context(self.spool, folder, *names)
        self.contexts[folder] = FolderContext(folder, FolderFacts(), context.clashes)
        return context

    def _result(self, depth: str, seconds: float, cancelled: bool) -> SurveyResult:
        messages, size = self.index.db.execute(
            "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM entries"
            " WHERE kind = 'file' AND place IN ('cur', 'new', 'root', 'nested')"
        ).fetchone()
        (skipped,) = self.index.db.execute("SELECT COUNT(*) FROM not_examined").fetchone()
        folders = len(self.writer.folders)
        return SurveyResult(depth, seconds, folders, messages, size, skipped, cancelled)
