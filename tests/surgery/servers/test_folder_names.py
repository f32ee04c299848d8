"""The names in a folder: known without listing it again, and never from an outdated listing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from mailsurgeon.surgery.fsops.resolve import Places, open_root
from mailsurgeon.surgery.servers import folder_names
from mailsurgeon.surgery.servers.folder_names import Occupants, Register
from tests.support.protects import protects
from tests.surgery.conftest import Maildir

BASE = b"1300000000.M1P1.host"
SEEN, ANOTHER = b"cur/" + BASE + b":2,S", b"cur/" + BASE + b":2,"


@pytest.fixture
def inbox(maildir: Maildir) -> Iterator[Occupants]:
    places = Places(maildir.spool, open_root(maildir.spool), lambda _number, _make: 0)
    yield Register(places).look(b"")
    places.close()


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each time that a directory is listed."""
    made: list[int] = []
    listdir = os.listdir

    def counted(directory: int) -> list[str]:
        made.append(directory)
        return listdir(directory)

    monkeypatch.setattr(os, "listdir", counted)
    return made


@pytest.fixture
def long_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is looked at an hour after it was last changed."""
    later = time.time_ns() + 3_600_000_000_000
    monkeypatch.setattr(folder_names.time, "time_ns", lambda: later)


@pytest.mark.usefixtures("long_after")
def test_what_has_not_changed_is_not_listed_again(
    maildir: Maildir, inbox: Occupants, listings: list[int]
) -> None:
    maildir.mail(SEEN)
    assert inbox.namesake(ANOTHER, ANOTHER) == SEEN
    inbox.look_again()
    assert inbox.namesake(ANOTHER, ANOTHER) == SEEN
    assert len(listings) == 2  # cur and new, once


@pytest.mark.usefixtures("long_after")
@protects(
    "a folder is not taken for unchanged by a time that may be of two changes",
    where="surgery/servers/folder_names.py",
)
def test_a_message_that_comes_is_seen_at_the_next_look(maildir: Maildir, inbox: Occupants) -> None:
    os.utime(maildir.path(b"cur"), (1, 1))
    assert inbox.namesake(ANOTHER, ANOTHER) is None
    maildir.mail(SEEN)
    inbox.look_again()
    assert inbox.namesake(ANOTHER, ANOTHER) == SEEN


@protects(
    "a folder is not taken for unchanged by a time that may be of two changes",
    where="surgery/servers/folder_names.py",
    seen="failed with every time trusted, and without the times compared",
)
def test_the_time_of_a_directory_that_has_just_changed_tells_nothing(
    maildir: Maildir, inbox: Occupants, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes within a tick of the clock leave the same time."""
    now = time.time_ns()
    monkeypatch.setattr(folder_names, "_state", lambda _status: (1, 1, now, now))
    assert inbox.namesake(ANOTHER, ANOTHER) is None
    maildir.mail(SEEN)
    inbox.look_again()
    assert inbox.namesake(ANOTHER, ANOTHER) == SEEN


def test_all_that_bear_a_base_name_are_known(maildir: Maildir, inbox: Occupants) -> None:
    third = b"new/" + BASE
    for path in (SEEN, ANOTHER, third):
        maildir.mail(path)
    assert inbox.namesake(SEEN, SEEN) == ANOTHER
    assert inbox.namesake(SEEN, ANOTHER) == third
    inbox.left(b"cur", ANOTHER[4:])
    inbox.left(b"new", BASE)
    assert inbox.namesake(SEEN, SEEN) is None
    inbox.came(b"cur", BASE + b":2,R")
    assert inbox.namesake(SEEN, SEEN) == b"cur/" + BASE + b":2,R"


def test_names_that_are_no_text_are_told_apart(maildir: Maildir, inbox: Occupants) -> None:
    for name in (b"\xff.host:2,", b"\xfe.host:2,S"):
        maildir.mail(b"cur/" + name)
    assert inbox.namesake(b"new/\xff.host", b"") == b"cur/\xff.host:2,"
    assert inbox.namesake(b"new/\xfd.host", b"") is None
