"""Codes, folders and paths on the command line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mailsurgeon import cli
from mailsurgeon.cli.arguments import (
    SWITCHES,
    checked_codes,
    checked_folders,
    help_asked,
    paths_in,
    spread_codes,
    without_repeats,
)
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.index import Index

SPREAD = [
    (["--only", "empty"], ["--only", "empty"]),
    (["--only", "empty", "misfiled"], ["--only", "empty", "--only", "misfiled"]),
    (["--only", "empty,misfiled"], ["--only", "empty", "--only", "misfiled"]),
    (["--only=empty,misfiled", "in-tmp"],
     ["--only", "empty", "--only", "misfiled", "--only", "in-tmp"]),
    (["--only", "empty", "cur/x"], ["--only", "empty", "cur/x"]),
    (["--only", "empty", "--folder", "misfiled"], ["--only", "empty", "--folder", "misfiled"]),
    (["--only", "empty", "cur/x", "misfiled"], ["--only", "empty", "cur/x", "misfiled"]),
    (["empty", "--", "--only", "a,b"], ["empty", "--", "--only", "a,b"]),
    (["--only", "dup", "SIZE"], ["--only", "dup", "--only", "SIZE"]),
    (["--only", "dup", "size"], ["--only", "dup", "size"]),
    (["--only"], ["--only"]),
    ([], []),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), SPREAD, ids=str)
def test_codes_may_follow_one_option(typed: list[str], meant: list[str]) -> None:
    assert spread_codes(typed) == meant


def test_what_is_said_twice_counts_once() -> None:
    assert without_repeats(["fix", "--yes", "x", "--yes", "-q", "--quiet"]) == [
        "fix", "--yes", "x", "-q",
    ]  # fmt: skip
    assert without_repeats(["--only", "empty", "--only", "empty"]) == [
        "--only", "empty", "--only", "empty",
    ]  # fmt: skip
    assert without_repeats(["--yes", "--", "--yes"]) == ["--yes", "--", "--yes"]


def test_every_option_without_a_value_may_be_repeated() -> None:
    sources = Path(cli.__file__).parent.rglob("*.py")
    found = {
        "--" + name.replace("_", "-")
        for source in sources
        for name in re.findall(r"(\w+): Annotated\[\s*bool\b", source.read_text())
    }
    assert "--yes" in found and "--quick" in found
    # What is there by default is turned off: `--no-mouse`.
    assert {name for name in found if name not in SWITCHES} <= {"--mouse"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["help"], ["--help"]),
        (["help", "fix"], ["fix", "--help"]),
        (["./help"], ["./help"]),
        (["fix", "help"], ["fix", "help"]),
        ([], []),
    ],
)
def test_help_helps(typed: list[str], meant: list[str]) -> None:
    assert help_asked(typed) == meant


def test_a_code_or_a_badge_may_be_typed_in_any_case() -> None:
    assert checked_codes(["Empty", "size", "DUP"]) == {"empty", "size-mismatch", "duplicate-id"}
    with pytest.raises(MailsurgeonError, match="nothing: no such code or badge"):
        checked_codes(["empty", "nothing"])


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    root = tmp_path / "Maildir"
    (root / "cur").mkdir(parents=True)
    (root / "cur" / "message").write_text("x")
    os.symlink("/etc/hostname", root / "cur" / "link")
    status = root.stat()
    return Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")


def test_a_path_is_found_from_everywhere(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    root = spool.shown
    monkeypatch.chdir("/")
    words = ["cur/message", "./cur//message", f"{root}/cur/message", f"{root}/cur/../cur/message"]
    assert set(paths_in(spool, words)) == {b"cur/message"}
    monkeypatch.chdir(f"{root}/cur")
    assert paths_in(spool, ["message"]) == [b"cur/message"]
    monkeypatch.chdir(os.path.dirname(root))
    assert paths_in(spool, ["Maildir/cur/message", "Maildir"]) == [b"cur/message", b""]


def test_a_symlink_in_cur_is_meant_itself(spool: Spool) -> None:
    assert paths_in(spool, ["cur/link"]) == [b"cur/link"]


@pytest.mark.parametrize("word", ["/etc/hostname", "../outside", "/"])
def test_a_path_outside_is_refused(spool: Spool, word: str) -> None:
    (Path(spool.shown).parent / "outside").write_text("x")
    with pytest.raises(MailsurgeonError, match="lies outside the spool"):
        paths_in(spool, [word])


def test_a_path_through_a_symlink_that_leads_out_is_refused(spool: Spool) -> None:
    os.symlink("/etc", os.path.join(spool.shown, "away"))
    with pytest.raises(MailsurgeonError, match="lies outside the spool"):
        paths_in(spool, ["away/hostname"])


def test_many_folders_are_not_all_named(spool: Spool, tmp_path: Path) -> None:
    index = Index.open(tmp_path / "index")
    for number in range(300):
        index.db.execute(
            "INSERT INTO folders (path, name) VALUES (?, ?)",
            (b".Lists.%03d" % number, b"Lists.%03d" % number),
        )
    with pytest.raises(MailsurgeonError) as caught:
        checked_folders(spool, index, ["List.123"])
    assert "300 are known, among them Lists.123" in str(caught.value)
    assert len(str(caught.value)) < 400
    assert [row.name for row in checked_folders(spool, index, [".Lists.007/"])] == ["Lists.007"]
