"""Mail moves only while notmuch does not list folders: its database is locked meanwhile."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsurgeon.surgery.steps import moving, rename_run
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

NAME = b"1300000001.M1P1.host"
WRITE_LOCK = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)


@pytest.fixture
def flintlock(maildir: Maildir, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lock of a database in the spool."""
    monkeypatch.setenv("HOME", str(maildir.home))
    place = maildir.root / ".notmuch" / "xapian"
    place.mkdir(parents=True)
    (place / "flintlock").touch()
    return place / "flintlock"


@contextmanager
def held(flintlock: Path) -> Iterator[None]:
    """As by `notmuch new`."""
    with flintlock.open("r+b") as file:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, WRITE_LOCK)
        yield


def is_free(flintlock: Path) -> bool:
    try:
        with held(flintlock):
            return True
    except BlockingIOError:
        return False


@protects(
    "no message moves while notmuch lists folders",
    where="surgery/servers/sync_tools.py, surgery/apply/batches.py",
)
def test_a_move_waits_for_notmuch_and_is_refused_in_the_end(
    maildir: Maildir, flintlock: Path
) -> None:
    act = maildir.rename(maildir.mail(NAME), b"cur/" + NAME)
    lines: list[str] = []
    with maildir.surgeon() as surgeon:
        surgeon.lock_wait, surgeon.on_wait = 0.2, lines.append
        with held(flintlock):
            (refusal,) = surgeon.apply(plan(act)).refused
        assert "notmuch's database" in refusal.reason and "try again later" in refusal.reason
        assert len(lines) == 1 and "notmuch's database" in lines[0]
        assert surgeon.apply(plan(act)).refused == ()
    assert is_free(flintlock)


def test_notmuch_is_kept_out_while_messages_move(
    maildir: Maildir, flintlock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free: list[bool] = []
    move = moving.move

    def looks(*arguments: object) -> None:
        free.append(is_free(flintlock))
        move(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(rename_run, "move", looks)
    act = maildir.rename(maildir.mail(NAME), b"cur/" + NAME)
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(act)).refused == ()
    assert free == [False]
    assert is_free(flintlock)


def test_force_does_not_wait(maildir: Maildir, flintlock: Path) -> None:
    act = maildir.rename(maildir.mail(NAME), b"cur/" + NAME)
    with held(flintlock), maildir.surgeon(force=True) as surgeon:
        assert surgeon.apply(plan(act)).refused == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may lock anything")
def test_a_database_that_we_may_not_lock_stops_nothing(maildir: Maildir, flintlock: Path) -> None:
    flintlock.chmod(0o400)
    act = maildir.rename(maildir.mail(NAME), b"cur/" + NAME)
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(act)).refused == ()
