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
@pytest.mark.parametrize(
    ("there", "comes"),
    [
        ([b"cur/1.M1.host:2,S"], b"new/1.M1.host"),
        ([b"cur/1.M1.host:2,S", b"new/2.M1.host"], b"new/1.M1.host"),
        ([b"cur/2.M1.host:2,S", b"new/1.M1.host"], b"cur/1.M1.host:2,S"),
    ],
)
def test_a_name_that_comes_is_compared_with_those_in_an_unchanged_directory(
    maildir: SurveyMaildir, there: list[bytes], comes: bytes
) -> None:
    for number, path in enumerate(there):
        maildir.mail(path, number)
    maildir.survey()
    maildir.mail(comes, len(there))
    maildir.survey()
    assert maildir.codes()[b"new/1.M1.host"] >= {"name-clash"}
    assert maildir.contents() == maildir.fresh_contents()
