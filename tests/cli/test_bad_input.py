"""What is no spool, cannot be read, is full or hostile: one line, the right code, nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.protects import protects

from .conftest import Below, Run, Tree

PROGRAM = [sys.executable, "-c", "from mailsurgeon.cli import main; main()"]
MAIL = b"From: ann@example.org\nSubject: hello\n\nText.\n"


def nothing(root: Path) -> str:
    assert not root.exists()
    return "no such"


def an_empty_directory(root: Path) -> str:
    root.mkdir()
    return "no Maildir is here"


def a_plain_file(root: Path) -> str:
    root.write_text("hello\n")
    return "not a directory"


def an_mbox_file(root: Path) -> str:
    root.write_bytes(b"From ann@example.org Sat Jan  3 01:05:34 1998\n" + MAIL)
    return "an mbox file"


def a_directory_of_mboxes(root: Path) -> str:
    root.mkdir()
    (root / "inbox").write_bytes(b"From ann@example.org Sat Jan  3 01:05:34 1998\n" + MAIL)
    return "mbox"


def an_sdbox_store(root: Path) -> str:
    mails = root / "mailboxes" / "INBOX" / "dbox-Mails"
    mails.mkdir(parents=True)
    (mails / "u.1").write_bytes(b"1 M1e C0\n")
    return "sdbox"


def an_mdbox_store(root: Path) -> str:
    (root / "mailboxes" / "INBOX" / "dbox-Mails").mkdir(parents=True)
    (root / "storage").mkdir()
    (root / "storage" / "m.1").write_bytes(b"2 M1e C0\n")
    return "mdbox"


def a_spool_inside_another(root: Path) -> str:
    outer = Tree(root.parent)
    Tree(root)
    return f"inside another Maildir; open {outer}"


NO_SPOOLS = (
    nothing, an_empty_directory, a_plain_file, an_mbox_file, a_directory_of_mboxes,
    an_sdbox_store, an_mdbox_store, a_spool_inside_another,
)  # fmt: skip


@pytest.mark.parametrize("make", NO_SPOOLS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", ["", "scan", "fix", "undo", "log"])
def test_what_is_no_spool_is_named(run: Run, tmp_path: Path, make: object, command: str) -> None:
    assert callable(make)
    (tmp_path / "mail").mkdir()
    root = tmp_path / "mail" / ".Store"
    told = make(root)
    outcome = run(*filter(None, (command, root)))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint.startswith(f"{root}: ")
    assert told.casefold() in outcome.complaint.casefold()


def without_roots_rights() -> list[str]:
    """The words that begin a command which may not read what its modes forbid."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root reads everything, and there is no setpriv to give that up")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def test_an_unreadable_folder_is_named_and_the_rest_examined(broken: Tree) -> None:
    prefix = without_roots_rights()
    (broken.root / ".Entw&APw-rfe" / "cur").chmod(0)
    try:
        ended = subprocess.run(
            [*prefix, *PROGRAM, "scan", broken, "--format", "json"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        (broken.root / ".Entw&APw-rfe" / "cur").chmod(0o755)
    assert (ended.returncode, ended.stderr) == (1, "")
    found = json.loads(ended.stdout)
    told = [row["path"] for row in found["not_examined"]]
    told += [row["path"] for row in found["problems"] if row["code"] == "unreadable"]
    assert ".Entw&APw-rfe/cur" in told
    assert found["totals"]["problems"]["misfiled"] == 1


def test_an_unreadable_spool_is_one_line(clean: Tree) -> None:
    prefix = without_roots_rights()
    clean.root.chmod(0)
    try:
        ended = subprocess.run(
            [*prefix, *PROGRAM, "scan", clean], capture_output=True, text=True, check=False
        )
    finally:
        clean.root.chmod(0o755)
    assert ended.returncode == 2
    told = f"mailsurgeon: {clean}: Permission denied; run it as the user who owns the mail"
    assert ended.stderr == f"{told}, or as root\n"


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", place]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_read_only_file_system(run: Run, mounted: Path) -> None:
    tree = Tree(mounted / "Maildir")
    tree.add(".Sent/cur/1600000004.M1P1.host:2,SR")
    tree.folder(".Sent")
    subprocess.run(["mount", "-o", "remount,ro", mounted], check=True)
    before = tree.picture()
    scanned = run("scan", tree, "--format", "json")
    assert scanned.code == 1
    assert scanned.json["totals"]["problems"] == {"bad-flags": 1}
    assert run("fix", tree, "--dry-run").code == 1
    outcome = run("fix", tree, "--yes")
    assert outcome.code in (1, 2)
    assert "read-only" in (outcome.out + outcome.err).casefold()
    assert len(outcome.err.splitlines()) <= 1
    assert tree.picture() == before


def fill(place: Path) -> None:
    """Leaves no byte on the file system of `place`."""
    handle = os.open(place / "filler", os.O_WRONLY | os.O_CREAT, 0o600)
    for piece in (1 << 16, 1 << 12, 1):
        with contextlib.suppress(OSError):
            while os.write(handle, b"x" * piece):
                pass
    os.close(handle)


def test_a_full_disk_under_the_journal_changes_nothing(
    run: Run, broken: Tree, mounted: Path
) -> None:
    before = broken.picture()
    fill(mounted)
    outcome = run("fix", broken, "--yes", "--state-dir", mounted / "state")
    assert outcome.code == 2
    assert str(mounted / "state") in outcome.complaint
    assert broken.picture() == before


def test_a_full_disk_under_the_index_does_not_stop_a_scan(
    run: Run, broken: Tree, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run("scan", broken, "--format", "csv").out
    fill(mounted)
    monkeypatch.setenv("XDG_CACHE_HOME", str(mounted))
    outcome = run("scan", broken, "--format", "csv")
    assert (outcome.code, outcome.out, outcome.err) == (1, expected, "")


@pytest.fixture
def large(clean: Tree) -> Tree:
    """A spool whose index takes more than the megabyte of the small disk."""
    for number in range(4_000):
        path = clean.root / "cur" / f"{1_600_100_000 + number}.M{number}P1.host,S=7:2,S"
        path.write_bytes(b"From: ann@example.org\nSubject: %d\n\n" % number)
    return clean


def kept(place: Path) -> list[Path]:
    """The files that take room on a disk; the lock of an index is empty and stays."""
    return [path for path in place.rglob("*") if path.is_file() and path.stat().st_size]


@pytest.mark.soak
@protects(
    "a full disk is not kept full by an index",
    where="procedures/survey_spool.py",
    seen="on a file system of a megabyte; seen failing with the index left there",
)
def test_a_disk_that_the_index_fills_does_not_stop_a_scan(
    run: Run, large: Tree, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run("scan", large, "--format", "csv").out
    monkeypatch.setenv("XDG_CACHE_HOME", str(mounted))
    outcome = run("scan", large, "--format", "csv", "--verbose")
    assert (outcome.code, outcome.out) == (1, expected)
    assert "a temporary one is used" in outcome.complaint
    assert not kept(mounted), "the disk is free again"


@pytest.mark.soak
def test_where_no_index_has_room_it_is_one_line(
    run: Run, large: Tree, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = large.picture()
    monkeypatch.setenv("XDG_CACHE_HOME", str(mounted))
    monkeypatch.setattr(tempfile, "tempdir", str(mounted))
    for words in (("scan", large), ("fix", large, "--yes")):
        outcome = run(*words)
        assert (outcome.code, outcome.out) == (2, "")
        assert "the index cannot be kept (database or disk is full)" in outcome.complaint
        assert "TMPDIR" in outcome.complaint
    rows = run("scan-all", large, "--format", "json")
    assert rows.code == 2
    assert "TMPDIR" in rows.json["spools"][0]["error"]
    assert large.picture() == before
    assert not kept(mounted)


@pytest.mark.process
def test_a_limit_on_the_size_of_files_is_one_line(large: Tree, tmp_path: Path) -> None:
    before = large.picture()
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))"
    program = f"{limited}; from mailsurgeon.cli import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", program, "scan", large],
        capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"mailsurgeon: {tmp_path}/mailsurgeon-")
    assert ended.stderr.count("\n") == 1 and "TMPDIR" in ended.stderr
    assert large.picture() == before


def test_a_full_disk_under_the_spool_loses_nothing(run: Run, mounted: Path) -> None:
    tree = Tree(mounted / "Maildir")
    tree.add(".Sent/1600000003.M1P1.host:2,S")
    tree.add("cur/1600000004.M1P1.host:2,SR")
    tree.folder(".Sent")
    fill(mounted)
    (mounted / "filler").rename(mounted / "Maildir" / "dovecot.index.cache")
    mail = sorted(what[1:] for path, what in tree.picture().items() if b"M1P1" in path)
    outcome = run("fix", tree, "--yes")
    assert outcome.code in (0, 1, 2)
    assert len(outcome.err.splitlines()) <= 1
    assert "Traceback" not in outcome.err
    held = tree.picture() | Below(mounted / ".Maildir.quarantine").picture()
    assert sorted(what[1:] for path, what in held.items() if b"M1P1" in path) == mail


def test_names_that_are_not_utf_8(run: Run, clean: Tree) -> None:
    clean.add(b"cur/1600000008.M1P1.caf\xe9:2,SR")
    clean.folder(os.fsdecode(b".B\xfccher"))
    clean.add(b".B\xfccher/1600000009.M1P1.host:2,S")
    before = clean.picture()
    outcome = run("scan", clean, "--format", "json")
    assert '"cur/1600000008.M1P1.caf\\udce9:2,SR"' in outcome.out
    assert outcome.out.isascii()
    assert "caf\\xe9" in run("scan", clean).out
    path = os.fsdecode(b"cur/1600000008.M1P1.caf\xe9:2,SR")
    assert run("fix", clean, path, "--yes").code == 0
    assert run("fix", clean, "--yes").code == 0
    assert b"cur/1600000008.M1P1.caf\xe9:2,RS" in clean.picture()
    assert b".B\xfccher/cur/1600000009.M1P1.host:2,S" in clean.picture()
    assert run("undo", clean, "--all", "--yes").code == 0
    assert clean.picture() == before


# Started by a small process: a child's peak begins with what its parent had.
MEASURED = """
import resource, subprocess, sys
ended = subprocess.run(sys.argv[1:], check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(ended.returncode)
"""


@pytest.mark.soak
def test_a_message_of_1_gb_is_read_in_bounded_memory(clean: Tree) -> None:
    path = clean.root / "cur" / "1600000009.M1P1.host:2,SR"
    with open(path, "wb") as file:
        file.write(b"Message-ID: <huge@example.org>\n" + MAIL)
        file.truncate(1 << 30)
    scan = [*PROGRAM, "scan", str(clean), "--format", "json", "--jobs", "1"]
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, *scan], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    found = json.loads(ended.stdout)
    assert found["folders"][0]["bytes"] >= 1 << 30
    assert found["totals"]["problems"] == {"bad-flags": 1, "truncated": 1}  # its end is a hole
    assert int(ended.stderr) < 300 * 1024  # KiB


