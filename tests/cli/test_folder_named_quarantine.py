"""Anybody with an IMAP account can make a folder called `quarantine:1`: it is a folder like any."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run, Tree
from tests.support.protects import protects

FS = ("--layout", "fs", "--yes")
NAME = "1600000001.M1P1.host"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "mail").mkdir(mode=0o700)
    made = Tree(tmp_path / "mail" / "Maildir")
    for name in ("Work", "quarantine:1", "quarantine:x"):
        made.folder(name)
    return made


@protects("the quarantine is known by type, not by a name", where="surgery/fsops/paths.py")
def test_a_message_filed_into_it_lands_in_it_and_comes_back(run: Run, tree: Tree) -> None:
    tree.add(f"Work/cur/{NAME}:2,S")
    before = tree.picture()
    filed = run("file", tree, f"Work/cur/{NAME}:2,S", "--to", "quarantine:1", *FS)
    assert filed.code == 0
    assert (tree.root / "quarantine:1/cur" / f"{NAME}:2,S").exists()
    (step,) = run("log", tree, "--format", "json").json["operations"][0]["steps"]
    assert step["target"] == f"./quarantine:1/cur/{NAME}:2,S"
    assert run("undo", tree, *FS).code == 0
    assert tree.picture() == before


@pytest.mark.parametrize("folder", ["quarantine:1", "quarantine:x"])
def test_its_messages_are_repaired_put_away_and_restored(run: Run, tree: Tree, folder: str) -> None:
    tree.add(f"{folder}/cur/{NAME}:2,SRF")
    tree.add("Work/cur/1600000002.M1P1.host:2,SRF")
    before = tree.picture()
    assert run("fix", tree, *FS).code == 0
    fixed = f"{folder}/cur/{NAME}:2,FRS"
    assert (tree.root / fixed).exists()
    assert run("quarantine", "add", tree, fixed, *FS).code == 0
    assert not (tree.root / fixed).exists()
    assert run("quarantine", "restore", tree, fixed, *FS).code == 0
    assert (tree.root / fixed).exists()
    assert run("undo", tree, "--all", *FS).code == 0
    assert tree.picture() == before
