"""The controller of the survey by itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mailsurgeon.errors import JournalError
from mailsurgeon.survey.progress import Progress
from mailsurgeon.tui.messages import (
    IndexRead,
    InterruptionHandled,
    JournalUnusable,
    Snapshot,
    SurveyFinished,
    SurveyProgressed,
)
from mailsurgeon.tui.screens.main import survey_controller
from tests.tui.conftest import ScreenMaildir
from tests.tui.screens.main.alone import Alone


@pytest.fixture
def alone(maildir: ScreenMaildir, monkeypatch: pytest.MonkeyPatch) -> Alone:
    """Nothing is surveyed yet."""
    monkeypatch.setattr(survey_controller, "FIRST_KEYS", 0.0)
    return Alone(maildir.session())


def test_a_survey_posts_what_the_index_says_and_then_its_summary(alone: Alone) -> None:
    alone.survey.begin((b".lists",))
    assert alone.program.surveying
    assert alone.before == [(b".lists",)]
    *_progress, read, finished = alone.screen.posted
    assert isinstance(read, IndexRead) and isinstance(finished, SurveyFinished)
    assert "lists" in [row.name for row in read.snapshot.folders]
    assert not finished.whole and not finished.error
    alone.survey.survey_finished(finished)
    assert not alone.program.surveying and alone.survey.pace is None


def test_only_a_whole_survey_says_its_summary_and_only_over_nothing(alone: Alone) -> None:
    alone.survey.survey_finished(SurveyFinished("surveyed 12", whole=False))
    assert alone.screen.message == ""
    alone.survey.survey_finished(SurveyFinished("surveyed 12"))
    assert alone.screen.message == "surveyed 12"
    alone.screen.message = "3 filed."
    alone.survey.survey_finished(SurveyFinished("surveyed 12"))
    assert alone.screen.message == "3 filed."


def test_an_error_of_the_survey_is_its_end(alone: Alone) -> None:
    def survey(*_arguments: Any, **_options: Any) -> Any:
        raise PermissionError(13, "Permission denied", "/srv/mail")

    alone.session.survey = survey
    alone.survey.begin()
    event = alone.screen.taken(SurveyFinished)
    assert event.error == "/srv/mail: Permission denied"
    alone.survey.survey_finished(event)
    assert alone.screen.said == ["/srv/mail: Permission denied"]


def test_a_reading_begun_earlier_is_not_taken_in(alone: Alone) -> None:
    assert alone.survey.take_in(Snapshot(order=5))
    assert not alone.survey.take_in(Snapshot(not_examined=1, order=4))
    assert alone.survey.snapshot == Snapshot(order=5)


def test_an_unusable_journal_ends_the_session_unless_it_only_reads(alone: Alone) -> None:
    def recover() -> None:
        raise JournalError("damaged")

    alone.session.surgeon = SimpleNamespace(  # type: ignore[assignment]
        recover=recover, unfinished=recover
    )
    alone.survey.begin(recover=True)
    alone.survey.journal_unusable(alone.screen.taken(JournalUnusable))
    assert [str(error) for error in alone.program.failures] == ["damaged"]
    alone.session.read_only = True
    alone.survey.begin(recover=True)
    assert alone.screen.taken(InterruptionHandled).text == "damaged"


def test_progress_is_posted_seldom_but_a_new_stage_at_once(alone: Alone) -> None:
    progressed = alone.survey.progress_to(lambda: False)
    for done in range(100):
        progressed(Progress("listing", done, 100))
    progressed(Progress("reading", 0, 12))
    stages = [one.stage for one in alone.screen.posted if isinstance(one, SurveyProgressed)]
    assert stages[0] == "listing" and stages[-1] == "reading"
    assert len(stages) < 50


def test_of_a_survey_nobody_waits_for_only_what_does_not_answer_is_posted(alone: Alone) -> None:
    progressed = alone.survey.progress_to(lambda: False, waits_only=True)
    progressed(Progress("reading", 1, 12))
    assert not alone.screen.posted
    progressed(Progress("reading", 1, 12, waiting=b"cur"))
    progressed(Progress("reading", 2, 12))
    assert [one.waiting for one in alone.screen.posted] == [b"cur", None]  # type: ignore[attr-defined]


def test_giving_up_is_for_the_survey_that_waits(alone: Alone) -> None:
    assert not alone.survey.give_up_waiting()
    alone.survey.progressed(SurveyProgressed("listing", 0, 0, b"cur"))
    assert "waiting for cur" in alone.survey.said("")
    assert alone.survey.give_up_waiting()
    assert alone.survey.waits.given_up(b"cur")
    assert not alone.survey.new_waits().given_up(b"cur")
