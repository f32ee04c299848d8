"""Small files of the servers: replaced whole, and only while they are as they were read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.servers import files
from mailsurgeon.surgery.servers.files import Manner

MANNER = Manner(os.getuid(), os.getgid(), 0o640)
NAME, SHOWN, DRAFT = b"dovecot-keywords", b".A/dovecot-keywords", b"dovecot-keywords.mailsurgeon"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[int]:
    handle = at.open_directory(os.fsencode(tmp_path))
    yield handle
    os.close(handle)


def test_a_file_is_made_replaced_and_taken_away(home: int, tmp_path: Path) -> None:
    place = tmp_path / "dovecot-keywords"
    files.read_file(home, NAME, SHOWN).replace(b"one\n", MANNER, DRAFT)
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (b"one\n", 0o640)
    place.chmod(0o600)
    first = place.stat()
    files.read_file(home, NAME, SHOWN).replace(b"two\n", MANNER, DRAFT)
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (b"two\n", 0o600)
    assert int(place.stat().st_mtime) > int(first.st_mtime)
    files.read_file(home, NAME, SHOWN).remove()
    assert os.listdir(tmp_path) == []


def test_a_draft_of_a_killed_run_is_no_hindrance(home: int, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(DRAFT)).write_bytes(b"half")
    files.read_file(home, NAME, SHOWN).replace(b"one\n", MANNER, DRAFT)
    assert os.listdir(tmp_path) == ["dovecot-keywords"]


@pytest.mark.parametrize("existed", [True, False])
def test_a_file_that_somebody_changed_stays(home: int, tmp_path: Path, existed: bool) -> None:
    place = tmp_path / "dovecot-keywords"
    if existed:
        place.write_bytes(b"one\n")
    read = files.read_file(home, NAME, SHOWN)
    place.write_bytes(b"theirs\n")
    with pytest.raises(StepRefused, match=r"\.A/dovecot-keywords was changed by somebody"):
        read.replace(b"two\n", MANNER, DRAFT)
    with pytest.raises(StepRefused, match=r"\.A/dovecot-keywords was changed by somebody"):
        read.remove()
    assert place.read_bytes() == b"theirs\n"
    assert os.listdir(tmp_path) == ["dovecot-keywords"]


@pytest.mark.parametrize("kind", ["symlink", "directory", "fifo", "huge", "read-only"])
def test_what_is_not_to_be_touched_is_refused_by_name(home: int, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "dovecot-keywords"
    match kind:
        case "symlink":
            (tmp_path / "other").write_bytes(b"x")
            place.symlink_to(tmp_path / "other")
        case "directory":
            place.mkdir()
        case "fifo":
            os.mkfifo(place)
        case "huge":
            place.write_bytes(b"x" * (files.LARGEST_SMALL_FILE + 1))
        case _:
            place.write_bytes(b"x")
            place.chmod(0o400)
    with pytest.raises(StepRefused, match=r"\.A/dovecot-keywords"):
        files.read_file(home, NAME, SHOWN)


def test_a_file_of_somebody_else_is_refused(home: int, tmp_path: Path) -> None:
    (tmp_path / "dovecot-keywords").write_bytes(b"x")
    with pytest.raises(StepRefused, match="belongs to somebody else"):
        files.read_file(home, NAME, SHOWN, os.getuid() + 1)
