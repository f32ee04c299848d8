"""Servers' lists that a mailbox's owner has filled with anything: a scan stays small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak

SIZE, MOST = 100 << 20, 64 << 20
HEADER = b"3 V1672653600 N3 G0123456789abcdef0123456789abcdef\n"
FILL: dict[str, Callable[[Path], object]] = {
    "newlines": lambda path: filled(path, b"\n"),
    "NULs": lambda path: filled(path, b"\0"),
    "one endless line": lambda path: filled(path, b"x"),
    "one record again and again": lambda path: filled(path, b"1 :a\n"),
    "a sparse file": lambda path: (path.write_bytes(HEADER), os.truncate(path, 1 << 40)),
    "a FIFO": os.mkfifo,
}
LISTS = ("dovecot-uidlist", "courierimapuiddb", "dovecot-keywords")
OTHERS = ("subscriptions", "courierimapsubscribed", "maildirsize", ".uidvalidity", ".mbsyncstate")


def filled(path: Path, unit: bytes) -> None:
    header = {"courierimapuiddb": b"1 5 6\n", "dovecot-uidlist": HEADER}.get(path.name, b"")
    block = unit * ((1 << 20) // len(unit))
    with path.open("wb") as file:
        file.write(header)
        while file.tell() < SIZE:
            file.write(block)


def spool_in(home: Path) -> Path:
    spool = home / "Maildir"
    for part in ("cur", "new", "tmp"):
        (spool / part).mkdir(parents=True)
    for number in range(3):  # two with one Message-ID, so that UIDs are looked up
        text = f"From: a@b\nMessage-ID: <{number % 2}@x>\n\nText.\n"
        (spool / "cur" / f"167265360{number}.M1.h:2,S").write_text(text)
    return spool


def scanned(spool: Path) -> tuple[int, set[str]]:
    """The most memory that a scan took, in bytes, and the paths of which it says something."""
    home = spool.parent
    environment = {
        **os.environ, "XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(home / "cache"),
    }  # fmt: skip
    command = [sys.executable, "-m", "mailsurgeon", "scan", str(spool), "--format", "json"]
    out = home / "out"
    with out.open("wb") as file:
        process = subprocess.Popen([*command, "--jobs", "1"], stdout=file, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    found = json.loads(out.read_text())
    said = {one["path"] for one in (*found["problems"], *found["not_examined"])}
    return usage.ru_maxrss * 1024, said


@pytest.mark.parametrize("fill", FILL)
def test_a_scan_of_hostile_lists_stays_small(fill: str, tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    usual, _ = scanned(spool_in(tmp_path / "usual"))
    for name in (*LISTS, *OTHERS):
        home = tmp_path / name.strip(".")
        home.mkdir()
        spool = spool_in(home)
        FILL[fill](spool / name)
        most, said = scanned(spool)
        assert most < usual + MOST, (name, most - usual)
        assert name not in LISTS or name in said, (name, said)
        (spool / name).unlink()
