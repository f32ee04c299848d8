"""Runs something in a process of its own, forked from this one, and lets strace watch it.

Which calls change something is found by watching an undisturbed run; each of them can then be the
one at whose entry the process is killed, or that fails. strace counts calls by name, so a call is
named by its name and how many of that name came before it. The process waits until strace has it,
and nothing but the operation is watched: neither the interpreter's start nor its imports.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STRACE = shutil.which("strace")
NAMES = (
    "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
    "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "mknod", "mknodat",
    "open", "openat", "creat", "write", "writev", "pwrite64", "pwritev", "pwritev2",
    "fsync", "fdatasync", "sync_file_range", "ftruncate", "truncate", "fallocate",
    "chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "fchownat",
    "utime", "utimes", "utimensat", "futimesat", "sendfile", "copy_file_range",
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
)  # fmt: skip
"""The calls that change what is on a disk; opening is one when it creates (O_CREAT, O_TRUNC)."""

_CALL = re.compile(r"(\w+)\((.*)\)\s+= (.*)|(\w+)\((.*)(?: <unfinished|$)")
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
_LONGEST = 120  # seconds a watched run may take before it counts as hanging


class NotInjected(AssertionError):
    """The kill or the error did not come where it was to come; the run has shown nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """The `ordinal`-th (from 1) call of this name since the operation began."""

    name: str
    ordinal: int
    text: str

    @property
    def kind(self) -> str:
        """What is called upon what, without the numbers that differ from run to run."""
        call = self.text.rpartition(" = ")[0]
        paths = re.findall(r'<(/[^>]*)>|"([^"]*)"', call) if "write" not in self.name else []
        paths = paths or re.findall(r"<(/[^>]*)>", call)
        names = [os.path.basename("".join(path)) for path in paths]
        return re.sub(r"\b[0-9a-f]+-[0-9a-f]+\b|[0-9]+", "", " ".join((self.name, *names)))

    def __str__(self) -> str:
        return f"{self.name} no. {self.ordinal} {self.text[:120]}"


@dataclass(frozen=True, slots=True)
class Watched:
    """How a run ended, and all calls of the kinds watched, in their order."""

    status: int  # as waitpid gives it
    calls: list[Call]
    log: str

    @property
    def killed(self) -> bool:
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL

    @property
    def code(self) -> int:
        return os.waitstatus_to_exitcode(self.status)


def watch(run: Callable[[], int | None], log: Path, *options: str) -> Watched:
    """Runs `run` in a process forked from this one, under strace from its first call on."""
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.close(go)
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
            signal.alarm(_LONGEST)
            os.read(ready, 1)
            code = run() or 0
        except BaseException as error:
            with open(f"{log}.error", "w") as file:
                file.write(f"{type(error).__name__}: {error}")
        finally:
            os._exit(code)
    os.close(ready)
    assert STRACE is not None
    command = [STRACE, "-p", str(child), "-y", "-s", "200", "-o", str(log), *options]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        if "attached" not in said:
            os.kill(child, signal.SIGKILL)
            raise NotInjected(f"strace could not attach: {said}")
        os.close(go)  # it runs on from here
        _, status = os.waitpid(child, 0)
    finally:
        tracer.communicate()
    text = log.read_text(errors="surrogateescape")
    return Watched(status, _calls(text), text)


def _calls(text: str) -> list[Call]:
    counts: Counter[str] = Counter()
    calls: list[Call] = []
    for line in text.splitlines():
        found = _CALL.match(line)
        if found:
            name = found[1] or found[4]
            counts[name] += 1
            calls.append(Call(name, counts[name], line))
    return calls


def changing_calls(run: Callable[[], int | None], place: Path) -> list[Call]:
    """The calls by which an undisturbed run changes something at or below `place`."""
    log = place.parent / "strace.log"
    watched = watch(run, log, "-e", f"trace={','.join('?' + name for name in NAMES)}")
    error = Path(f"{log}.error")
    assert watched.code != 99, error.read_text() if error.exists() else "it failed"
    return [call for call in watched.calls if _changes(call, str(place))]


def _changes(call: Call, place: str) -> bool:
    if call.name in ("open", "openat") and not re.search(r"O_CREAT|O_TRUNC", call.text):
        return False
    return place in call.text or "/proc/self/fd/" in call.text


def killed_at(run: Callable[[], int | None], call: Call, log: Path) -> None:
    """Runs until the entry of `call`, where SIGKILL comes; NotInjected when it did not come."""
    inject = f"inject={call.name}:signal=KILL:when={call.ordinal}"
    watched = watch(run, log, "-e", f"trace={call.name}", "-e", inject)
    if not watched.killed or "+++ killed by SIGKILL" not in watched.log:
        raise NotInjected(f"not killed at {call}: ended with {watched.status:#x}")
    if not watched.calls or watched.calls[-1].ordinal != call.ordinal:
        raise NotInjected(f"killed elsewhere than at {call}")


def failing_at(run: Callable[[], int | None], call: Call, error: str, log: Path) -> int:
    """Runs to the end while `call` fails with `error`; the exit code. NotInjected if it did not."""
    inject = f"inject={call.name}:error={error}:when={call.ordinal}"
    watched = watch(run, log, "-e", f"trace={call.name}", "-e", inject)
    (failed,) = [one for one in watched.calls if "(INJECTED)" in one.text] or [None]
    if failed is None or failed.kind != call.kind:
        raise NotInjected(f"{error} did not come at {call}, but at {failed}")
    if watched.killed or watched.code < 0:
        raise NotInjected(f"it was ended by signal {-watched.code}")
    return watched.code


@cache
def why_not() -> str:
    """Why strace cannot be used here; empty where it can."""
    if STRACE is None:
        return "strace is not installed"
    with tempfile.TemporaryDirectory(prefix="mailsurgeon-strace-") as scratch:
        try:
            watched = watch(_write_a_byte, Path(scratch) / "log")
        except NotInjected as error:
            return str(error)
    return "" if watched.code == 7 and watched.calls else "strace does not work here"


def _write_a_byte() -> int:
    os.write(os.open(os.devnull, os.O_WRONLY), b"x")
    return 7
