"""Which spool and which folder a command takes: by a path, by a name, or the user's own."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Tree
from tests.support.protects import protects

# The spool


def test_without_a_spool_the_users_own_is_taken_and_named(
    run: Run, clean: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    nothing = run("scan")
    assert nothing.code == 2
    assert "no SPOOL is given" in nothing.err
    shutil.copytree(clean.root, tmp_path / "home" / "Maildir")
    found = run("scan", "--format", "json")
    assert json.loads(found.out)["spool"] == str(tmp_path / "home" / "Maildir")
    assert f"no SPOOL is given; this is {tmp_path}/home/Maildir" in found.err


def test_a_home_is_opened_as_the_maildir_in_it_and_that_is_said(
    run: Run, clean: Tree, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(clean.root, home / "Maildir")
    (home / ".ssh").mkdir()
    for command in ("scan", "fix"):
        found = run(command, home)
        assert f"{home}: is no Maildir itself; this is {home}/Maildir" in found.err
        assert ".ssh" not in found.out
    assert (home / ".ssh").is_dir()


def test_what_decided_the_layout_is_in_the_json_and_doubt_is_told(run: Run, clean: Tree) -> None:
    clean.folder(".Sent")
    clean.folder("mail")
    found = run("scan", clean, "--format", "json")
    scanned = json.loads(found.out)
    assert scanned["layout_because"].startswith("the root is a Maildir, and so is .")
    assert any("mail would be of fs" in note for note in scanned["notes"])
    assert "note  the layout was taken for maildir++" in run("scan", clean).out
    plan = run("fix", clean, "--only", "nested-folder", "--dry-run", "-v")
    assert "the root is a Maildir" in plan.out
    named = run("scan", clean, "--layout", "fs", "--format", "json")
    assert json.loads(named.out)["layout_because"] == "--layout names it"


# The folder


@protects(
    "a folder is known by its path, never by its shown name", where="survey/index/questions.py"
)
def test_inbox_is_the_spool_itself_whatever_else_is_shown_so(run: Run, clean: Tree) -> None:
    clean.folder(".INBOX")
    path = clean.add("old/three.eml")
    filed = run("file", clean, path.decode(), "--to", "INBOX", "--yes")
    assert filed.code == 0
    assert (clean.root / "cur" / "three.eml:2,").exists()


@pytest.mark.parametrize(
    ("word", "into"),
    [("A.B", ".A.B"), (r".A\2eB", r".A\2eB"), ("Sent", ".Sent"), ("./Sent", "Sent"),
     (".INBOX", ".INBOX"), (".", "")],
)  # fmt: skip
def test_a_name_means_the_folder_that_servers_show_by_it_and_a_path_any(
    run: Run, clean: Tree, word: str, into: str
) -> None:
    for folder in (".A.B", r".A\2eB", ".Sent", "Sent", ".INBOX"):
        clean.folder(folder)
    path = clean.add("old/three.eml")
    assert run("file", clean, path.decode(), "--to", word, "--yes").code == 0
    assert (clean.root / into / "cur" / "three.eml:2,").exists()


def test_only_the_folder_meant_is_repaired(run: Run, clean: Tree) -> None:
    for folder in (".A.B", r".A\2eB"):
        clean.folder(folder)
        clean.add(f"{folder}/one.eml")
    assert run("fix", clean, "--folder", r".A\2eB", "--yes").code == 0
    assert (clean.root / r".A\2eB" / "cur" / "one.eml:2,").exists()
    assert (clean.root / ".A.B" / "one.eml").exists()
    scanned = json.loads(run("scan", clean, "--folder", "A.B", "--format", "json").out)
    assert [row["path"] for row in scanned["problems"]] == [".A.B/one.eml"]


def test_a_message_goes_to_the_folder_around_it_not_to_one_of_its_name(
    run: Run, clean: Tree
) -> None:
    for folder in (".A.B", r".A\2eB"):
        clean.folder(folder)
    path = clean.add(r".A\2eB/deep/one.eml")
    assert run("file", clean, path.decode(), "--yes").code == 0
    assert (clean.root / r".A\2eB" / "cur" / "one.eml:2,").exists()


def test_a_name_that_could_mean_several_is_refused_with_their_paths(run: Run, clean: Tree) -> None:
    for folder in (r".A\2eB", r".A\2EB"):
        clean.folder(folder)
    said = run("scan", clean, "--folder", "A.B")
    assert said.code == 2
    assert r"give the path: .A\2EB, .A\2eB" in said.err


# Mail in no folder


def test_the_advice_for_mail_in_no_folder_can_be_followed(run: Run, tmp_path: Path) -> None:
    spool = Tree(tmp_path / "mail dir")
    for name in ("cur", "new", "tmp"):
        (spool.root / name).rmdir()
    spool.folder("Sent")
    for name in ("INBOX/msg.A1", "INBOX/msg.A2"):
        spool.add(name)
    left = run("fix", spool, "--format", "json", "--yes")
    (reason,) = {item["reason"] for item in json.loads(left.out)["left"]}
    assert reason.startswith("it lies in no folder")
    (hint,) = {item["hint"] for item in json.loads(left.out)["left"]}
    words = shlex.split(hint)
    assert words[0] == "mkdir"
    subprocess.run(words, check=True)
    assert run("fix", spool, "--yes").code == 0
    names = {path.name for path in (spool.root / "INBOX" / "cur").iterdir()}
    assert names == {"msg.A1:2,", "msg.A2:2,"}
