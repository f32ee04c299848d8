"""A Dask cluster on the loopback: a real scheduler, and workers that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import mailsurgeon
from mailsurgeon.survey.workers.cluster import Cluster, connect

SECONDS = 90  # for a process to be there: the machine may be busy
SOURCE = str(Path(mailsurgeon.__file__).parents[1])


class Program:
    """One process of the cluster; `said` has its lines."""

    def __init__(self, words: list[str], ready: str, path: str = SOURCE) -> None:
        self.said: list[str] = []
        self._ready, self._told = ready, threading.Event()
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._told.wait(SECONDS), self.said

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if self._ready in line:
                self._told.set()
        self._told.set()

    def word_after(self, mark: str) -> str:
        return next(line.split(mark)[1].split()[0] for line in self.said if mark in line)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(SECONDS)

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self._reader.join(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()


class DaskCluster:
    """A scheduler and its workers."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.programs: list[Program] = []
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
        self.scheduler = self._start("dask_scheduler", words, "Scheduler at:")
        self.address = self.scheduler.word_after("Scheduler at:")
        self.told: list[str] = []
        self.connections: list[Cluster] = []

    def _start(
        self, name: str, words: list[str], ready: str, *before: str, path: str = SOURCE
    ) -> Program:
        program = Program(
            [*before, sys.executable, "-m", f"distributed.cli.{name}", *words], ready, path
        )
        self.programs.append(program)
        return program

    def worker(self, *before: str, path: str = SOURCE) -> Program:
        number = len(self.programs)
        words = [self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host",
                 "127.0.0.1", "--local-directory", str(self.home / str(number))]  # fmt: skip
        return self._start("dask_worker", words, "Registered to", *before, path=path)

    def connect(self, local: Callable[[], Executor] | None = None) -> Cluster:
        made = connect(self.address, local or nobody, self.told.append)
        self.connections.append(made)
        return made

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        for program in reversed(self.programs):
            program.close()


def nobody() -> Executor:
    """For where this machine is not to read."""
    raise AssertionError("this machine was not to read")
