"""The session log as a script: run on the spool of before, it edits the lists that were edited."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS, COURIER_UIDLIST
from mailsurgeon.surgery.steps.shell_words import ShellWords
from mailsurgeon.surgery.steps.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.uidlist_lines import DropLines
from tests.journals.commands import Command, places_of, run
from tests.journals.recordings import built, loaded, recordings

from .conftest import SPOOL

COURIER = next(one for one in recordings() if one.name == "courier")


def script_of(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The log of the recorded journal of a spool that Courier serves."""
    for name, value in places_of(home).items():
        monkeypatch.setenv(name, value)
    loaded(home, COURIER)
    code, script = run(home, Command("log SPOOL --format sh"))
    assert code == 0
    return script


def kept_in(folder: Path) -> dict[str, bytes]:
    """What Courier keeps in a folder, by path."""
    files = [folder / COURIER_UIDLIST.decode(), *(folder / COURIER_KEYWORDS.decode()).iterdir()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_script_edits_couriers_lists_as_the_program_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("recorded", "by-hand"):
        (tmp_path / name).mkdir()
    script = script_of(tmp_path / "recorded", monkeypatch)
    spool = built(tmp_path / "by-hand", COURIER.before()).mail / "Maildir"
    treated = tmp_path / "recorded" / spool.relative_to(tmp_path / "by-hand")
    before = kept_in(spool / ".Court")
    ended = subprocess.run(
        ["sh", "-s", str(spool), str(tmp_path / "quarantine")],
        input=os.fsencode(script), capture_output=True, check=True,
    )  # fmt: skip
    assert ended.stderr == b""
    after = kept_in(spool / ".Court")
    assert after != before
    assert after == kept_in(treated / ".Court")


def test_an_update_file_of_another_message_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.5.x.OLD` is about `x.OLD`; a keyword may be named like an entry."""
    (tmp_path / "recorded").mkdir()
    script = script_of(tmp_path / "recorded", monkeypatch)
    functions = script[: script.index("\n# 1. ")].partition('cd -- "$SPOOL"')[2]
    home = tmp_path / "keywords"
    home.mkdir()
    for name in ("old", ".5.old", ".5.x.old", "older"):
        (home / name).write_text(name)
    (home / ":list").write_text("old:1\n\nolder:0\nold:0 1\nnew:0\n")
    edit = "printf '%s\\n' -old +new | carry_keywords \"$1\""
    subprocess.run(["sh", "-euc", f"{functions}\n{edit}", "sh", home], check=True)
    assert {path.name: path.read_text() for path in home.iterdir()} == {
        "new": "old", ".5.new": ".5.old", ".5.x.old": ".5.x.old", "older": "older",
        ":list": "old:1\n\nolder:0\nnew:0 1\n",
    }  # fmt: skip


def test_each_list_is_edited_where_it_lies() -> None:
    words = ShellWords(SPOOL)
    records = ChangeRecords(
        None, None, folder=b".Sent",
        changes=(
            Change(b"1 a", b"1 b"), Change(b"1 c", b"1 d", COURIER_UIDLIST),
            Change(b"a", b"b", COURIER_KEYWORDS),
        ),
    )  # fmt: skip
    assert [line.partition("| ")[2] for line in records.shell(words) if "|" in line] == [
        "edit_uidlist .Sent",
        "edit_list .Sent/courierimapuiddb",
        "carry_keywords .Sent/courierimapkeywords",
    ]
    drop = DropLines(None, None, folder=b"", name=COURIER_UIDLIST, drop=((2, b"1 x"),))
    assert [*drop.shell(words)][-1] == "} | edit_list courierimapuiddb"
