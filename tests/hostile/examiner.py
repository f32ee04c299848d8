"""Goes through one spool in a process of its own, as everything in the program would, and tells.

`python -m tests.hostile.examiner SPOOL` prints JSON: the slowest look at one file by each part, the
peak of memory, what was found, and whether repair and undo left the spool as it was.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.read.message_file import digests, open_file, read_message
from mailsurgeon.survey.run import run_survey
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.text.message import TABS, inspect

PART = 1 << 20  # bytes of a file that are compared


def peak() -> int:
    """The highest resident memory of this process so far, in KiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def picture(root: bytes) -> dict[bytes, tuple[Any, ...]]:
    """Every name below a directory: its kind, mode, size, time and beginning."""
    seen: dict[bytes, tuple[Any, ...]] = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            what: tuple[Any, ...] = (status.st_mode,)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    what += (status.st_size, status.st_mtime_ns, file.read(PART))
            seen[path] = what
    return seen


class Examination:
    """One spool, and what became of looking at it."""

    def __init__(self, root: bytes) -> None:
        self.slowest: dict[str, tuple[float, str]] = {}
        self.spool = open_spool(root, Options())
        self.place = Path(os.fsdecode(root)).parent
        self.index = Index.open(self.place / "index.sqlite3")

    def timed(self, part: str, name: bytes, act: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = act()
        took = time.process_time() - began
        if took > self.slowest.get(part, (0.0, ""))[0]:
            self.slowest[part] = (took, os.fsdecode(name).encode("ascii", "backslashreplace")
                                  .decode())  # fmt: skip
        return result

    def survey(self) -> Counter[str]:
        """Quick, then full; and each file of cur/ once more by itself, to take its time."""
        for quick in (True, False):
            self.timed("survey", b"all", lambda quick=quick: self._survey(quick))
        directory = os.open(os.path.join(self.spool.root, b"cur"), os.O_RDONLY)
        for name in os.listdir(directory):
            status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if (status.st_mode & 0o170000) == 0o100000:
                for part, act in (("read", read_message), ("digest", digests)):
                    self.timed(part, name, lambda n=name, a=act: _read(directory, n, a))
        os.close(directory)
        return Counter(self.index.problem_counts())

    def _survey(self, quick: bool) -> None:
        run_survey(self.spool, self.index, Options(), quick=quick)

    def inspect(self, surgeon: Surgeon) -> int:
        """Every tab of every message; gives the number of lines."""
        session = SpoolSession(self.spool, self.index, Options(), surgeon, run_survey)
        lines = 0
        for entry in self.index.entries(list(self.index.view(ViewQuery()))):
            for tab in TABS[1:3]:
                shown = self.timed(
                    tab, entry.path, lambda e=entry, t=tab: inspect(session, self.index, e, t)
                )
                lines += len(shown)
        for entry in self.index.entries(list(self.index.view(ViewQuery()))[:40]):
            self.timed("problem", entry.path,
                       lambda e=entry: inspect(session, self.index, e, TABS[0]))  # fmt: skip
        return lines

    def repair(self, surgeon: Surgeon) -> dict[str, Any]:
        """All remedies at once, then the undo of all."""
        before = picture(self.spool.root)
        codes = list(self.index.problem_counts())
        plan = plan_fix(self.spool, self.index, only=codes, force=True)
        report = surgeon.apply(plan)
        changed = picture(self.spool.root) != before
        for number in surgeon.undoable():
            surgeon.apply(surgeon.plan_undo(number))
        after = picture(self.spool.root)
        differing = [one for one in {*before, *after} if before.get(one) != after.get(one)]
        other = [_shown(path) for path in sorted(differing)]
        refused = [item.reason for item in report.refused]
        return {"acts": len(plan.acts), "changed": changed, "differs": other, "refused": refused}


def _shown(name: bytes) -> str:
    return os.fsdecode(name).encode("ascii", "backslashreplace").decode()


def _read(directory: int, name: bytes, act: Callable[[int, int], Any]) -> None:
    handle = open_file(directory, name)
    try:
        act(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)


def main() -> None:
    found = Examination(os.fsencode(sys.argv[1]))
    problems = found.survey()
    surveyed = peak()
    with Surgeon(found.spool, state_dir=found.place / "state") as surgeon:
        lines = found.inspect(surgeon)
        inspected = peak()
        repaired = found.repair(surgeon)
    told = {
        "problems": problems, "lines": lines, "slowest": found.slowest, "repair": repaired,
        "peak": {"survey": surveyed, "inspector": inspected, "all": peak()},
    }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
