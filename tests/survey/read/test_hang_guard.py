"""A file system that does not answer: the user sees which file blocks, and may give up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest

from mailsurgeon.survey import run
from mailsurgeon.survey.index.slice import Slice
from mailsurgeon.survey.read import calls, directories, hang_guard, parts
from mailsurgeon.survey.read.hang_guard import GAVE_UP, GaveUp, HangGuard
from mailsurgeon.survey.read.sealed import SealedDirectories
from mailsurgeon.survey.read.whole_folder import WholeFolder
from mailsurgeon.survey.run import Progress
from mailsurgeon.survey.walk import walk
from tests.support.protects import protects
from tests.survey.survey_maildir import SurveyMaildir

pytestmark = [
    protects(
        "a file system that does not answer is named and can be left out",
        where="survey/read/hang_guard.py, tui/stalled.py",
    )
]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long in a test."""
    monkeypatch.setattr(hang_guard, "TICK", 0.01)
    monkeypatch.setattr(calls, "TICK", 0.01)
    monkeypatch.setattr(hang_guard, "LONG", 0.02)


@pytest.fixture
def stuck() -> Iterator[threading.Event]:
    """What hangs waits for this; it is let go at the end."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def two(maildir: SurveyMaildir) -> SurveyMaildir:
    """INBOX with mail, and a folder that will not answer."""
    maildir.mail(b"cur/1.M1.host:2,S", 1)
    maildir.folder(b".Stalled")
    maildir.mail(b".Stalled/cur/2.M1.host:2,S", 2)
    maildir.mail(b".Stalled/new/3.M1.host", 3)
    maildir.folder(b".Zeal")
    maildir.mail(b".Zeal/cur/4.M1.host:2,S", 4)
    return maildir


class Hanging(walk.Listing):
    """A listing of any directory whose path holds `hangs` never comes."""

    hangs = b""
    event: threading.Event

    def __init__(self, path: bytes) -> None:
        if self.hangs and self.hangs in path:
            self.event.wait()
        super().__init__(path)


class Silent(Executor):
    """Answers at once, but for one directory, and leaves whole folders to others."""

    def __init__(self, directory: bytes) -> None:
        self.directory = directory

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        if isinstance(args[0], WholeFolder):
            answer.set_result(None)
        elif not isinstance(args[0], Slice) or args[0].directory != self.directory:
            answer.set_result(fn(*args, **kwargs))
        return answer


class SilentFolder(Executor):
    """Answers at once, but for a whole folder, or directories of which one is in that folder."""

    def __init__(self, folder: bytes) -> None:
        self.folder = folder

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        task = args[0]
        asked = [task.folder] if isinstance(task, WholeFolder) else []
        if isinstance(task, SealedDirectories):
            asked = [each.path.rpartition(b"/")[0] for each in task.directories]
        if self.folder not in asked:
            answer.set_result(fn(*args, **kwargs))
        return answer


def told_of(maildir: SurveyMaildir, **options: Any) -> tuple[set[bytes | None], list[bytes]]:
    """A survey in which every wait is given up: the notices, and the questions."""
    told: list[Progress] = []
    asked: list[bytes] = []

    def given_up(place: bytes) -> bool:
        asked.append(place)
        return True

    result = maildir.survey(on_progress=told.append, given_up=given_up, **options)
    assert not result.cancelled
    return {each.waiting for each in told if each.waiting is not None}, asked


def test_a_worker_that_does_not_answer(two: SurveyMaildir) -> None:
    waited, asked = told_of(two, executor=Silent(b".Stalled/cur"))
    assert waited == {b".Stalled/cur"}
    assert asked == [b".Stalled/cur"]
    assert two.surveyed_paths() == {b"cur/1.M1.host:2,S", b".Zeal/cur/4.M1.host:2,S"} | (
        two.surveyed_paths() & {b".Stalled/new/3.M1.host"}
    )
    assert two.not_examined()[b".Stalled/cur"] == GAVE_UP


def test_what_is_left_of_a_folder_given_up_is_not_asked_for(
    two: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its slices would keep one more reader."""
    monkeypatch.setattr(directories, "SLICE", 1)
    for number in range(10, 40):
        two.mail(b".Stalled/cur/%d.M1.host:2,S" % number, number)
    two.options = replace(two.options, jobs=1)
    waited, asked = told_of(two, executor=Silent(b".Stalled/cur"))
    assert (waited, asked) == ({b".Stalled/cur"}, [b".Stalled/cur"])
    assert b".Zeal/cur/4.M1.host:2,S" in two.surveyed_paths()


