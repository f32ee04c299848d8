"""Two users on one spool: the second one sees who works there, or whose work is unfinished."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.support.command import SOMEBODY, Person, of_all, person, person_with_spool

pytestmark = pytest.mark.crash


@pytest.fixture(params=["the same user", "another user", "another user first"])
def two(request: pytest.FixtureRequest) -> Iterator[tuple[Person, Person]]:
    """Two people at one spool with journals of their own; root and the owner, where that can be."""
    home = Path(tempfile.mkdtemp(prefix="mailsurgeon-two-"))
    home.chmod(0o755)
    other = SOMEBODY if request.param != "the same user" else None
    if other and not of_all():
        pytest.skip("the program cannot be run as another user here")
    one = person_with_spool(home, other)
    pair = one, person(home, one.spool, "two", other)
    yield pair if not request.param.endswith("first") else (pair[1], pair[0])
    shutil.rmtree(home)


def looks(who: Person) -> None:
    """Everything that only looks, looks."""
    first = who.picture()
    assert who.run("scan", "--format", "json").returncode == 1
    assert who.run("log").returncode == 0
    assert who.run("fix", "--dry-run").returncode == 1
    assert who.run("quarantine", "list").returncode == 0
    assert who.picture() == first


def test_the_second_is_told_who_works_and_may_look(two: tuple[Person, Person]) -> None:
    one, other = two
    with one.waiting("fix", "--yes") as process:
        before = one.picture()
        for words in (("fix", "--yes"), ("undo", "--all", "--yes")):
            told = other.run(*words)
            assert told.returncode == (2 if words[0] == "fix" else 1), told
        told = other.run("fix", "--yes")
        assert told.stderr.count("\n") == 1
        assert f"process {process.pid} is changing it now" in told.stderr
        assert other.picture() == before
        looks(other)
    assert process.returncode == 0
    assert other.picture() != before
    assert other.run("fix", "--yes").returncode == 0
    undone = one.run("undo", "--yes")
    assert undone.returncode == 0, undone
    assert one.picture().keys() == before.keys()


def test_the_second_is_told_whose_operation_is_unfinished_and_where(
    two: tuple[Person, Person],
) -> None:
    one, other = two
    first = one.picture()
    with one.waiting("fix", "--yes") as process:
        process.kill()
        process.wait()
    told = other.run("fix", "--yes")
    assert told.returncode == 2 and told.stderr.count("\n") == 1, told
    (journal,) = one.home.rglob("journal.sqlite")
    assert "operation 1 of " in told.stderr and "is unfinished" in told.stderr
    assert str(journal) in told.stderr
    assert other.picture() == first
    looks(other)
    taken_over = one.run("fix", "--yes")
    assert taken_over.returncode == 0, taken_over
    assert "operation 1 had been interrupted" in taken_over.stderr
    assert one.picture() != first
    assert other.run("fix", "--yes").returncode == 0
    assert not [path for path in os.listdir(one.spool) if path.endswith((".lock", ".mailsurgeon"))]
