"""Builds a large damaged spool: `python -m tests.benchmarks.generate DIR [-n MESSAGES]`.

A maildir++ spool of 205 folders, always alike for one seed, written by several processes. What
was planted is counted in DIR.truth.json. DIR must not exist yet; no file in it is older or newer
because of when it was made.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.compose import HOST, Composer
from tests.benchmarks.shape import STANDARD, FolderPlan, plan, truth

_FIRST = 946_684_800  # 2000-01-01: the oldest message
_SPAN = 25 * 31_556_952  # seconds from the oldest to the newest one
_FLAGS = ("", "S", "S", "S", "S", "RS", "FS", "FRS", "T", "PS")
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def main() -> None:
    """Build the spool named on the command line and say what is in it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.generate",
        description="Build a large damaged spool, with its ground truth in DIR.truth.json.",
    )
    parser.add_argument("target", metavar="DIR", type=Path, help="must not exist yet")
    parser.add_argument("-n", "--messages", type=int, default=STANDARD)
    parser.add_argument("--small", action="store_true", help="messages of 600 to 900 bytes")
    parser.add_argument("--wrong-sizes", type=int, help="how many have a wrong S=")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    started = time.monotonic()
    try:
        found = generate(
            given.target, given.messages, small=given.small, seed=given.seed, jobs=given.jobs,
            wrong_sizes=given.wrong_sizes,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        sys.exit(f"{given.target}: {error}")
    print(f"{given.target}: {found['messages']} messages, {found['problems']},"
          f" in {time.monotonic() - started:.1f} s")  # fmt: skip


def generate(
    target: Path, messages: int = STANDARD, *, small: bool = False, seed: int = 1, jobs: int = 1,
    wrong_sizes: int | None = None,
) -> dict[str, object]:  # fmt: skip
    """Build the spool and return its truth, which is also written to `TARGET.truth.json`.

    Raises FileExistsError when there is something at `target`, ValueError for too few messages.
    """
    folders = plan(messages, seed, wrong_sizes)
    target.mkdir(mode=0o700, parents=True)
    tasks = [
        Task(os.fsencode(target.absolute()), folder, seed, small)
        for folder in sorted(folders, key=lambda folder: -(folder.filed + folder.misfiled))
    ]
    if jobs > 1:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=context) as executor:
            list(executor.map(write_folder, tasks))
    else:
        for task in tasks:
            write_folder(task)
    found = truth(folders)
    report = target.with_name(target.name + ".truth.json")
    report.write_text(json.dumps(found, indent=1) + "\n")
    return found


@dataclass(frozen=True, slots=True)
class Task:
    """One folder to be written."""

    root: bytes
    plan: FolderPlan
    seed: int
    small: bool


def write_folder(task: Task) -> None:
    """Write one folder with all that lies in it. Called in worker processes."""
    _Folder(task).write()


