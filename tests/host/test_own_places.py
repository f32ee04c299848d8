"""Journals, indexes and temporary files never lie in a spool."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from mailsurgeon.host import own_places
from mailsurgeon.host.own_places import (
    cache_home,
    maildir_around,
    state_home,
    temporary_home,
)
from tests.support.protects import protects


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is a Maildir, with the usual places in it."""
    home = tmp_path / "ann"
    for name in ("cur", "new", "tmp"):
        (home / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return home


def test_the_usual_places_serve_an_ordinary_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = os.fsencode(tmp_path / "Maildir")
    assert state_home(root) == tmp_path / "state" / "mailsurgeon"
    assert cache_home(root) == tmp_path / "cache" / "mailsurgeon"


@pytest.mark.parametrize("spool", ["ann", "another"])
@protects("journal and index never lie in a spool", where="host/own_places.py")
def test_a_home_that_is_a_spool_holds_neither_journal_nor_index(
    home: Path, monkeypatch: pytest.MonkeyPatch, spool: str
) -> None:
    """Also not those of another spool."""
    root = os.fsencode(home.parent / spool)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert state_home(root) == home.parent / ".ann.mailsurgeon"
    assert cache_home(root) is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert state_home(root) == own_places.SYSTEM_STATE
    assert cache_home(root) == own_places.SYSTEM_CACHE


def test_a_directory_of_maildirs_is_a_spool_only_when_it_is_opened(tmp_path: Path) -> None:
    place = os.fsencode(tmp_path / "mail" / "state")
    assert maildir_around(place, os.fsencode(tmp_path / "mail")) == os.fsencode(tmp_path / "mail")
    assert maildir_around(place, os.fsencode(tmp_path / "mail" / "Work")) is None


def test_a_symlink_into_the_spool_does_not_deceive(home: Path) -> None:
    link = home.parent / "link"
    link.symlink_to(home / "deep")
    assert maildir_around(os.fsencode(link / "state"), b"/nowhere") == os.fsencode(home)


def test_temporary_files_keep_out_of_the_spools_tmp(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(home / "tmp"))
    found = temporary_home(os.fsencode(home))
    assert maildir_around(os.fsencode(found), os.fsencode(home)) is None