def test_what_is_no_file_in_cur_is_named_and_never_opened(run: Run, clean: Tree) -> None:
    cur = clean.root / "cur"
    os.mkfifo(cur / "1600000010.M1P1.host:2,S")
    os.symlink("/dev/zero", cur / "1600000011.M1P1.host:2,S")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(cur)  # the path of a socket is short
        try:
            listener.bind("1600000012.M1P1.host:2,S")
        finally:
            os.chdir(here)
        found = run("scan", clean, "--format", "json")
        assert found.code == 1
        kinds = {row["detail"]["kind"] for row in found.json["problems"]}
        assert kinds == {"fifo", "symlink", "socket"}
        before = clean.picture()
        assert run("fix", clean, "--yes").code == 0
        assert clean.picture() == before  # served as it is: not taken on unasked
        assert run("fix", clean, "--only", "linked", "--yes").code == 0
        assert not any("160000001" in name for name in clean.names())
        assert run("undo", clean, "--yes").code == 0
        assert clean.picture() == before


def test_a_message_that_vanishes_while_it_is_read_does_not_stop_the_scan(
    run: Run, broken: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "1600000000.M1P1.host:2,S"
    really_open = os.open

    def vanishing(path: str | bytes, *arguments: int, **more: int | None) -> int:
        if os.fsdecode(path).endswith(gone):
            (broken.root / "cur" / gone).unlink(missing_ok=True)
        return really_open(path, *arguments, **more)

    monkeypatch.setattr(os, "open", vanishing)
    found = run("scan", broken, "--format", "json")
    assert found.code == 1
    assert found.json["totals"]["problems"]["misfiled"] == 1
    assert not any(gone in row["path"] for row in found.json["problems"])
