"""`mailsurgeon log`: the journal in each of its forms."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Tree

UNSORTED = ".Sent/cur/1600000004.M1P1.host:2,SR"
SORTED = ".Sent/cur/1600000004.M1P1.host:2,RS"
EMPTY = "cur/1600000005.M1P1.host:2,S"


@pytest.fixture
def repaired(run: Run, broken: Tree) -> Tree:
    """Operation 1 sorts flags, 2 puts an empty message away, 3 takes the first back."""
    run("fix", broken, "--only", "bad-flags", "--yes")
    run("fix", broken, "--only", "empty", "--yes")
    run("undo", broken, 1, "--yes")
    return broken


def test_json_is_what_the_contract_says(run: Run, repaired: Tree) -> None:
    outcome = run("log", repaired, "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    found = outcome.json
    assert (found["schema"], found["spool"]) == (1, str(repaired))
    first, second, third = found["operations"]
    assert set(first) == {"id", "session", "time", "kind", "of", "summary", "state", "steps"}
    facts = [(one["id"], one["kind"], one["of"], one["state"]) for one in found["operations"]]
    assert facts == [
        (1, "fix", None, "undone"),
        (2, "fix", None, "applied"),
        (3, "undo", 1, "applied"),
    ]  # fmt: skip
    assert first["steps"] == [
        {"action": "rename", "source": UNSORTED, "target": SORTED, "state": "undone"}
    ]
    assert second["steps"] == [
        {"action": "rename", "source": EMPTY, "target": f"quarantine:2/{EMPTY}", "state": "done"}
    ]
    assert third["steps"][0]["source"] == SORTED


def test_an_empty_journal(run: Run, clean: Tree) -> None:
    assert run("log", clean, "--format", "json").json["operations"] == []
    assert run("log", clean).code == 0


def test_a_session_can_be_picked(run: Run, repaired: Tree) -> None:
    every = run("log", repaired, "--format", "json").json["operations"]
    session = every[1]["session"]
    found = run("log", repaired, "--session", session, "--format", "json").json["operations"]
    assert [one["id"] for one in found] == [2]


@pytest.mark.parametrize("format", ["md", "html"])
def test_the_readable_forms_name_every_step(run: Run, repaired: Tree, format: str) -> None:
    out = re.sub(r"<[^>]*>", "", run("log", repaired, "--format", format).out)
    for text in (UNSORTED, SORTED, f"quarantine:2/{EMPTY}", "undone"):
        assert text in out


def test_the_log_can_be_a_file(run: Run, repaired: Tree, tmp_path: Path) -> None:
    to = tmp_path / "log.md"
    outcome = run("log", repaired, "--output", to)
    assert (outcome.code, outcome.out) == (0, "")
    # The same, but for the moment it was written at.
    written, shown = to.read_text().splitlines(), run("log", repaired).out.splitlines()
    assert [line for line in written if "Written:" not in line] == [
        line for line in shown if "Written:" not in line
    ]
    assert stat.S_IMODE(to.stat().st_mode) == 0o600


def test_the_log_never_replaces_mail(run: Run, repaired: Tree, tmp_path: Path) -> None:
    away = tmp_path / "mail" / ".Maildir.quarantine" / "2" / EMPTY
    (tmp_path / "link").symlink_to(repaired.root / UNSORTED)
    before = repaired.picture()
    for to in (repaired.root / UNSORTED, repaired.root / "log.md", tmp_path / "link", away):
        outcome = run("log", repaired, "--output", to)
        assert outcome.code == 2
        assert outcome.complaint == f"{to}: lies among the mail; name a file elsewhere"
    assert repaired.picture() == before
    assert away.stat().st_size == 0


HOSTILE = (
    "cur/1600000020.M1P1.h\x1b[31m$(touch owned)`id`'\"\\%s:2,SR",
    "cur/1600000021.M1P1.h\nnew line:2,SR",
    "cur/1600000022.M1P1.h\u202e\u200b:2,SR",
    "cur/-1600000023.M1P1.host:2,SR",
)


def test_the_script_makes_the_same_acts_on_a_copy(run: Run, broken: Tree, tmp_path: Path) -> None:
    for name in HOSTILE:
        broken.add(name)
    broken.add(b"cur/1600000024.M1P1.caf\xe9:2,SR")
    uidlist = broken.root / "dovecot-uidlist"
    uidlist.write_bytes(
        b"3 V1600000000 N4 G0123456789abcdef0123456789abcdef\n"
        b"1 :1600000000.M1P1.host\n2 :1600000002.M1P1.host,S=7\n"
        b"3 :1600000020.M1P1.h\x1b[31m$(touch owned)`id`'\"\\%s\n"
    )
    os.mkdir(tmp_path / "copy")
    shutil.copytree(broken.root, tmp_path / "copy" / "Maildir", symlinks=True)
    run("fix", broken, "--yes")
    run("fix", broken, "--only", "empty", "--yes")
    run("undo", broken, "--yes")
    run("quarantine", "add", broken, ".Entw&APw-rfe", "--yes")
    script = tmp_path / "acts.sh"
    assert run("log", broken, "--format", "sh", "--output", script).code == 0
    text = script.read_bytes()
    assert b"mv -n" in text
    assert not any(byte < 0x20 and byte != 0x0A for byte in text)
    subprocess.run(["sh", "-n", script], check=True)
    copy = tmp_path / "copy" / "Maildir"
    quarantine = tmp_path / "copy" / ".Maildir.quarantine"
    ended = subprocess.run(
        ["sh", script, copy, quarantine], capture_output=True, check=True, cwd=tmp_path
    )
    assert ended.stdout + ended.stderr == b""
    assert Tree(copy).picture() == broken.picture()
    by_hand, ours = _below(quarantine), _below(broken.root.parent / ".Maildir.quarantine")
    ours -= {"IDENTITY"}  # of the spool, not of what was done
    assert {"4/.Entw&APw-rfe/cur"} <= ours <= by_hand
    assert all((quarantine / name).is_dir() for name in by_hand - ours)
    assert not (tmp_path / "owned").exists()


def _below(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}
