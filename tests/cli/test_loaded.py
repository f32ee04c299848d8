"""What a command loads, and what it does before its readers are forked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mailsurgeon.survey.workers import pool
from tests.cli.conftest import Run, Tree
from tests.support.protects import protects

_PROGRAM = """
import sys
from mailsurgeon.cli import run
run(sys.argv[1:])
print("\\nLOADED", *sys.modules)
"""
_ENGINE = ("mailsurgeon.surgery.surgeon", "mailsurgeon.surgery.steps", "mailsurgeon.surgery.plan")
_SURVEY = (
    "mailsurgeon.survey.run",
    "mailsurgeon.survey.read.examine",
    "mailsurgeon.survey.compare",
)
_WORKERS = ("multiprocessing", "concurrent.futures.process")
_TABLES = ("rich",)
_SELDOM = ("difflib", "asyncio", "email", "distributed")


def loaded(*arguments: str) -> set[str]:
    """The modules that are loaded once a command line has run."""
    ended = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, check=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return set(ended.stdout.rpartition("LOADED")[2].split())


NOT_LOADED = {
    "--version": (*_ENGINE, *_SURVEY, *_WORKERS, *_SELDOM, "sqlite3"),
    "explain misfiled": (*_ENGINE, *_SURVEY, *_WORKERS, *_TABLES, *_SELDOM, "sqlite3"),
    "scan SPOOL --format json --jobs 1": (*_ENGINE, *_WORKERS, *_TABLES, *_SELDOM),
    "scan SPOOL --format csv": (*_ENGINE, *_TABLES, *_SELDOM),
    "log SPOOL": (*_SURVEY, *_WORKERS, *_TABLES, *_SELDOM),
    "undo SPOOL --dry-run": (*_SURVEY, *_WORKERS, *_SELDOM),
    "fix SPOOL --dry-run --format json": (*_TABLES, *_SELDOM),
}


@pytest.mark.parametrize("words", NOT_LOADED)
@protects("a command loads only what it uses", where="cli/, report/output.py")
def test_a_command_does_not_load_what_it_does_not_use(broken: Tree, words: str) -> None:
    found = loaded(*words.replace("SPOOL", str(broken)).split())
    assert "mailsurgeon" in found
    assert found & set(NOT_LOADED[words]) == set()


def test_a_scan_loads_the_surgeon_if_an_operation_may_be_unfinished(broken: Tree) -> None:
    assert not {"mailsurgeon.surgery.surgeon"} & loaded("scan", str(broken), "--jobs", "1")
    place = broken.root.parent / f".{broken.root.name}.quarantine"
    place.mkdir()
    (place / "UNFINISHED").write_text("not JSON")
    assert {"mailsurgeon.surgery.surgeon"} & loaded("scan", str(broken), "--jobs", "1")


@pytest.mark.parametrize(
    "words", ["scan SPOOL", "scan-all SPOOL", "fix SPOOL --dry-run", "flags SPOOL SPOOL --set S"]
)
@protects(
    "readers are forked before an index or a journal is open",
    where="cli/session.py, cli/execute.py",
    seen="a copy would hold their locks and descriptors",
)
def test_readers_are_forked_before_an_index_or_a_journal_is_open(
    run: Run, broken: Tree, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("fix", broken, "--yes")  # so that there is a journal
    opened: list[list[str]] = []

    def forked(_jobs: int | None) -> None:
        links = (os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
        places = [os.readlink(link) for link in links if os.path.islink(link)]
        opened.append([place for place in places if "journal" in place or ".index" in place])

    monkeypatch.setattr(pool, "fork_executor", forked)
    run(*words.replace("SPOOL", str(broken)).split())
    assert opened == [[]]
