"""What need not be listed again: a directory that stands as it was, and whose names concern no
other."""

from __future__ import annotations

import time

import pytest

from tests.support.protects import protects
from tests.survey.survey_maildir import SurveyMaildir


@pytest.fixture(autouse=True)
def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is at something old enough to be known again."""
    now = time.time_ns
    monkeypatch.setattr("time.time_ns", lambda: now() + 5_000_000_000)


@protects(
    "names in cur and new are compared, whichever of the two has changed",
    where="survey/walk/unchanged.py",
    seen="a clash was missed when each was judged by itself",
)
@pytest.mark.parametrize("filled", [False, True])
def test_a_name_that_comes_to_new_is_compared_with_those_in_an_unchanged_cur(
    maildir: SurveyMaildir, filled: bool
) -> None:
    maildir.mail(b"cur/1.M1.host:2,S", 1)
    if filled:
        maildir.mail(b"new/2.M1.host", 2)
    maildir.survey()
    maildir.mail(b"new/1.M1.host", 3)
    maildir.survey()
    assert maildir.codes()[b"new/1.M1.host"] >= {"name-clash"}
    assert maildir.contents() == maildir.fresh_contents()


def test_a_name_that_comes_to_cur_is_compared_with_those_in_an_unchanged_new(
    maildir: SurveyMaildir,
) -> None:
    maildir.mail(b"cur/2.M1.host:2,S", 2)
    maildir.mail(b"new/1.M1.host", 1)
    maildir.survey()
    maildir.mail(b"cur/1.M1.host:2,S", 3)
    maildir.survey()
    assert maildir.codes()[b"new/1.M1.host"] >= {"name-clash"}
    assert maildir.contents() == maildir.fresh_contents()
