"""The processes that read messages end with the program, however that ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading

import pytest

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
