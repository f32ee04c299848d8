"""Surveys a spool now, with an index that is kept, or a temporary one if it cannot be."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host.own_places import temporary_home
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, index_path
from mailsurgeon.survey.progress import Progress, SurveyResult


@dataclass(frozen=True, slots=True)
class SurveyRequest:
    """How to survey. `quick` reads no messages, `fresh` discards the last survey. `readers` returns
    the executor that reads a spool's messages, None for this process. `note` gets a line that the
    operator may want to read. `given_up` goes to `run_survey`; `survey` replaces that function."""

    options: Options
    readers: Callable[[Spool], Executor | None] = lambda _spool: None
    quick: bool = False
    fresh: bool = False
    on_progress: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    given_up: Callable[[bytes], bool] | None = None
    note: Callable[[str], None] | None = None
    survey: Callable[..., SurveyResult] | None = None


@contextmanager
def looked_at(spool: Spool, order: SurveyRequest) -> Iterator[tuple[Index, SurveyResult]]:
    """Yields a spool's index, brought up to date without reading again what has not changed.

    If the index cannot be kept (a read-only or full disk), it uses a temporary one, and first
    removes an index that filled the disk. Raises OSError when the spool's root cannot be read,
    MailsurgeonError when there is no room for an index, or no process that may read the spool,
    KeyboardInterrupt when an error comes once `cancelled` is true.
    """
    executor = order.readers(spool)
    path: Path | None = None
    try:
        path = index_path(spool)
        index = Index.open(path, fresh=order.fresh)
        try:
            result = _survey(spool, index, order, executor)
        except BaseException:
            index.close()
            raise
    except (OSError, sqlite3.Error) as error:
        if order.cancelled and order.cancelled():
            raise KeyboardInterrupt from error
        if path is not None and isinstance(error, sqlite3.OperationalError):
            _make_room(path)
        if order.note:
            order.note(f"the index cannot be kept ({error}); a temporary one is used")
        with _temporary(spool, order, executor) as found:
            yield found
        return
    try:
        yield index, result
    finally:
        index.close()


@contextmanager
def _temporary(
    spool: Spool, order: SurveyRequest, executor: Executor | None
) -> Iterator[tuple[Index, SurveyResult]]:
    import tempfile

    with tempfile.TemporaryDirectory(
        prefix="mailsurgeon-", dir=temporary_home(spool.root), ignore_cleanup_errors=True
    ) as name:
        place = Path(name)
        try:
            index = Index.open(place / "index.sqlite3")
            try:
                result = _survey(spool, index, order, executor)
            except BaseException:
                index.close()
                raise
        except sqlite3.Error as error:
            raise MailsurgeonError(
                f"{place}: the index cannot be kept ({error}); free some space, or name a directory"
                " with more of it in TMPDIR"
            ) from error
        try:
            yield index, result
        finally:
            index.close()


def _make_room(path: Path) -> None:
    """Removes the index: it is only a cache, and must not keep a disk full."""
    for suffix in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _survey(
    spool: Spool, index: Index, order: SurveyRequest, executor: Executor | None
) -> SurveyResult:
    if order.survey is None:
        from mailsurgeon.survey.run import run_survey as survey
    else:
        survey = order.survey
    return survey(
        spool,
        index,
        order.options.for_readers(executor),
        executor=executor,
        quick=order.quick,
        on_progress=order.on_progress,
        cancelled=order.cancelled,
        given_up=order.given_up,
    )
