"""Readers on other machines: a Dask cluster whose workers mount the same spool.

`Cluster.for_spool` returns a `concurrent.futures.Executor`, the interface that local processes have
too. Only workers that see the same spool and run the same program get work. If a worker dies, its
calls go to another one; if none is left, to this machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.workers.cluster_probe import Seen, question, why_not
from mailsurgeon.survey.workers.scheduler import ClusterError, client_of, finish
from mailsurgeon.text import visible

_P = ParamSpec("_P")
_T = TypeVar("_T")

ANSWER_SECONDS = 10.0
PATIENCE_SECONDS = 5.0
"""How long this machine waits for a worker to come back before it continues alone."""

_TICK = 0.5
_RETRIES = 3


def connect(address: str, local: Callable[[], Executor], tell: Callable[[str], object]) -> Cluster:
    """The cluster of the scheduler at `address`.

    `local` makes the readers that take over when all workers are lost; `tell` gets lines for the
    operator. Raises ClusterError if no scheduler answers, if it has no workers, or if the library
    `distributed` is not installed.
    """
    cluster = Cluster(address, client_of(address), local, tell)
    try:
        cluster.check()
    except ClusterError:
        cluster.close()
        raise
    return cluster


@dataclass(eq=False)
class _Job:
    """A submitted call, until its outcome is known."""

    mine: Future[object]
    readers: Readers
    call: Callable[[], object]
    workers: frozenset[str] = frozenset()
    inner: Any = None  # the future of the worker or local process that runs it


@dataclass(eq=False)
class Readers(Executor):
    """The workers that see one spool."""

    cluster: Cluster
    spool: Spool
    asked: frozenset[str] = frozenset()
    usable: frozenset[str] = frozenset()
    alone_since: float | None = None
    gone: bool = False

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Calls `fn` on some worker; the future has its outcome even if workers die meanwhile."""
        mine: Future[_T] = Future()
        # The cluster hands results on and does not look at them.
        anything = cast("Future[object]", mine)
        self.cluster.take(_Job(anything, self, partial(fn, *args, **kwargs)))
        return mine

    @property
    def jobs(self) -> int:
        """How many calls these workers can run at once."""
        return max(1, self.cluster.threads(self.usable))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Does nothing: the cluster serves other spools too, and ends with `Cluster.close`."""


class Cluster:
    """The connection to a scheduler, and the calls handed to its workers."""

    def __init__(
        self,
        address: str,
        client: Any,
        local: Callable[[], Executor],
        tell: Callable[[str], object],
    ) -> None:
        self.address = address
        self._tell = tell
        self._client = client
        self._make_local = local
        self._local: Executor | None = None
        self._jobs: set[_Job] = set()
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._told: set[str] = set()
        self._threads: dict[str, int] = {}
        self._watch = threading.Thread(target=self._keep_watch, name="cluster", daemon=True)
        self._watch.start()

    def for_spool(self, spool: Spool) -> Readers:
        """The workers that see this spool; reports each of the others once. If no worker is alive,
        the calls run on this machine.

        Raises ClusterError if workers are alive and none sees the spool.
        """
        readers = Readers(self, spool)
        alive = self._alive()
        if not alive:
            self._go_on_alone(readers, alive)
            return readers
        self._meet(readers, alive)
        if not readers.usable:
            raise ClusterError(
                f"{self.address}: none of its workers can read {visible(spool.root)}; mount it"
                " there under the same path"
            )
        return readers

    def check(self) -> None:
        """Raises ClusterError if there are no workers."""
        if not self._alive():
            raise ClusterError(f"{self.address}: the scheduler has no workers; start some")

    def threads(self, addresses: Iterable[str]) -> int:
        """How many calls these workers can run at once."""
        return sum(self._threads.get(address, 1) for address in addresses)

    def close(self) -> None:
        """Ends the connection and cancels the calls that still run."""
        if self._closed.is_set():
            return
        self._closed.set()
        with self._lock:
            jobs, self._jobs = self._jobs, set()
        for job in jobs:
            _cancel(job.mine)
        self._watch.join(2 * ANSWER_SECONDS)
        with suppress(Exception):
            self._client.close(timeout=2)
        if self._local is not None:
            self._local.shutdown(wait=True, cancel_futures=True)

    # Workers

    def _alive(self) -> set[str]:
        """The addresses of the workers that are alive; none if the scheduler is gone."""
        try:
            known = self._client.sync(
                self._client.scheduler.identity, n_workers=-1, callback_timeout=ANSWER_SECONDS
            )
        except Exception:
            return set()
        self._threads = {name: each["nthreads"] for name, each in known["workers"].items()}
        return set(self._threads)

    def _meet(self, readers: Readers, addresses: set[str]) -> None:
        """Asks workers whether they see the spool, and reports those that do not."""
        readers.asked = readers.asked | addresses
        for address, seen in self._ask(sorted(addresses), readers.spool.root).items():
            why = why_not(seen, readers.spool)
            if not why:
                readers.usable = readers.usable | {address}
            else:
                self._tell_once(f"worker {visible(address)} {visible(why)}; it is not used")

    def _ask(self, addresses: list[str], root: bytes) -> dict[str, Seen | None]:
        import asyncio  # `distributed` has imported it already; without a cluster nothing needs it

        asked = question(root)

        async def ask(address: str) -> Seen | None:
            try:
                answers = self._client.run(eval, asked, workers=[address], on_error="return")
                answer = (await asyncio.wait_for(answers, ANSWER_SECONDS))[address]
                return Seen(*answer)
            except Exception:
                return None

        async def ask_all() -> list[Seen | None]:
            return await asyncio.gather(*map(ask, addresses))

        return dict(zip(addresses, self._client.sync(ask_all), strict=True))

    def _tell_once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            self._tell(line)

    # Work

    def take(self, job: _Job) -> None:
        """Hands a job to the workers of its spool."""
        if self._closed.is_set():
            raise RuntimeError("the cluster has been left")
        job.mine.add_done_callback(lambda mine: self._over(job, mine))
        with self._lock:
            self._jobs.add(job)
        self._send(job)

    def _send(self, job: _Job) -> None:
        try:
            if job.readers.gone:
                job.inner = here = self._here().submit(job.call)
                here.add_done_callback(lambda done: self._done_here(job, done))
                return
            job.workers = job.readers.usable
            job.inner = there = self._client.submit(
                job.call, workers=sorted(job.workers), allow_other_workers=False,
                retries=_RETRIES, pure=False,
            )  # fmt: skip
            self._client.loop.add_callback(self._follow, job, there)
        except Exception as error:
            if job.readers.gone:
                finish(job.mine, error=error)
            # else the watch sends it again, or has it done here

    async def _follow(self, job: _Job, there: Any) -> None:
        """Waits for the outcome of a call, in the library's event loop."""
        try:
            result = await there.result()
        except BaseException as error:
            self._failed(job, there, error)
        else:
            if job.inner is there:
                finish(job.mine, result)

    def _failed(self, job: _Job, there: Any, error: BaseException) -> None:
        if job.inner is not there:
            return  # it has been sent to another worker meanwhile
        if not _is_clusters(error):
            finish(job.mine, error=error)
            return
        job.inner = None  # the watch thread sends it again
        if type(error).__name__ == "KilledWorker":
            # The call kills workers. Run on this machine, it ends in an error that we can report.
            job.readers.alone_since = 0.0

    def _done_here(self, job: _Job, here: Future[object]) -> None:
        if here.cancelled():
            _cancel(job.mine)
        elif (error := here.exception()) is not None:
            finish(job.mine, error=error)
        else:
            finish(job.mine, here.result())

    def _over(self, job: _Job, mine: Future[object]) -> None:
        with self._lock:
            self._jobs.discard(job)
        inner, job.inner = job.inner, None
        if inner is not None and mine.cancelled():
            inner.cancel()

    # The calls of workers that died

    def _keep_watch(self) -> None:
        while not self._closed.wait(_TICK):
            with self._lock:
                jobs = list(self._jobs)
            if jobs:
                self._look_after(jobs, self._alive())

    def _look_after(self, jobs: list[_Job], alive: set[str]) -> None:
        for readers in {job.readers for job in jobs if not job.readers.gone}:
            # A worker that comes back may be another one. Other threads read these sets, so make
            # new ones.
            readers.asked = readers.asked & alive
            readers.usable = readers.usable & alive
            if alive - readers.asked:
                self._meet(readers, alive - readers.asked)
            if readers.usable:
                readers.alone_since = readers.alone_since if readers.alone_since == 0.0 else None
            elif readers.alone_since is None:
                readers.alone_since = time.monotonic()
            if readers.alone_since is not None and _long_ago(readers.alone_since):
                self._go_on_alone(readers, alive)
        for job in jobs:
            stranded = job.inner is None or not (job.readers.gone or job.workers & alive)
            if (
                stranded
                and not job.mine.done()
                and (job.readers.gone or job.readers.usable & alive)
            ):
                before, job.inner = job.inner, None
                if before is not None:
                    before.cancel()
                self._send(job)

    def _go_on_alone(self, readers: Readers, alive: set[str]) -> None:
        readers.gone = True
        some = f" that can read {visible(readers.spool.root)}" if alive else ""
        self._tell_once(f"{self.address}: no worker is left{some}; this machine goes on alone")
        with self._lock:
            mine = [job for job in self._jobs if job.readers is readers]
        for job in mine:
            job.inner = None

    def _here(self) -> Executor:
        with self._lock:
            if self._local is None:
                self._local = self._make_local()
            return self._local


def _is_clusters(error: BaseException) -> bool:
    """Whether an error comes from the cluster and not from the call itself."""
    kind = type(error)
    return kind.__name__ == "CancelledError" or kind.__module__.startswith(
        ("distributed", "tornado")
    )


def _long_ago(moment: float) -> bool:
    return time.monotonic() - moment > PATIENCE_SECONDS


def _cancel(future: Future[object]) -> None:
    if future.cancel():
        future.set_running_or_notify_cancel()  # wakes the threads that wait for it
