"""Files that a server is in the middle of writing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailsurgeon.host import at_rest
from mailsurgeon.host.at_rest import read_at_rest
from tests.support.protects import protects


class Reader:
    """Reads a file and counts how often; whatever does not end a line is broken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.times = 0

    def read(self) -> bytes:
        self.times += 1
        return self.path.read_bytes()

    def at_rest(self) -> bytes:
        path = os.fsencode(self.path)
        return read_at_rest(path, self.read, lambda data: not data.endswith(b"\n"))


@pytest.fixture
def half(tmp_path: Path) -> Path:
    path = tmp_path / "dovecot-uidlist"
    path.write_bytes(b"3 V1 N9\n1 :1.M")
    return path


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """What a server does while we wait."""
    monkeypatch.setattr(at_rest.time, "sleep", lambda _seconds: act())


@protects("a list is not called damaged while a server appends to it", where="host/at_rest.py")
def test_a_line_that_is_being_written_is_read_when_it_is_whole(
    half: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: half.write_bytes(b"3 V1 N9\n1 :1.M1.host\n"))
    assert Reader(half).at_rest() == b"3 V1 N9\n1 :1.M1.host\n"


def test_what_is_broken_for_good_is_read_once(half: Path) -> None:
    reader = Reader(half)
    assert reader.at_rest() == half.read_bytes()
    assert reader.times == 1


def test_what_was_broken_long_ago_is_not_waited_for(
    half: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_rest, "LATELY", 0.0)
    meanwhile(monkeypatch, lambda: pytest.fail("it waited"))
    assert Reader(half).at_rest() == half.read_bytes()


def test_one_that_never_rests_is_taken_as_it_is(
    half: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_rest, "PATIENCE", 0.0)
    meanwhile(monkeypatch, lambda: half.write_bytes(half.read_bytes() + b"1"))
    reader = Reader(half)
    assert not reader.at_rest().endswith(b"\n")
    assert reader.times == 1


def test_one_that_vanishes_is_what_the_reader_says(half: Path) -> None:
    half.unlink()
    with pytest.raises(FileNotFoundError):
        Reader(half).at_rest()
