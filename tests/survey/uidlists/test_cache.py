"""The folders' lists of UIDs: looked at by those who read, once, and again when they change."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.survey.uidlists.cache import Lists, stamp_lists
from tests.survey.survey_maildir import House

LIST = b"3 V1 N9\n1 :1.M1.host\n8 :8.M1.host\n"


class Readers(Executor):
    """Do at once what they are asked; `asked` says what that was."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked.append(args)
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture
def readers() -> Readers:
    return Readers()


def lists(house: House) -> Lists:
    return Lists(house.spool, house.index)


def test_readers_look_at_a_folders_lists_before_they_are_asked_for(
    house: House, readers: Readers
) -> None:
    house.folder(b".A")
    house.file(b".A/dovecot-uidlist", LIST)
    house.file(b"courierimapuiddb", b"words\n")
    looked = lists(house)
    looked.ask_ahead(readers, [b"", b".A"])
    (house.root / ".A" / "dovecot-uidlist").unlink()  # nobody need read it again
    found = looked.facts(b".A", b"dovecot-uidlist")
    assert found is not None and found.usual
    other = looked.facts(b"", b"courierimapuiddb")
    assert other is not None and [each.code for each in other.findings] == ["uidlist-damaged"]
    assert looked.facts(b"", b"dovecot-uidlist") is None
    assert len(readers.asked) == 2


def test_lists_outside_the_spool_are_read_here(house: House, readers: Readers) -> None:
    """A host that has the spool mounted may have other files there."""
    spool = replace(house.spool, control=os.fsencode(house.home / "control"))
    place = Path(os.fsdecode(spool.control_of(b"")))
    place.mkdir(parents=True)
    (place / "dovecot-uidlist").write_bytes(LIST)
    looked = Lists(spool, house.index)
    looked.ask_ahead(readers, [b""])
    assert not readers.asked
    found = looked.facts(b"", b"dovecot-uidlist")
    assert found is not None and found.usual


@pytest.mark.usefixtures("reads")
def test_a_list_that_has_not_changed_is_looked_at_by_nobody(house: House, readers: Readers) -> None:
    house.file(b"dovecot-uidlist", LIST)
    lists(house).facts(b"", b"dovecot-uidlist")
    again = lists(house)
    again.ask_ahead(readers, [b""])
    assert not readers.asked and again.facts(b"", b"dovecot-uidlist") is not None


def test_a_list_written_a_moment_ago_is_looked_at_again(house: House, readers: Readers) -> None:
    """Written once more within a tick of the clock it would bear the same times."""
    house.file(b"dovecot-uidlist", LIST)
    lists(house).facts(b"", b"dovecot-uidlist")
    lists(house).ask_ahead(readers, [b""])
    assert readers.asked


def test_a_list_that_has_changed_is_looked_at_again(house: House, readers: Readers) -> None:
    house.file(b"dovecot-uidlist", LIST)
    lists(house).facts(b"", b"dovecot-uidlist")
    house.file(b"dovecot-uidlist", LIST + b"words\n")
    again = lists(house)
    again.ask_ahead(readers, [b""])
    found = again.facts(b"", b"dovecot-uidlist")
    assert found is not None and not found.usual


def test_what_is_no_list_of_a_folder_is_left_out(house: House) -> None:
    os.mkfifo(house.root / "dovecot-uidlist")
    path = os.fsencode(house.root)
    assert stamp_lists([path + b"/dovecot-uidlist", path + b"/courierimapuiddb"]) == {}