def test_a_worker_that_does_not_answer_of_a_whole_folder(two: SurveyMaildir) -> None:
    waited, asked = told_of(two, executor=SilentFolder(b".Stalled"))
    assert waited == {b".Stalled"}
    assert asked == [b".Stalled"]
    assert two.surveyed_paths() == {b"cur/1.M1.host:2,S", b".Zeal/cur/4.M1.host:2,S"}
    assert two.not_examined() == {b".Stalled/" + part: GAVE_UP for part in (b"cur", b"new", b"tmp")}
    two.survey(executor=SilentFolder(b""))
    assert two.contents() == two.fresh_contents()


def test_of_several_directories_in_one_call_one_alone_is_left_out(
    two: SurveyMaildir, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is looked at again by itself, in this process."""
    now = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: now() + 5_000_000_000)
    two.survey(executor=SilentFolder(b"none"))
    before = two.contents()
    really = os.listdir

    def hang(path: Any) -> Any:
        if path.endswith(b".Stalled/cur"):
            stuck.wait()
        return really(path)

    monkeypatch.setattr("os.listdir", hang)
    waited, asked = told_of(two, executor=SilentFolder(b".Stalled"))
    assert (waited, asked) == ({b".Stalled/cur"}, [b".Stalled/cur"])
    assert set(two.not_examined().values()) == {GAVE_UP}
    assert two.not_examined().keys() == {b".Stalled/cur", b".Stalled/new"}
    monkeypatch.undo()
    two.survey()
    assert two.contents() == before


class Unread(Executor):
    """Never answers what a list comes to."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        if isinstance(args[0], Slice):
            answer.set_result(fn(*args, **kwargs))
        return answer


def test_a_list_of_uids_that_does_not_answer(two: SurveyMaildir) -> None:
    waited, _ = told_of(two, executor=Unread())
    assert waited == {b"", b".Stalled", b".Zeal"}
    assert not two.surveyed_paths()
    assert set(two.not_examined().values()) == {GAVE_UP}


def test_a_directory_that_cannot_be_listed(
    two: SurveyMaildir, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hanging, "hangs", b"Stalled/cur")
    monkeypatch.setattr(Hanging, "event", stuck, raising=False)
    monkeypatch.setattr(run, "Listing", Hanging)
    waited, _ = told_of(two)
    assert waited == {b".Stalled/cur"}
    assert two.not_examined() == {b".Stalled/cur": GAVE_UP}
    assert b".Zeal/cur/4.M1.host:2,S" in two.surveyed_paths()


def test_reading_in_this_process(
    two: SurveyMaildir, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = parts.examine

    def hang(task: Any) -> Any:
        if task.directory == b".Stalled/cur":
            stuck.wait()
        return real(task)

    monkeypatch.setattr(parts, "examine", hang)
    waited, _ = told_of(two)
    assert waited == {b".Stalled/cur"}
    told = two.not_examined()
    assert set(told.values()) == {GAVE_UP}
    assert b".Zeal/cur/4.M1.host:2,S" in two.surveyed_paths()


def test_the_next_survey_looks_again(two: SurveyMaildir) -> None:
    told_of(two, executor=Silent(b".Stalled/cur"))
    two.survey()
    assert two.contents() == two.fresh_contents()


def test_a_survey_that_waits_can_be_cancelled(two: SurveyMaildir) -> None:
    asked: list[bytes] = []
    result = two.survey(
        executor=Silent(b".Stalled/cur"),
        given_up=lambda place: bool(asked.append(place)),
        cancelled=lambda: len(asked) > 2,
    )
    assert result.cancelled
    two.survey()
    assert two.contents() == two.fresh_contents()


# By itself


def test_what_is_raised_is_raised_here() -> None:
    guard = HangGuard(lambda _place: None, lambda _place: True)
    with pytest.raises(ZeroDivisionError):
        guard.call(b"", lambda: 1 // 0)
    assert guard.call(b"", lambda: 7) == 7
    guard.close()


def test_after_giving_up_another_call_is_answered(stuck: threading.Event) -> None:
    guard = HangGuard(lambda _place: None, lambda _place: True)
    with pytest.raises(GaveUp):
        guard.call(b"slow", stuck.wait)
    assert guard.call(b"quick", lambda: "here") == "here"
    guard.close()


def test_without_anybody_who_may_give_up_it_is_a_plain_call() -> None:
    threads = threading.active_count()
    assert HangGuard(lambda _place: None, None).call(b"", threading.active_count) == threads
