"""A folder with a file system of its own: repairs in it work, moves out of it are refused early."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.host.mounts import FileSystems
from mailsurgeon.surgery.plan.propose import propose_folder
from tests.support.protects import protects
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, moves, text

NAME = b"1300000000.M1.host:2,SF"
RIGHT = b"1300000000.M1.host:2,FS"
MOUNT, UNMOUNT = shutil.which("mount"), shutil.which("umount")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or MOUNT is None or UNMOUNT is None, reason="only root mounts file systems"
)


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def mounted(place: Path, *words: str) -> Iterator[Path]:
    assert MOUNT and UNMOUNT
    if subprocess.run([MOUNT, *words, place], capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run([UNMOUNT, place], check=True)


@pytest.fixture(params=["own", "bound"])
def archive(indexed: IndexedMaildir, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The folder Archive: on a file system of its own, or a directory of the same one, bound."""
    place = indexed.path(b".Archive")
    place.mkdir()
    elsewhere = indexed.home / "elsewhere"
    elsewhere.mkdir()
    words = ["-t", "tmpfs", "none"] if request.param == "own" else ["--bind", str(elsewhere)]
    for one in mounted(place, *words):
        indexed.folder(b".Archive")
        yield one


@pytest.mark.usefixtures("archive")
@protects(
    "what a step expects is on the file system of the folder, not of the spool",
    where="surgery/plan/context.py",
)
def test_repairs_in_a_folder_on_another_file_system_work(indexed: IndexedMaildir) -> None:
    indexed.mail(b".Archive/cur/" + NAME, content=text(1))
    before = indexed.picture()
    plan = indexed.survey().propose(b".Archive/cur/" + NAME)
    indexed.apply(plan)
    assert indexed.path(b".Archive/cur/" + RIGHT).exists()
    indexed.undo()
    assert indexed.picture() == before


@pytest.mark.usefixtures("archive")
@protects(
    "a plan has no move to another file system",
    where="surgery/plan/acts/compile.py, host/mounts.py",
)
def test_moves_out_of_it_are_refused_in_the_plan(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b".Archive/cur/" + NAME, content=text(1))
    inside = indexed.mail(b".Archive/1300000001.M2.host", content=text(2))
    out = indexed.mail(b"1300000002.M3.host", content=text(3))
    indexed.survey()
    away = indexed.propose(path, remedy="quarantine")
    assert away.acts == ()
    assert "the quarantine is on another file system" in away.left[0].reason
    assert "with a mail client" in away.left[0].reason
    assert moves(indexed.propose(inside, out)) == {
        inside: b".Archive/cur/1300000001.M2.host:2,",
        out: b"cur/1300000002.M3.host:2,",
    }
    folder = next(row for row in indexed.index.folders() if row.path == b".Archive")
    whole = propose_folder(indexed.spool, indexed.index, folder.id)
    assert whole.acts == () and "mounted there" in whole.left[0].reason


def test_a_spool_that_is_a_mount_point_has_no_quarantine_beside_it(tmp_path: Path) -> None:
    """Bound, so that the file system is the same on both sides."""
    place, elsewhere = tmp_path / "mail" / "Maildir", tmp_path / "elsewhere"
    place.mkdir(parents=True)
    elsewhere.mkdir()
    for _ in mounted(place, "--bind", str(elsewhere)):
        with indexed_maildir_in(tmp_path) as indexed:
            path = indexed.mail(b"cur/" + NAME, content=text(1))
            before = indexed.picture()
            plan = indexed.survey().propose(path, remedy="quarantine")
            with indexed.surgeon() as surgeon, pytest.raises(Refused, match="is mounted between"):
                surgeon.apply(plan)
            assert indexed.picture() == before
            indexed.apply(indexed.propose(path))
            assert indexed.path(b"cur/" + RIGHT).exists()


def test_file_systems_are_told_apart_by_device_and_by_mount(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    mounts = tmp_path / "mountinfo"
    mounts.write_bytes(
        b"29 1 0:26 / %s/a\\040x rw - ext4 /dev/a rw\n30 1 0:27 / %s/a/b rw - ext4 /dev/a rw\n"
        % (bytes(tmp_path), bytes(tmp_path))
    )
    (tmp_path / "a x").mkdir()
    found = FileSystems(bytes(tmp_path), str(mounts))
    device = tmp_path.stat().st_dev
    assert found.of(b"") == found.of(b"a") == found.of(b"a/missing/deep") == (device, b"")
    assert found.of(b"a/b") == (device, b"a/b")
    assert found.of(b"a x") == (device, b"a x")
    assert found.is_mount_point(b"a x") and not found.is_mount_point(b"a")
    without = FileSystems(bytes(tmp_path), str(tmp_path / "none"))
    assert without.of(b"a/b") == (device, b"")
