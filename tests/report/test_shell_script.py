"""The session log as a script: run on the spool of before, it edits the lists that were edited."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS, COURIER_UIDLIST
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.lists.uidlist_lines import DropLines
from mailsurgeon.surgery.steps.shell_words import ShellWords
from tests.journals.commands import Command, places_of, run
from tests.journals.lines import Record
from tests.journals.recordings import Recording, built, loaded, recordings
from tests.journals.trees import Picture, look, picture

from .conftest import SPOOL

COURIER = next(one for one in recordings() if one.name == "courier")
SESSIONS = [
    one for one in recordings()
    if not one.name.startswith(("killed", "stopped", "recovered")) and not one.by_hand
    and not any(" purge " in command.line for command in one.script)
]  # fmt: skip
"""Without those that ended in the middle, and those that delete."""


def script_of(home: Path, recording: Recording, monkeypatch: pytest.MonkeyPatch) -> str:
    """The log of a recorded journal."""
    for name, value in places_of(home).items():
        monkeypatch.setenv(name, value)
    loaded(home, recording)
    control = " --control HOME/mail/control" if recording.name == "control" else ""
    code, script = run(home, Command(f"log SPOOL --format sh{control}"))
    assert code == 0
    return script


@pytest.mark.parametrize("recording", SESSIONS, ids=lambda one: one.id)
def test_the_script_does_what_the_program_did(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run on the spool of before: the same names, bytes, modes, owners and times of messages."""
    if recording.by_root and os.geteuid() != 0:
        pytest.skip("only root can give files to others")
    for name in ("recorded", "by-hand"):
        (tmp_path / name).mkdir()
    script = script_of(tmp_path / "recorded", recording, monkeypatch)
    assert "by hand" not in script.partition("\n\n")[2]
    mail = built(tmp_path / "by-hand", recording.before()).mail
    control = mail / "control"
    lists = [str(control)] if control.exists() else []
    ended = subprocess.run(
        ["sh", "-s", str(mail / "Maildir"), str(mail / ".Maildir.quarantine"), *lists],
        input=os.fsencode(script), capture_output=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, b"")
    expunged = {f"Maildir/{command.gone}" for command in recording.script if command.gone}
    found = {path: one for path, one in served(look(mail)).items() if path not in expunged}
    assert found == served(recording.tree())


def served(tree: Iterable[Record]) -> Picture:
    """The tree without the directories of the quarantine, of which a script leaves empty ones."""
    return {
        path: shown for path, shown in picture(tree).items()
        if not path.startswith(".Maildir.quarantine") or len(shown) > 2
    }  # fmt: skip


def test_an_update_file_of_another_message_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.5.x.OLD` is about `x.OLD`; a keyword may be named like an entry."""
    (tmp_path / "recorded").mkdir()
    script = script_of(tmp_path / "recorded", COURIER, monkeypatch)
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
    assert [*drop.shell(words)] == ["drop_lines courierimapuiddb 2"]
