"""The survey: walks a spool, examines files in parallel, compares them, and updates the index."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from mailsurgeon.diagnosis.conventions import StoreCount
from mailsurgeon.diagnosis.facts import Moment
from mailsurgeon.maildir.spool import Spool, join
from mailsurgeon.survey.compare.compare import compare
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.compare.permissions import ROOT_OWNS, owner_of_most
from mailsurgeon.survey.index.index import Index, StatementCut
from mailsurgeon.survey.index.questions import totals
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.index.writer import NO_FOLDER, IndexWriter
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.progress import Extent, Progress, SurveyResult
from mailsurgeon.survey.read.directories import Looking
from mailsurgeon.survey.read.hang_guard import TICK, HangGuard
from mailsurgeon.survey.uidlists.cache import Lists
from mailsurgeon.survey.walk.found import Directory, Walk
from mailsurgeon.survey.walk.listing import Listing, directory_stamp, stamp_text
from mailsurgeon.survey.walk.unchanged import none_by_reader
from mailsurgeon.survey.walk.walk import LEVELS, walk

_READERS = 4  # the most that are started unless the operator wants another number
_FILED = (Place.CUR, Place.NEW, Place.TMP)
_CLOCK_TICK = 20_000_000  # ns: Linux stamps files with the time of its last tick (1 to 10 ms)
_MORE = 2  # surveys of the folders where files got other names before they were read

__all__ = ["Progress", "SurveyResult", "run_survey"]


def run_survey(
    spool: Spool,
    index: Index,
    options: Options | None = None,
    *,
    executor: Executor | None = None,
    quick: bool = False,
    rows: bool = False,
    folders: Iterable[bytes] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    given_up: Callable[[bytes], bool] | None = None,
) -> SurveyResult:
    """Surveys the spool, or only `folders` of it, and brings the index up to date.

    Without an executor this process reads the files. With `rows` every message gets a row of
    the index, for lists that are sorted and filtered often; else healthy ones that are examined
    are packed, which takes less time and room. `given_up` is called with a directory that has
    not answered for some seconds; if it returns True, the survey skips the rest of that folder.
    Raises OSError when the spool's root cannot be read, sqlite3.Error when the index cannot be
    written.
    """
    with _turn(index, cancelled or (lambda: False)) as mine:
        if not mine:
            return _not_done(index)

        def look(only: set[bytes] | None) -> tuple[SurveyResult, set[bytes]]:
            survey = _Survey(
                spool, index, options or Options(), executor, quick, rows, on_progress, cancelled,
                given_up,
            )  # fmt: skip
            try:
                with index.statements_until(survey.cancelled):
                    return survey.run(only), survey.missed
            finally:
                survey.patience.close()

        try:
            return _until_seen(look, None if folders is None else set(folders))
        except StatementCut:
            return _not_done(index)


def _until_seen(
    look: Callable[[set[bytes] | None], tuple[SurveyResult, set[bytes]]], only: set[bytes] | None
) -> SurveyResult:
    """Surveys, then surveys the folders again in which messages may have been missed."""
    result, missed = look(only)
    for _ in range(_MORE):
        if not missed:
            break
        again, missed = look(missed)
        result = replace(again, seconds=result.seconds + again.seconds)
    return result


def _not_done(index: Index) -> SurveyResult:
    return SurveyResult(index.meta("depth", "quick"), 0.0, 0, 0, 0, 0, cancelled=True)


@contextmanager
def _turn(index: Index, cancelled: Callable[[], bool]) -> Iterator[bool]:
    """Waits until no other survey, in any process, writes this index; yields False if cancelled
    first. Two surveys at once would assign the same ids."""
    path = index.path.with_name(index.path.name + ".lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while not _locked(descriptor):
            if cancelled():
                yield False
                return
            time.sleep(TICK)
        yield True
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stored(index: Index) -> bytes | None:
    """The separator of the whole spool as the last survey found it."""
    return index.meta("separator").encode() or None


def _ignore(_progress: Progress) -> None:
    """Stands in for `on_progress` when the caller passes none."""


class _Survey:
    def __init__(
        self,
        spool: Spool,
        index: Index,
        options: Options,
        executor: Executor | None,
        quick: bool,
        rows: bool,
        on_progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
        given_up: Callable[[bytes], bool] | None,
    ) -> None:
        self.spool = spool
        self.index = index
        self.options = options
        self.executor = executor
        self.packs = not rows
        self.moment = Moment(time.time() + options.clock_ahead, full=not quick)
        self.report = on_progress or _ignore
        self.cancelled = cancelled or (lambda: False)
        self.writer = IndexWriter(index, spool.layout)
        self.patience = HangGuard(self._tell, given_up)
        self.at = Progress("listing", 0, 0)
        self.endings = StoreCount()
        self.changed = False
        self.missed: set[bytes] = set()  # folders where files were gone before they were read
        self._compared = ""  # how far the last survey came

    def run(self, only: set[bytes] | None) -> SurveyResult:
        started, since = time.monotonic(), time.time_ns()
        self._progress("listing")
        before = self.index.meta("depth")
        # Readers on another host may have other files at the place of lists outside the spool.
        by_readers = (
            self.packs and self.executor is not None and only is None and not self.spool.control
        )
        found, looking, notes, ended = self._look(only, by_readers=by_readers)
        if ended and looking.vanished:
            self.missed = self._changed_since(since, only)
        if not self.packs:
            self.writer.unpack(self.cancelled)
        self.writer.flush()
        full = self.moment.full and ended and (only is None or before == "full")
        self._progress("comparing")
        self.writer.make_indexes()
        with self.writer.transaction():
            notes += compare(
                Comparison(
                    self.spool, self.index, self.writer, self.options, found, looking.lists,
                    looking.contexts, looking.abandoned, looking.owner, self.moment.now, full,
                    self.changed,
                )
            )  # fmt: skip
            self.writer.count_messages()
            depth = "full" if full else "quick"
            seconds = time.monotonic() - started
            self.index.set_notes([*notes, *filter(None, [self.spool.layout_note])])
            self.index.set_meta(
                depth=depth,
                compared=depth if ended else "",
                layout=self.spool.layout,
                surveyed=str(self.moment.now),
                seconds=f"{seconds:.3f}",
                root=self.spool.shown.encode("utf-8", "backslashreplace").decode(),
                separator=(looking.store or b"").decode(),
            )
        self.writer.flush()
        return self._result(depth, seconds, not ended)

    def _look(
        self, only: set[bytes] | None, *, by_readers: bool
    ) -> tuple[Walk, Looking, list[str], bool]:
        """Lists and examines the spool. Returns what the walk and the readers have found, remarks,
        and False if cancelled. `by_readers`: each new folder is left to one of them."""
        self._compared = self.index.meta("compared")
        found = walk(
            self.spool.root, self.options.exclude, self.spool.layout, self._list, only,
            self.spool.own_directories, self._unchanged,
            self._is_new if by_readers else none_by_reader,
        )  # fmt: skip
        for each in found.directories:
            if each.unchanged and each.place == Place.CUR:
                self.endings.add_usual(each.files)
        owner, notes = self._owner(found)
        wanted = self._begin(found, only)
        store = self.endings.separator if only is None else _stored(self.index)
        jobs = self.options.jobs or min(_READERS, os.cpu_count() or 1)
        extent = Extent(
            sum(each.files for each in wanted),
            {each.folder or b"": self._space(each) for each in wanted if each.whole},
        )
        looking = Looking(
            self.spool, self.writer, Lists(self.spool, self.index), self.moment, owner,
            self.executor, jobs, self.patience, self.cancelled, store, self.endings, extent,
            partial(self._list_folder, found), packs=self.packs,
        )  # fmt: skip
        ended = self._read(looking, wanted, extent)
        self.changed |= looking.changed
        if ended and only is None and self.endings.separator != store:
            # The separator of the whole spool is known only now. It is hardly ever another one
            # than the colon, which the readers have taken for granted.
            self.endings = StoreCount()
            self.writer.flush()
            self.writer.make_indexes()
            self.writer = IndexWriter(self.index, self.spool.layout)
            return self._look(only, by_readers=False)
        return found, looking, notes, ended

    def _begin(self, found: Walk, only: set[bytes] | None) -> list[Directory]:
        """Puts the folders into the index, removes those that are gone, and returns the directories
        to examine."""
        writer = self.writer
        self.changed |= self._differs(found)
        with writer.transaction():
            if writer.empty:
                writer.drop_indexes()
            self.index.set_meta(compared="")
            writer.set_folders(found.folders)
            touched = [
                number for path, number in writer.folders.items() if only is None or path in only
            ]
            touched.append(NO_FOLDER)
            writer.forget_not_examined(touched)
            self._forget_directories(found, set(touched))
            for item in found.not_examined:
                writer.not_examined(item, NO_FOLDER)
            counts: dict[bytes, int] = {}
            for each in found.directories:
                if each.folder is not None and each.place in (Place.CUR, Place.NEW):
                    counts[each.folder] = counts.get(each.folder, 0) + each.files
            writer.expect_messages(counts.items())
        writer.flush()
        wanted = [
            directory
            for directory in found.directories
            if only is None or directory.folder is None or directory.folder in only
        ]
        return sorted(wanted, key=lambda each: (each.folder or b"", each.path))

    def _differs(self, found: Walk) -> bool:
        """Whether the comparison must be repeated even if no directory has changed."""
        if set(found.folders) != set(self.writer.folders):
            return True
        depth = "full" if self.moment.full else "quick"
        return (
            self.index.meta("compared") != depth or self.index.meta("layout") != self.spool.layout
        )

    def _forget_directories(self, found: Walk, touched: set[int]) -> None:
        """Removes directories of these folders from the index that are gone or have become
        empty."""
        writer = self.writer
        there = {(each.path, str(each.place)): each for each in found.directories}
        for key, known in list(writer.directories.items()):
            here = there.get(key)
            if here is None and known.folder in touched:
                writer.forget_directory(*key)
                self.changed = True
            elif here is not None and here.place == Place.NESTED:
                # The folder around a directory may have changed.
                self.changed |= known.folder != writer.folder_id(here.folder)
                writer.directory(*key, writer.folder_id(here.folder))

    def _owner(self, found: Walk) -> tuple[tuple[int, int] | None, list[str]]:
        """The spool's owner and group, None when ownership cannot be judged, and remarks."""
        owner = owner_of_most(self.spool, found)
        if owner is not None and 0 in owner:
            return None, [ROOT_OWNS]
        return owner, []

    def _changed_since(self, since: int, only: set[bytes] | None) -> set[bytes]:
        """The folders whose cur or new has changed after this time (ns since 1970)."""
        folders = self.writer.folders if only is None else only & self.writer.folders.keys()
        return {
            folder
            for folder in folders
            if any(
                self._is_later(join(folder, place.encode()), since)
                for place in (Place.CUR, Place.NEW)
            )
        }

    def _is_later(self, path: bytes, since: int) -> bool:
        try:
            absolute = os.path.join(self.spool.root, path)
            return (
                self.patience.call(path, directory_stamp, absolute).ctime_ns > since - _CLOCK_TICK
            )
        except OSError:
            return False

    def _read(self, looking: Looking, directories: list[Directory], extent: Extent) -> bool:
        """Examines the directories. Returns False when cancelled."""
        self._progress("reading", 0, extent.total)

        def done(names: int) -> None:
            total = extent.total
            now = self.at.done + names
            self._progress("reading", min(now, total) if total else now, total)

        return looking.run(directories, done)

    def _progress(self, stage: str, done: int = 0, total: int = 0) -> None:
        self.at = Progress(stage, done, total)
        self.report(self.at)

    def _tell(self, place: bytes) -> None:
        """Reports a directory that has not answered."""
        at = self.at
        self.report(Progress(at.stage, at.done, at.total, place))

    def _unchanged(self, path: bytes, place: Place) -> int | None:
        """The number of files in a directory that is as the last survey of this kind left it."""
        known = self.writer.directories.get((path, place))
        if known is None or not known.stamp or known.looked > time.time_ns():
            return None
        if self._compared != ("full" if self.moment.full else "quick"):
            return None
        try:
            absolute = os.path.join(self.spool.root, path)
            stamp = self.patience.call(path, directory_stamp, absolute)
        except OSError:
            return None
        return known.files if stamp_text(stamp) == known.stamp else None

    def _is_new(self, folder: bytes, _present: Collection[bytes]) -> bool:
        """Whether the index knows nothing of a folder's cur, new and tmp."""
        inner = [join(folder, place.encode()) for place in _FILED]
        known = self.writer.directories
        return inner[0].count(b"/") < LEVELS and not any(
            (path, place) in known for path, place in zip(inner, _FILED, strict=True)
        )

    def _space(self, directory: Directory) -> int:
        """How many bytes the directories take that a reader will list."""
        space = 0
        for place in directory.whole:
            path = join(directory.folder or b"", place.encode())
            with suppress(OSError):
                space += os.stat(self.spool.absolute(path)).st_size
        return space

    def _list_folder(self, found: Walk, folder: bytes) -> list[Directory]:
        """Lists the cur, new and tmp of a folder that no reader examines as a whole."""
        noted = len(found.not_examined)
        directories = found.list_folder(folder)
        with self.writer.transaction():
            for item in found.not_examined[noted:]:
                self.writer.not_examined(item, NO_FOLDER)
        return directories

    def _list(self, path: bytes) -> Listing:
        place = path[len(self.spool.root) :].lstrip(b"/")  # the walk joins it to the root
        listing = self.patience.call(place, Listing, path)
        if path.endswith(b"/cur"):
            self.endings.add(listing.files)
        return listing

    def _result(self, depth: str, seconds: float, cancelled: bool) -> SurveyResult:
        folders = len(self.writer.folders)
        return SurveyResult(depth, seconds, folders, *totals(self.index), cancelled)
