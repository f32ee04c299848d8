"""Starts the processes that read messages, and ends them with their parent.

A command forks them as early as it can: they are ready at once, and share what is loaded. Everybody
else spawns them, because a fork is safe only in a process with a single thread and no open index:
a copy has the locks of all threads, but only the thread that made it (fork(2)).
"""

from __future__ import annotations

import fcntl
import gc
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from typing import ParamSpec, TypeVar, cast

from mailsurgeon.host.interrupts import unbroken
from mailsurgeon.host.processes import single_threaded
from mailsurgeon.survey.workers.alone import answer_alone

_P = ParamSpec("_P")
_T = TypeVar("_T")

_MOST = 4
_WORTH_IT = 0.3  # seconds: after so long, spawned workers save more than their start costs
_PIPE = 1 << 20  # bytes: the most that a user may ask for, unless the host allows more
_NICE = 5
"""The niceness of workers: the screen and the servers of a busy host come first."""


def make_executor(jobs: int | None = None) -> Executor:
    """Spawned worker processes that are ready to work. Do not call this while a Textual app runs:
    it replaces `sys.stderr`, and then no process can be started."""
    executor, warm = start_executor(jobs)
    for future in warm:
        future.result()
    return executor


StartingPool = tuple[Executor, list[Future[int]]]
"""Worker processes that are starting, and futures that end as the workers become ready."""


def start_executor(jobs: int | None = None) -> StartingPool:
    """Spawned worker processes."""
    return _started(jobs, "spawn")


def fork_executor(jobs: int | None = None) -> StartingPool | None:
    """Forked worker processes, with all modules that this process has loaded; None where a fork is
    not safe. Call this before an index or a journal is open: copies would hold its files."""
    # Elsewhere than on Linux, libraries of the system have threads that nobody sees.
    if sys.platform != "linux" or not single_threaded():
        return None
    return _started(jobs, "fork")


def _started(jobs: int | None, method: str) -> StartingPool:
    workers = jobs or min(_MOST, os.cpu_count() or 1)
    context = multiprocessing.get_context(method)
    executor: Executor | None = None
    try:
        with unbroken(), _without_signals(method):
            executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
            _widen(executor)
            # With the first call all are forked, and then the pool starts its thread.
            return executor, [executor.submit(os.getpid) for _ in range(workers)]
    except (OSError, ImportError):
        _end_workers(executor)
        here = _Here()
        return here, [here.submit(os.getpid)]


def _end_workers(executor: Executor | None) -> None:
    """Ends the workers of a pool that could not start all of them."""
    for worker in list((getattr(executor, "_processes", None) or {}).values()):
        worker.kill()
        worker.join()


def _widen(executor: Executor) -> None:
    """Gives the pipes to and from the workers room for several results, so that a worker need not
    wait until this process has read the one before (pipe(7): 64 KB by default)."""
    for queue in ("_call_queue", "_result_queue"):
        for end in ("_reader", "_writer"):
            pipe = getattr(getattr(executor, queue, None), end, None)
            if pipe is None:
                continue
            with suppress(OSError):  # as it was, it works too
                fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


@contextmanager
def _without_signals(method: str) -> Generator[None]:
    """Blocks Ctrl+C and the loss of the terminal in this thread and, for good, in the processes
    that it starts, which would say something on stderr as they end. What comes meanwhile arrives
    afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        if method == "spawn":  # only then is there a tracker; it would unblock Ctrl+C again
            from multiprocessing import resource_tracker

            resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Here(Executor):
    """Calls functions in this process. Where there is no /dev/shm, or it is read-only, there are no
    semaphores, without which Python starts no workers (sem_overview(7))."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        done: Future[_T] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # for whoever asks for the result
            done.set_exception(error)
        return done


class LateWorkers(Executor):
    """Worker processes, started by `start` or by the first call, and anew after one has died."""

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs
        self._guard = threading.Lock()
        self._executor: Executor | None = None
        self._answers: list[Future[int]] = []
        self._asked: set[Future[object]] = set()

    @property
    def warm(self) -> bool:
        """Whether at least one worker is ready."""
        return any(answer.done() for answer in self._answers)

    def start(self) -> Executor:
        """Starts the workers if they do not run; returns their executor."""
        with self._guard:
            if self._executor is None:
                self._executor, self._answers = start_executor(self._jobs)
            return self._executor

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        executor = self.start()
        try:
            answer = executor.submit(fn, *args, **kwargs)
        except BrokenExecutor:  # a worker died during an earlier survey
            with self._guard:
                if self._executor is executor:
                    self._executor = None
            answer = self.start().submit(fn, *args, **kwargs)
        asked = cast("Future[object]", answer)
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        return answer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the workers, if any run; at once if nobody waits for what they do."""
        with self._guard:
            executor = self._executor
        if executor is None:
            return
        # Only this thread of the pool knows when it is over; without waiting, the pool forgets it.
        manager: threading.Thread | None = getattr(executor, "_executor_manager_thread", None)
        executor.shutdown(wait=False, cancel_futures=cancel_futures)
        idle = all(answer.done() for answer in (*self._answers, *self._asked.copy()))
        if cancel_futures and not idle:
            for worker in multiprocessing.active_children():
                worker.kill()  # they only read
        if wait and manager is not None:
            manager.join()


class CommandWorkers(LateWorkers):
    """The workers of one command. They are forked at once if that is safe. Otherwise they start
    once the command has taken longer than their start would, and until they are ready, this process
    does the work."""

    def __init__(self, jobs: int | None) -> None:
        super().__init__(jobs)
        self._since = time.monotonic()
        forked = fork_executor(jobs)
        if forked is not None:
            self._executor, self._answers = forked

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        if self._executor is None and time.monotonic() - self._since > _WORTH_IT:
            self.start()
        if self.warm:
            return super().submit(fn, *args, **kwargs)
        done: Future[_T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def stand_back() -> None:
    """Lowers the priority of this process and leaves it to its parent to end it."""
    # Ctrl+C and a lost terminal end the parent, which ends its workers in order.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.nice(max(0, _NICE - os.nice(0)))  # not twice: the parent may have lowered it already


def _start_worker() -> None:
    gc.freeze()  # what a fork shares stays shared: a collection would write to all of it
    stand_back()
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a forked one has its parent's handler
    answer_alone()
    # Their parent ends them. A signal for its whole process group would end them one by one, of
    # which the pool's own thread complains.
    os.setpgid(0, 0)
    # A killed parent ends no workers, and the queue never closes: each worker holds both its ends.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return
    try:
        seen = os.pidfd_open(parent.pid)
    except ProcessLookupError:
        pass
    except OSError:  # Linux before 5.3
        # A worker forked later holds the pipe that this waits for, until it has ended itself.
        parent.join()
    else:
        if os.getppid() == parent.pid:  # else its number may be another's by now
            ended = select.poll()
            ended.register(seen, select.POLLIN)
            ended.poll()
    os._exit(1)
