"""Only a process that does nothing but answer calls changes its current directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.survey.workers import alone
from mailsurgeon.survey.workers.alone import answer_alone, answers_alone, statuses_in
from mailsurgeon.survey.workers.pool import make_executor
from tests.support.protects import protects


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "file").write_text("12345")
    (tmp_path / "link").symlink_to("nowhere")
    opened = os.open(tmp_path, os.O_RDONLY)
    yield opened
    os.close(opened)


@pytest.fixture
def is_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process says so, for one test."""
    monkeypatch.setattr(alone, "_home", None)
    answer_alone()
    assert alone._home is not None
    home = alone._home
    yield
    os.close(home)


@protects(
    "no thread finds the current directory changed under it",
    where="survey/workers/alone.py",
    seen="readers say so when they start; nobody else does",
)
def test_readers_answer_alone_and_this_process_does_not(directory: int) -> None:
    assert not answers_alone()
    before = os.getcwd()
    with statuses_in(directory) as status_of:
        assert os.getcwd() == before
        assert status_of(b"file").st_size == 5
        assert status_of(b"link").st_size == len("nowhere")
    readers = make_executor(1)
    try:
        assert readers.submit(answers_alone).result()
    finally:
        readers.shutdown()


@pytest.mark.usefixtures("is_alone")
def test_it_comes_back_whatever_happens(directory: int, tmp_path: Path) -> None:
    before = os.getcwd()
    with statuses_in(directory) as status_of:
        assert os.getcwd() == str(tmp_path)
        assert status_of(b"file").st_size == 5
        assert status_of(b"link").st_size == len("nowhere")
    assert os.getcwd() == before
    with pytest.raises(FileNotFoundError), statuses_in(directory) as status_of:
        status_of(b"gone")
    assert os.getcwd() == before


@pytest.mark.usefixtures("is_alone")
def test_where_it_cannot_enter_it_looks_from_outside(
    directory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_directory: int) -> None:
        raise PermissionError

    monkeypatch.setattr("os.fchdir", refused)
    with statuses_in(directory) as status_of:
        assert status_of(b"file").st_size == 5
