"""Which other machines may read a spool: those that run the same program and see the same spool."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.workers.cluster_probe import Seen, question, why_not


def ask(root: Path) -> Seen:
    return Seen(*eval(question(os.fsencode(root))))


def spool_at(root: Path) -> Spool:
    status = root.stat()
    return Spool(os.fsencode(root), status.st_dev, status.st_ino, "maildir++")


@pytest.fixture
def here(tmp_path: Path) -> Seen:
    return ask(tmp_path)


def test_one_with_this_program_that_sees_the_spool_is_good(here: Seen, tmp_path: Path) -> None:
    assert why_not(here, spool_at(tmp_path)) == ""


def test_an_answer_may_come_as_lists(here: Seen, tmp_path: Path) -> None:
    assert why_not(here._replace(python=list(here.python)), spool_at(tmp_path)) == ""  # type: ignore[arg-type]


def test_why_a_worker_is_not_used(here: Seen, tmp_path: Path) -> None:
    spool = spool_at(tmp_path)
    assert why_not(None, spool) == "does not answer"
    assert why_not(here._replace(version=None), spool) == "has no mailsurgeon"
    assert why_not(here._replace(version="0.0.9"), spool).startswith("has mailsurgeon 0.0.9, not ")
    now = ".".join(map(str, sys.version_info[:2]))
    assert why_not(here._replace(python=(3, 10)), spool) == f"runs Python 3.10, not {now}"
    other = here._replace(source="0" * 32)
    assert why_not(other, spool) == (
        f"has another build of mailsurgeon {here.version}; install the same"
    )
    assert why_not(here._replace(inode=1), spool).startswith("has another directory at")


def test_a_spool_that_is_not_mounted_there_is_named_with_the_reason(tmp_path: Path) -> None:
    spool = spool_at(tmp_path)
    answer = ask(tmp_path / "elsewhere")
    assert why_not(answer, spool) == f"cannot see {spool.shown}: No such file or directory"
