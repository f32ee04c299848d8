"""File systems that cannot refuse to replace: other calls do the same, or nothing is changed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

pytestmark = protects(
    "a directory replaces nothing where the kernel cannot refuse to replace",
    where="surgery/fsops/at.py",
)
NAME = b"1300000001.M1P1.host"


@pytest.fixture(autouse=True)
def like_nfs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at, "_renameat2", None)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[int]:
    handle = at.open_directory(os.fsencode(tmp_path))
    yield handle
    os.close(handle)


def fails(code: int) -> Callable[..., Any]:
    def call(*_arguments: Any, **_options: Any) -> None:
        raise OSError(code, os.strerror(code))

    return call


def test_a_directory_is_moved_with_all_in_it(here: int, tmp_path: Path) -> None:
    (tmp_path / "old" / "cur").mkdir(parents=True)
    inode = (tmp_path / "old").stat().st_ino
    at.rename_no_replace(here, b"old", here, b"new")
    assert (tmp_path / "new").stat().st_ino == inode
    assert (os.listdir(tmp_path), os.listdir(tmp_path / "new")) == (["new"], ["cur"])


@pytest.mark.parametrize("there", ["empty", "full", "file"])
def test_what_is_there_is_never_replaced(here: int, tmp_path: Path, there: str) -> None:
    (tmp_path / "old").mkdir()
    place = tmp_path / "new"
    place.touch() if there == "file" else place.mkdir()
    if there == "full":
        (place / "cur").mkdir()
    inode = place.stat().st_ino
    with pytest.raises(FileExistsError):
        at.rename_no_replace(here, b"old", here, b"new")
    assert (place.stat().st_ino, (tmp_path / "old").is_dir()) == (inode, True)


def test_what_comes_into_the_reserved_place_stays(
    here: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    mkdir = os.mkdir

    def and_a_server(name: bytes, mode: int, *, dir_fd: int) -> None:
        mkdir(name, mode, dir_fd=dir_fd)
        mkdir(os.fsencode(tmp_path / "new" / "cur"))

    monkeypatch.setattr(os, "mkdir", and_a_server)
    with pytest.raises(FileExistsError):
        at.rename_no_replace(here, b"old", here, b"new")
    assert (tmp_path / "new" / "cur").is_dir() and (tmp_path / "old").is_dir()


def test_a_failed_rename_leaves_no_reserved_place(
    here: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old").mkdir()
    monkeypatch.setattr(os, "rename", fails(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        at.rename_no_replace(here, b"old", here, b"new")
    assert os.listdir(tmp_path) == ["old"]


def test_folders_are_put_away_and_brought_back(maildir: Maildir, surgeon: Surgeon) -> None:
    folder = maildir.folder(b".A")
    maildir.mail(b".A/cur/" + NAME)
    before = maildir.picture()
    assert surgeon.apply(plan(maildir.away(b".A", folder=folder))).refused == ()
    assert not maildir.path(b".A").exists()
    assert surgeon.apply(surgeon.plan_undo()).refused == ()
    assert maildir.picture() == before


def test_without_hard_links_either_nothing_is_changed_and_the_way_out_is_told(
    maildir: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(NAME)
    before = maildir.picture()
    monkeypatch.setattr(os, "link", fails(errno.EPERM))
    (refusal,) = surgeon.apply(plan(maildir.rename(NAME, b"cur/" + NAME))).refused
    assert "neither rename without replacing nor make hard links" in refusal.reason
    assert "repair a copy" in refusal.reason
    assert maildir.picture() == before


def test_directories_that_cannot_be_synced_are_no_fault(
    here: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", fails(errno.EINVAL))
    monkeypatch.setattr(os, "sync", lambda: synced.append(True))
    at.sync(here)
    assert synced == [True]
    monkeypatch.setattr(os, "fsync", fails(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        at.sync(here)
