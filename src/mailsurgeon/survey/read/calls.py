"""Has the parts of a survey examined by readers, several at once, or by this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from queue import Empty, SimpleQueue

from mailsurgeon.survey.read.hang_guard import TICK, GaveUp, HangGuard
from mailsurgeon.survey.read.parts import (
    FolderPart,
    Part,
    PartResult,
    SealedPart,
    SlicePart,
    examine_part,
)

Answer = tuple[Part, PartResult]
_Pending = dict[Future[PartResult], Part]


class Calls:
    """Calls of readers. Without an executor this process is the reader.

    `jobs`: how many readers there are. `waiting` is called when no answer has come for some time.
    `take_apart` makes a part for each directory of a part that has several. `given_up` gets a part
    that has not answered, once the operator has given up on it.
    """

    def __init__(
        self,
        executor: Executor | None,
        jobs: int,
        patience: HangGuard,
        cancelled: Callable[[], bool],
        waiting: Callable[[], None],
        take_apart: Callable[[SealedPart], Iterator[Part]],
        given_up: Callable[[Part], None],
    ) -> None:
        self._executor = executor
        self._jobs = jobs
        self._window = 4 * jobs + 2
        self._patience = patience
        self._cancelled = cancelled
        self._waiting = waiting
        self._take_apart = take_apart
        self._given_up = given_up
        self._sources: list[Iterator[Part]] = []
        self._begun: dict[Future[PartResult], float] = {}
        self._lost: set[bytes | None] = set()  # folders that the operator has given up on

    def before(self, parts: Iterator[Part]) -> None:
        """Has these parts examined before those that are left."""
        self._sources.append(parts)

    def results(self, source: Iterator[Part]) -> Iterator[Answer]:
        """The parts with their results. Ends early when cancelled."""
        self._sources = [source]
        if self._executor is None:
            while (part := self._next()) is not None:
                yield from self._here(part)
        else:
            yield from self._there(self._executor)

    def _next(self) -> Part | None:
        while self._sources:
            part = next(self._sources[-1], None)
            if part is None:
                self._sources.pop()
            elif not (isinstance(part, SlicePart) and part.look.directory.folder in self._lost):
                return part
        return None

    def _here(self, part: Part) -> Iterator[Answer]:
        try:
            result = self._patience.call(_place(part), examine_part, part.task)
        except GaveUp:
            self._lose(part)
        else:
            yield part, result

    def _there(self, executor: Executor) -> Iterator[Answer]:
        pending: _Pending = {}
        answered: SimpleQueue[Future[PartResult]] = SimpleQueue()
        try:
            while True:
                while len(pending) < self._window and (part := self._next()) is not None:
                    future = executor.submit(examine_part, part.task)
                    pending[future] = part
                    future.add_done_callback(answered.put)
                    if future.done():
                        break  # nobody works beside this process
                if not pending:
                    return
                self._note_begun(pending)
                try:
                    future = answered.get(timeout=TICK)
                except Empty:
                    self._waiting()
                    if self._cancelled():
                        return
                else:
                    part = pending.pop(future, None)
                    if part is not None:
                        yield part, future.result()
                yield from self._unanswered(pending)
        finally:
            for future in pending:
                future.cancel()

    def _note_begun(self, pending: _Pending) -> None:
        """Readers take the parts in order: only the first ones are under way, the others wait."""
        now = time.monotonic()
        self._begun = {
            future: self._begun.get(future, now) for future in islice(pending, self._jobs)
        }

    def _unanswered(self, pending: _Pending) -> Iterator[Answer]:
        """Looks after the part that has been under way longest."""
        begun = [
            (since, future)
            for future, since in self._begun.items()
            if future in pending and not future.done()
        ]
        if not begun:
            return
        since, future = min(begun, key=lambda each: each[0])
        part = pending[future]
        if isinstance(part, SealedPart) and len(part.directories) > 1:
            if self._patience.may_give_up(since):
                # One of them does not answer: it must not keep more readers, nor take the others
                # with it.
                del pending[future]
                for single in self._take_apart(part):
                    yield from self._here(single)
            return
        if self._patience.lost(_place(part), since):
            folder = self._lose(part)
            for other_future, other in list(pending.items()):
                if {each.folder for each in other.directories} == {folder}:
                    other_future.cancel()
                    del pending[other_future]

    def _lose(self, part: Part) -> bytes | None:
        """Notes that the operator has given up on a part; returns its folder."""
        folder = part.directories[0].folder
        self._lost.add(folder)
        self._given_up(part)
        return folder


def _place(part: Part) -> bytes:
    """The directory that a part looks into, relative to the spool."""
    return part.task.folder if isinstance(part, FolderPart) else part.directories[0].path
