"""Journal, index and quarantine are the user's alone, whatever the umask, in safe places only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.crash.support.command import Person, person_with_spool
from tests.support.protects import protects

pytestmark = [
    pytest.mark.crash,
    pytest.mark.parametrize("umask", [0o000, 0o077]),
    protects(
        "journal and index are private, and not where others may exchange them",
        where="host/private.py",
    ),
]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return person_with_spool(tmp_path)


def modes(*tops: Path) -> dict[str, int]:
    """The permission bits of all that is at and below some directories."""
    return {
        str(path): stat.S_IMODE(path.lstat().st_mode)
        for top in tops
        for path in (top, *top.rglob("*"))
    }


def test_everything_kept_is_private(person: Person, umask: int) -> None:
    away = person.run("quarantine", "add", "cur/1300000003.M3.host:2,S", "--yes", umask=umask)
    assert away.returncode == 0, away
    with person.waiting("fix", "--yes", umask=umask):  # at work, its files are all there
        now = modes(person.home / ".local", person.home / ".cache", person.quarantine)
    files = [path for path in now if path.endswith((".sqlite", "-wal", "-shm", ".index"))]
    assert len(files) >= 4, files
    assert str(person.quarantine / "UNFINISHED") in now
    put_away = {str(path) for path in person.quarantine.rglob("*:2,*")}
    assert put_away
    for path, mode in now.items():
        if path not in put_away:
            assert mode & 0o077 == 0, f"{path}: {mode:o}"


@pytest.mark.parametrize("where", ["itself", "above it"])
def test_a_place_that_others_may_write_to_is_refused(
    person: Person, umask: int, where: str
) -> None:
    state = person.home / "open" / "state"
    state.mkdir(parents=True)
    state.chmod(0o700)
    (state if where == "itself" else state.parent).chmod(0o777)
    first = person.picture()
    refused = person.run("fix", "--yes", "--state-dir", str(state), umask=umask)
    assert refused.returncode == 2
    assert "others may write" in refused.stderr and len(refused.stderr.splitlines()) == 1
    assert person.picture() == first
    assert os.listdir(state) == []
    assert person.run("scan", "--state-dir", str(state), umask=umask).returncode == 1
    state.parent.chmod(0o1777)  # as /tmp: only its owner can exchange what is there
    state.chmod(0o700)
    assert person.run("fix", "--yes", "--state-dir", str(state), umask=umask).returncode == 0


def test_an_index_is_not_kept_where_others_may_write(person: Person, umask: int) -> None:
    cache = person.home / ".cache" / "mailsurgeon"
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    assert person.run("scan", umask=umask).returncode == 1
    assert os.listdir(cache) == []
