"""The folders' uidlists: each is read once, and again when it changes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.host import at_rest
from mailsurgeon.survey.uidlists.cache import Lists, stamp_lists
from tests.survey.survey_maildir import SurveyMaildir

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


def lists(maildir: SurveyMaildir) -> Lists:
    return Lists(maildir.spool, maildir.index)


def test_readers_look_at_a_folders_lists_before_they_are_asked_for(
    maildir: SurveyMaildir, readers: Readers
) -> None:
    maildir.folder(b".A")
    maildir.file(b".A/dovecot-uidlist", LIST)
    maildir.file(b"courierimapuiddb", b"words\n")
    looked = lists(maildir)
    looked.ask_ahead(readers, [b"", b".A"])
    (maildir.root / ".A" / "dovecot-uidlist").unlink()  # nobody need read it again
    found = looked.facts(b".A", b"dovecot-uidlist")
    assert found is not None and found.usual
    other = looked.facts(b"", b"courierimapuiddb")
    assert other is not None and [each.code for each in other.findings] == ["uidlist-damaged"]
    assert looked.facts(b"", b"dovecot-uidlist") is None
    assert len(readers.asked) == 2


def test_lists_outside_the_spool_are_read_here(maildir: SurveyMaildir, readers: Readers) -> None:
    """A host that has the spool mounted may have other files there."""
    spool = replace(maildir.spool, control=os.fsencode(maildir.home / "control"))
    place = Path(os.fsdecode(spool.control_of(b"")))
    place.mkdir(parents=True)
    (place / "dovecot-uidlist").write_bytes(LIST)
    looked = Lists(spool, maildir.index)
    looked.ask_ahead(readers, [b""])
    assert not readers.asked
    found = looked.facts(b"", b"dovecot-uidlist")
    assert found is not None and found.usual


@pytest.mark.usefixtures("reads")
def test_a_list_that_has_not_changed_is_looked_at_by_nobody(
    maildir: SurveyMaildir, readers: Readers
) -> None:
    maildir.file(b"dovecot-uidlist", LIST)
    lists(maildir).facts(b"", b"dovecot-uidlist")
    again = lists(maildir)
    again.ask_ahead(readers, [b""])
    assert not readers.asked and again.facts(b"", b"dovecot-uidlist") is not None


def test_a_list_written_a_moment_ago_is_looked_at_again(
    maildir: SurveyMaildir, readers: Readers
) -> None:
    """Written once more within a tick of the clock it would bear the same times."""
    maildir.file(b"dovecot-uidlist", LIST)
    lists(maildir).facts(b"", b"dovecot-uidlist")
    lists(maildir).ask_ahead(readers, [b""])
    assert readers.asked


def test_a_list_that_has_changed_is_looked_at_again(
    maildir: SurveyMaildir, readers: Readers
) -> None:
    maildir.file(b"dovecot-uidlist", LIST)
    lists(maildir).facts(b"", b"dovecot-uidlist")
    maildir.file(b"dovecot-uidlist", LIST + b"words\n")
    again = lists(maildir)
    again.ask_ahead(readers, [b""])
    found = again.facts(b"", b"dovecot-uidlist")
    assert found is not None and not found.usual


def test_a_list_that_is_no_regular_file_is_not_read(maildir: SurveyMaildir) -> None:
    os.mkfifo(maildir.root / "dovecot-uidlist")
    path = os.fsencode(maildir.root)
    found = stamp_lists([path + b"/dovecot-uidlist", path + b"/courierimapuiddb"])
    assert [one.facts.unread for one in found.values()] == ["it is not a regular file"]


def test_a_list_that_dovecot_is_appending_to_is_not_damaged(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.file(b"dovecot-uidlist", LIST[:-1])
    path = maildir.root / "dovecot-uidlist"
    monkeypatch.setattr(at_rest.time, "sleep", lambda _seconds: path.write_bytes(LIST))
    found = lists(maildir).facts(b"", b"dovecot-uidlist")
    assert found is not None and found.findings == ()
