"""Messages that clients rename or move while a survey runs are in it all the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from mailsurgeon.survey.progress import Progress
from mailsurgeon.survey.run import SurveyResult, run_survey
from mailsurgeon.survey.walk import listing
from mailsurgeon.survey.walk.listing import Listing
from tests.support.protects import protects
from tests.survey.survey_maildir import SurveyMaildir

SLICES = 1_010
"""Messages enough for two slices: after the first is read, a client gets at the last message."""


def filled(maildir: SurveyMaildir, folder: bytes, many: int) -> list[bytes]:
    return [maildir.mail(folder + b"cur/13%08d.M1.host:2," % number) for number in range(many)]


def survey(
    maildir: SurveyMaildir, client: Callable[[], object], *, quick: bool = False
) -> SurveyResult:
    """A survey during which a client does something once, after the first messages are read."""
    acted: list[bool] = []

    def told(progress: Progress) -> None:
        if progress.stage == "reading" and progress.done and not acted:
            acted.append(True)
            client()

    return run_survey(maildir.spool, maildir.index, on_progress=told, quick=quick)


@pytest.mark.parametrize("quick", [True, False])
@protects("a message renamed during a survey is in it", where="survey/run.py")
def test_a_message_marked_while_others_are_read_is_counted(
    maildir: SurveyMaildir, quick: bool
) -> None:
    names = filled(maildir, b"", SLICES)
    last = maildir.root / os.fsdecode(names[-1])
    first = maildir.root / "cur" / "1000000000.M1.host:2,S"

    result = survey(maildir, lambda: last.rename(first), quick=quick)

    assert result.messages == SLICES
    there = {b"cur/" + name for name in os.listdir(os.fsencode(first.parent))}
    assert (maildir.surveyed_paths(), result.cancelled) == (there, False)
    assert maildir.contents() == maildir.fresh_contents(quick=quick)


def test_a_message_moved_to_a_folder_that_was_read_before_is_counted(
    maildir: SurveyMaildir,
) -> None:
    filled(maildir, b"", 3)
    (moved, *_) = filled(maildir, b".Work/", 3)
    target = maildir.root / "cur" / "1400000000.M9.host:2,S"
    result = survey(maildir, lambda: (maildir.root / os.fsdecode(moved)).rename(target))
    assert result.messages == 6
    assert maildir.contents() == maildir.fresh_contents()


def test_other_folders_are_not_looked_at_again(maildir: SurveyMaildir) -> None:
    filled(maildir, b"", SLICES)
    names = filled(maildir, b".Work/", SLICES)
    told: list[int] = []
    acted: list[bool] = []

    def on_progress(progress: Progress) -> None:
        if progress.stage == "reading" and progress.done == 0:
            told.append(progress.total)
        if progress.done > SLICES and not acted:
            acted.append(True)
            os.rename(maildir.root / os.fsdecode(names[-1]), maildir.root / ".Work/cur/1.M1.host")

    run_survey(maildir.spool, maildir.index, on_progress=on_progress)
    assert told == [2 * SLICES, SLICES]


def test_a_survey_beside_a_client_that_never_rests_ends(maildir: SurveyMaildir) -> None:
    names = filled(maildir, b"", SLICES)
    last = maildir.root / os.fsdecode(names[-1])
    flags = iter(range(10_000))

    def client(progress: Progress) -> None:
        nonlocal last
        if progress.stage == "reading" and progress.done:
            last = last.rename(last.with_name(f"1400000000.M{next(flags)}.host:2,S"))

    result = run_survey(maildir.spool, maildir.index, on_progress=client)
    assert not result.cancelled


def test_a_directory_that_changes_while_it_is_listed_is_listed_again(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the directory were read after the file left its old place, and before it came to the
    new one."""
    (name,) = filled(maildir, b"", 1)
    path = maildir.root / os.fsdecode(name)
    scandir = os.scandir
    client = [lambda: path.rename(path.with_name("1.M1.host:2,S"))]

    class Missing:
        def __init__(self, path: bytes) -> None:
            self.path = path

        def __enter__(self) -> Any:
            if client:
                client.pop()()
                return iter(())
            return scandir(self.path)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(listing.os, "scandir", Missing)
    assert Listing(os.fsencode(maildir.root / "cur")).files == [b"1.M1.host:2,S"]
