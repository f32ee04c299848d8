"""The processes that read messages end with the program, however that ends; and how they begin."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from mailsurgeon.host.processes import single_threaded
from mailsurgeon.survey.workers import pool
from mailsurgeon.survey.workers.pool import LateWorkers
from tests.support.protects import protects

PATIENCE = 60  # seconds after which a test has failed
PROGRAM = """
import os, signal
from mailsurgeon.survey.workers.pool import make_executor
if __name__ == "__main__":
    print(make_executor(1).submit(os.getpid).result(), flush=True)
    signal.pause()
"""
FORKING = """
import os, signal, sys, threading
from mailsurgeon.host import interrupts
from mailsurgeon.host.processes import single_threaded
from mailsurgeon.survey.workers import pool
from mailsurgeon.survey.workers.pool import CommandWorkers
"""


def forking(program: str) -> list[str]:
    """The lines that a program prints which may fork: the tests' own process has threads."""
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKING + textwrap.dedent(program)],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ended.stderr == ""
    return ended.stdout.splitlines()


def test_the_workers_of_a_command_share_what_it_has_loaded() -> None:
    program = """
        sys.shared = 7  # where another interpreter has nothing
        with CommandWorkers(2) as workers:
            first = workers.start().submit(eval, "__import__('sys').shared")
            there = workers.start().submit(os.getpid)
            print(first.result(), there.result() != os.getpid())
    """
    assert forking(program) == ["7 True"]


@protects(
    "workers are forked only from a single thread",
    where="survey/workers/pool.py, host/processes.py",
    seen="a copy has the locks of threads that it lacks",
)
def test_beside_another_thread_no_worker_is_forked() -> None:
    program = """
        ended = threading.Event()
        beside = threading.Thread(target=ended.wait)
        beside.start()
        print(pool.fork_executor(1))
        ended.set()
        beside.join()
        while not single_threaded():  # the kernel may need a moment longer
            os.sched_yield()
        made = pool.fork_executor(1)
        print(made is not None)
        made[0].shutdown()
    """
    assert forking(program) == ["None", "True"]


def test_a_thread_of_a_library_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    names: dict[str, list[str]] = {"/proc/self/task": ["17", "18"]}
    monkeypatch.setattr(os, "listdir", names.__getitem__)
    assert not single_threaded()
    names["/proc/self/task"] = ["17"]
    assert single_threaded()


def test_a_forked_worker_takes_signals_as_a_spawned_one() -> None:
    """Its parent's handlers would print a traceback, and begin to end it."""
    program = """
        interrupts.take_signals()
        with CommandWorkers(1) as workers:
            for number in interrupts.ENDING:
                print(workers.start().submit(signal.getsignal, number).result().name)
            print(workers.start().submit(os.getpgrp).result() != os.getpgrp())
            print(workers.start().submit(os.nice, 0).result() == max(5, os.nice(0)))
    """
    assert forking(program) == ["SIG_IGN", "SIG_DFL", "SIG_IGN", "True", "True"]


def test_when_a_worker_cannot_be_forked_none_is_left() -> None:
    program = """
        import errno, multiprocessing
        fork, made = os.fork, []

        def one_only():
            if made:
                raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
            made.append(fork())
            return made[0]

        os.fork = one_only
        with CommandWorkers(2) as workers:
            print(workers.submit(os.getpid).result() == os.getpid())
            print(len(made), multiprocessing.active_children())
    """
    assert forking(program) == ["True", "1 []"]


def test_a_forked_worker_that_died_is_followed_by_spawned_ones() -> None:
    """The pool has threads by then."""
    program = """
        sys.shared = 7
        from concurrent.futures import BrokenExecutor
        if __name__ == "__main__":
            with CommandWorkers(1) as workers:
                try:
                    workers.start().submit(os._exit, 1).result()
                except BrokenExecutor:
                    print("broken")
                workers.submit(os.getpid).result()  # the first call of the new ones
                print(workers.start().submit(eval, "hasattr(__import__('sys'), 'shared')").result())
    """
    assert forking(program) == ["broken", "False"]


@protects(
    "a killed program leaves no worker behind, even if another worker hangs",
    where="survey/workers/pool.py",
    seen="the last one forked is stopped, the first must end",
)
def test_a_worker_ends_although_one_forked_later_hangs() -> None:
    program = FORKING + textwrap.dedent("""
        workers = CommandWorkers(2)
        workers.start().submit(os.getpid).result()
        print(*workers.start()._processes, flush=True)
        signal.pause()
    """)
    running = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert running.stdout is not None
    first, last = map(int, running.stdout.readline().split())
    seen, hanging = os.pidfd_open(first), os.pidfd_open(last)
    try:
        signal.pidfd_send_signal(hanging, signal.SIGSTOP)
        running.kill()
        running.wait(PATIENCE)
        assert ended(seen), f"process {first} goes on"
    finally:
        signal.pidfd_send_signal(hanging, signal.SIGKILL)


def test_a_program_that_is_killed_leaves_no_worker_behind() -> None:
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE)
    try:
        assert program.stdout is not None
        worker = int(program.stdout.readline())
        seen = os.pidfd_open(worker)
        program.kill()
        program.wait(PATIENCE)
        assert ended(seen), f"process {worker} goes on"
    finally:
        program.kill()
        program.wait()


def ended(process: int) -> bool:
    """Whether a process (by descriptor) ends in time; it is ended if not."""
    if select.select([process], [], [], 10)[0]:
        return True
    signal.pidfd_send_signal(process, signal.SIGKILL)
    return False


def test_workers_that_were_never_needed_are_never_started() -> None:
    workers = LateWorkers(2)
    workers.shutdown(cancel_futures=True)
    assert workers._executor is None


def test_workers_stand_back_as_far_as_those_that_start_them() -> None:
    own = os.nice(0)
    with LateWorkers(1) as workers:
        assert workers.submit(os.nice, 0).result() == max(own, 5)


def test_a_process_started_by_one_that_stands_back_stands_back_no_further() -> None:
    program = (
        "import os; from mailsurgeon.survey.workers.pool import stand_back;"
        " stand_back(); first = os.nice(0); stand_back(); print(first, os.nice(0))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    first, second = run.stdout.split()
    assert first == second and int(first) >= 5


def test_without_semaphores_this_process_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are none without /dev/shm (sem_overview(7))."""

    def none(*_arguments: object, **_options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(pool, "ProcessPoolExecutor", none)
    executor = pool.make_executor(2)
    assert executor.submit(os.getpid).result() == os.getpid()
    failed = executor.submit(int, "no number")
    with pytest.raises(ValueError, match="no number"):
        failed.result()
    executor.shutdown()


@protects("a signal for the whole group leaves workers alone", where="survey/workers/pool.py")
def test_a_signal_for_the_whole_group_leaves_workers_to_their_parent() -> None:
    with LateWorkers(1) as workers:
        assert workers.submit(os.getpgrp).result() != os.getpgrp()


def test_workers_that_are_cut_short_end_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(threading, "excepthook", said.append)
    workers = LateWorkers(1)
    asked = [workers.submit(signal.pause) for _ in range(20)]
    for one in asked:
        one.cancel()
    executor = workers.start()
    manager = executor._executor_manager_thread  # type: ignore[attr-defined]
    workers.shutdown(cancel_futures=True)
    manager.join(PATIENCE)
    assert not manager.is_alive() and not said
