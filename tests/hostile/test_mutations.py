"""Hostile mail through the survey, the inspector, and repairs and their undo: nothing breaks.

The everyday run takes 500 mutations; `MAILSURGEON_CRASH=full` takes 10,000.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.mutations import HEAD, OWN, made, mutated, names
from tests.planting.corpus import have_corpus, messages, unpack
from tests.support.protects import protects

pytestmark = pytest.mark.soak

FULL = os.environ.get("MAILSURGEON_CRASH") == "full"
COUNT = 10_000 if FULL else 500
BATCH = 1000
SEED = 20261122
LONGEST = 5.0  # seconds of the processor for any one file, in any one part
MEMORY = 300 * 1024  # KiB
REAL = 64 * 1024  # bytes of a real message that are mutated, at most


def sources(place: Path) -> list[bytes]:
    """Real mail where there is some, and our own."""
    real = [path.read_bytes()[:REAL] for path in messages(unpack(place))] if have_corpus() else []
    return [*OWN, *(data for data in real if data)]


def lay(root: Path, mails: Iterable[tuple[bytes, bytes]]) -> Path:
    """A spool with these messages (name, content); every seventh misfiled."""
    for part in ("cur", "new", "tmp"):
        (root / part).mkdir(parents=True)
    for number, (name, data) in enumerate(mails):
        where = b"" if number % 7 == 6 else b"cur"
        with open(os.path.join(os.fsencode(root), where, name), "wb") as file:
            file.write(data)
    return root


def examined(root: Path) -> dict[str, Any]:
    """What the examiner tells of a spool; fails when it crashes or does not end."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.hostile.examiner", root], capture_output=True, text=True,
        timeout=1200, check=False,
        cwd=Path(__file__).parents[2], env={**os.environ, "HOME": str(root.parent)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-4000:]
    found = json.loads(ended.stdout)
    for part, (seconds, name) in found["slowest"].items():
        if part != "survey":
            assert seconds < LONGEST, (part, seconds, name)
    assert found["peak"]["all"] < MEMORY, found["peak"]
    assert found["repair"]["differs"] == []
    return found


@protects("the inspector ends in time", where="tui/text/message.py")
def test_mutated_mail(tmp_path: Path) -> None:
    real = sources(tmp_path / "corpus")
    told = []
    for batch in range(0, COUNT, BATCH):
        count = min(BATCH, COUNT - batch)
        mails = zip(names(count, SEED + batch), mutated(real, count, SEED + batch), strict=True)
        told.append(examined(lay(tmp_path / f"spool{batch}" / "Maildir", mails)))
    acts = sum(found["repair"]["acts"] for found in told)
    slowest = max((max(found["slowest"][part] for found in told), part)
                  for part in ("read", "headers", "raw", "problem"))  # fmt: skip
    peak = max(found["peak"]["all"] for found in told) // 1024
    print(f"{COUNT:,} mutations of {len(real):,} messages: 0 crashes, slowest {slowest},")
    print(f"{acts:,} acts done and undone, peak {peak} MiB")
    assert acts > COUNT // 3
    assert all(found["repair"]["changed"] for found in told)


@protects(
    "the inspector ends in time",
    where="tui/text/message.py",
    seen="without the limit of a field 6.6 s",
)
def test_mail_made_to_break_its_readers(tmp_path: Path) -> None:
    made_mail = made(full=FULL)
    root = lay(
        tmp_path / "Maildir",
        ((b"1600000000.M1P1.%s:2,SR" % name.encode(), data) for name, data in made_mail.items()),
    )
    cur = root / "cur"
    with open(cur / "1600000000.M1P1.sparse:2,SR", "wb") as file:
        file.write(HEAD + b"\nText.\n")
        file.truncate(1 << (30 if FULL else 26))
    found = examined(root)
    print(f"{len(made_mail) + 1} made messages: slowest {found['slowest']}, {found['peak']}")
    assert found["lines"] > len(made_mail)
    # What unpacks to too much, or to nothing that is mail, is said to be so.
    assert found["problems"]["bad-flags"] >= len(made_mail)


@pytest.mark.smoke
def test_what_is_no_file_and_names_at_the_edge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [b"1600000001.M1P1." + b"x" * (255 - 16 - len(info)) + info for info in
            (b":2,S", b":2,SR", b"", b",S=5:2,SR")]  # fmt: skip
    odd = [
        b"1600000002.M1P1.\xff\xfe:2,SR",
        b"1600000002.M2P1.a\nb:2,SR",
        b"1600000002.M3P1\x1b:2,",
    ]
    root = lay(tmp_path / "Maildir", ((name, HEAD + b"\nText.\n") for name in (*long, *odd)))
    cur = root / "cur"
    os.mkfifo(cur / "1600000003.M1P1.fifo:2,S")
    os.mkfifo(root / "tmp" / "1600000003.M2P1.fifo")
    os.mkfifo(root / "1600000003.M3P1.fifo:2,S")
    (cur / "1600000003.M4P1.directory:2,S").mkdir()
    (cur / "1600000003.M5P1.link:2,S").symlink_to("/dev/zero")
    kinds = {"fifo", "directory", "symlink", "socket"}
    monkeypatch.chdir(cur)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("1600000003.M6P1.socket:2,S")
        try:
            os.mknod(cur / "1600000003.M7P1.device:2,S", stat.S_IFCHR | 0o600, os.makedev(1, 5))
            kinds.add("device")
        except PermissionError:
            pass  # only root makes devices
        found = examined(root)
    print(f"{len(long) + len(odd)} names at the edge, {sorted(kinds)} in place of files: {found}")
    assert found["problems"]["linked"] >= len(kinds)
