"""Spools to survey."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.survey.compare import copies
from mailsurgeon.survey.read import directories, examine
from mailsurgeon.survey.uidlists import cache

from .survey_maildir import SurveyMaildir

NOBODY = 65_534


@pytest.fixture
def maildir(tmp_path: Path) -> Iterator[SurveyMaildir]:
    """An empty maildir++ spool: INBOX and nothing in it."""
    made = SurveyMaildir(tmp_path)
    yield made
    made.close()


@pytest.fixture
def fs_maildir(tmp_path: Path) -> Iterator[SurveyMaildir]:
    """A directory that is the parent of an fs layout: no folder yet."""
    made = SurveyMaildir(tmp_path, "fs")
    yield made
    made.close()


@pytest.fixture
def nobodys_maildir() -> Iterator[SurveyMaildir]:
    """The same, looked at by a user whom modes keep out (root is kept out by none)."""
    home = Path(tempfile.mkdtemp())
    am_root = os.geteuid() == 0
    if am_root:
        os.chown(home, NOBODY, NOBODY)
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    made = SurveyMaildir(home)
    try:
        yield made
    finally:
        made.close()
        if am_root:
            os.seteuid(0)
            os.setegid(0)
        for directory, names, _files in os.walk(home):
            for name in names:
                os.chmod(os.path.join(directory, name), 0o700)
        shutil.rmtree(home)


class Reads:
    """How often files were read: by the examination, and for their digests."""

    def __init__(self) -> None:
        self.examined = 0
        self.digested = 0

    def __eq__(self, other: object) -> bool:
        return (self.examined, self.digested) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Reads({self.examined}, {self.digested})"

    def forget(self) -> None:
        self.examined = self.digested = 0


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Counts what is read in this process. What is written before a survey counts as settled, as if
    the clock had gone on in between."""
    counted = Reads()
    monkeypatch.setattr(directories, "GRANULARITY", 0)
    monkeypatch.setattr(cache, "GRANULARITY", 0)
    open_file, digests = examine.open_file, copies.digests

    def count_opened(directory: int, name: bytes) -> int:
        counted.examined += 1
        return open_file(directory, name)

    def count_digests(descriptor: int, size: int) -> tuple[bytes, bytes | None]:
        counted.digested += 1
        return digests(descriptor, size)

    monkeypatch.setattr(examine, "open_file", count_opened)
    monkeypatch.setattr(copies, "digests", count_digests)
    return counted