class _Folder:
    def __init__(self, task: Task) -> None:
        self.plan = task.plan
        self.seed = task.seed
        self.small = task.small
        self.path = os.path.join(task.root, task.plan.name.encode())
        self.rng = random.Random(f"{task.seed}/{task.plan.name}")
        self.composer = Composer(self.rng, small=task.small)
        self.number = 0
        self.bases: list[bytes] = []

    def write(self) -> None:
        """The directories, the messages in every place, the marks and lists of the server."""
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        for part in (b"cur", b"new", b"tmp"):
            os.mkdir(os.path.join(self.path, part), 0o700)
        if self.plan.name:
            self._put(self.path, b"maildirfolder", b"", _FIRST * 10**9)
        self._filed()
        for _ in range(self.plan.misfiled):
            info = self.rng.choice((b":2,S", b":2,S", b""))
            self._message(self.path, "", info=info)
        if self.plan.nested:
            nest = os.path.join(self.path, b"saved")
            os.mkdir(nest, 0o700)
            for _ in range(self.plan.nested):
                self._message(nest, "")
        self._leftovers()
        self._uidlist()

    def _filed(self) -> None:
        cur, new = os.path.join(self.path, b"cur"), os.path.join(self.path, b"new")
        for kind in self._kinds():
            fresh = not kind and self.rng.random() < 0.01
            info = b"" if fresh else b":2," + self.rng.choice(_FLAGS).encode()
            twin = self._message(new if fresh else cur, kind, info=info, listed=True)
            if kind == "copied":
                self._copy(cur, twin)
        for number in self.plan.shared:
            self._copy(cur, self._shared(number))

    def _kinds(self) -> list[str]:
        """What each filed message is, in the order of their UIDs; copies come with originals."""
        odd = dict(self.plan.odd)
        copied = odd.pop("copy", 0)
        kinds = [kind for kind, count in odd.items() for _ in range(count)] + ["copied"] * copied
        plain = self.plan.filed - len(kinds) - copied - len(self.plan.shared)
        kinds += [""] * plain
        self.rng.shuffle(kinds)
        return kinds

    def _message(
        self, directory: bytes, kind: str, *, info: bytes = b"", listed: bool = False
    ) -> bytes:
        seconds = self._moment()
        content = self.composer.message(self._identity(), seconds, kind)
        base = self._base(seconds, content, kind)
        if listed:
            self.bases.append(base)
        self._put(directory, base + info, content, self._mtime(seconds))
        return content

    def _copy(self, directory: bytes, content: bytes) -> None:
        """The same bytes under another name, come in within a year of its date."""
        start = content.lower().index(b"\nmessage-id:")
        seconds = int(content[start : content.index(b"@", start)].rpartition(b".")[2])
        seconds += self.rng.randrange(1, 9_000_000)
        base = self._base(seconds, content, "copy")
        self.bases.append(base)
        self._put(directory, base + b":2,S", content, self._mtime(seconds))

    def _shared(self, number: int) -> bytes:
        rng = random.Random(f"{self.seed}/shared/{number}")
        seconds = _FIRST + rng.randrange(_SPAN)
        return Composer(rng, small=self.small).message(f"shared{number}", seconds)

    def _leftovers(self) -> None:
        tmp = os.path.join(self.path, b"tmp")
        for number in range(self.plan.leftovers):
            if number < self.plan.leftovers_empty:
                seconds = self._moment()
                self._put(tmp, self._base(seconds, b"", "plain"), b"", self._mtime(seconds))
            else:
                self._message(tmp, "")

    def _uidlist(self) -> None:
        guid = f"{self.rng.getrandbits(128):032x}"
        validity = 1_300_000_000 + self.plan.number
        head = f"3 V{validity} N{len(self.bases) + 1} G{guid}\n".encode()
        lines = [b"%d :%b\n" % (uid, base) for uid, base in enumerate(self.bases, 1)]
        newest = (_FIRST + _SPAN) * 10**9
        self._put(self.path, b"dovecot-uidlist", head + b"".join(lines), newest)

    def _identity(self) -> str:
        return f"{self.plan.number:x}.{self.number + 1:x}"

    def _moment(self) -> int:
        return _FIRST + self.rng.randrange(_SPAN)

    def _mtime(self, seconds: int) -> int:
        """Nanoseconds: when the message came in, some time within that second."""
        return seconds * 10**9 + self.rng.randrange(10**9)

    def _base(self, seconds: int, content: bytes, kind: str) -> bytes:
        """A base name; most have S= and W=, some of them wrong, some have none."""
        self.number += 1
        micro = self.rng.randrange(1_000_000)
        host = HOST.encode() + (b"-\xe4\xf6\xfc" if kind == "raw-name" else b"")
        base = b"%d.M%06dP%d.%b" % (seconds, micro, self.number, host)
        bare = kind == "plain" or (not kind and self.rng.random() < 0.06)
        if bare:
            return base
        size = len(content)
        virtual = size if kind == "crlf" else size + content.count(b"\n")
        wrong = self.rng.randint(1, 99) * self.rng.choice((1, -1))
        if kind == "size":
            size += wrong
        elif kind == "virtual":
            virtual += wrong
        return base + b",S=%d,W=%d" % (size, virtual)

    def _put(self, directory: bytes, name: bytes, content: bytes, mtime_ns: int) -> None:
        descriptor = os.open(os.path.join(directory, name), _WRITE, 0o600)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.utime(descriptor, ns=(mtime_ns, mtime_ns))
        finally:
            os.close(descriptor)


if __name__ == "__main__":
    main()
