"""The command line as a user has it: arguments in, exit code and two streams out."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.cli import run as run_program
from mailsurgeon.host.host import Host
from mailsurgeon.survey.workers import pool
from tests.support.spool import Entry, Picture, SpoolTree

MTIME = 1_600_000_000_000_000_000
MAIL = b"From: ann@example.org\nTo: bob@example.org\nMessage-ID: <%s>\nSubject: hello\n\nText.\n"


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line of an error."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("mailsurgeon: ")
        return lines[0].removeprefix("mailsurgeon: ")


class _Stream(io.TextIOWrapper):
    def __init__(self, tty: bool, text: str = "") -> None:
        super().__init__(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    @property
    def text(self) -> str:
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode("utf-8", "surrogateescape")


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Index and journal of each test in places of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.fixture(autouse=True)
def readers_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test puts in place of a function, and notes in a list, is its own process's: that one
    reads. Commands in processes of their own fork their readers."""
    monkeypatch.setattr(pool, "fork_executor", lambda _jobs: None)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("scan", spool, ...)`. `answers`: typed on a terminal; without them there is none."""

    def run(*arguments: object, answers: str | None = None, host: Host | None = None) -> Outcome:
        tty = answers is not None
        out, err = _Stream(tty=False), _Stream(tty)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", _Stream(tty, answers or ""))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            words = [os.fspath(word) if isinstance(word, os.PathLike) else str(word)
                     for word in arguments]  # fmt: skip
            code = run_program(words, host)
        return Outcome(code, out.text, err.text)

    return run


class Tree:
    """A spool under construction, and what it holds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder("")

    def __fspath__(self) -> str:
        return str(self.root)

    def __str__(self) -> str:
        return str(self.root)

    def folder(self, name: str) -> Path:
        return self.tree.path(self.tree.folder(os.fsencode(name)))

    def add(self, path: str | bytes, content: bytes | None = None) -> bytes:
        """A message with a Message-ID of its own; gives its path in the spool."""
        name = os.fsencode(path)
        unique = b"%08x@example.org" % (hash(name) & 0xFFFFFFFF)
        return self.tree.file(name, MAIL % unique if content is None else content, mtime_ns=MTIME)

    @property
    def tree(self) -> SpoolTree:
        return SpoolTree(os.fsencode(self.root))

    def picture(self) -> Picture:
        """Every name with its mode, bytes and (of messages) mtime."""
        return self.tree.picture(_described)

    def names(self) -> set[str]:
        """The paths of all that is no directory."""
        return {
            os.fsdecode(entry.path)
            for entry in self.tree.entries()
            if not stat.S_ISDIR(entry.status.st_mode)
        }


def _described(entry: Entry) -> tuple[object, ...]:
    mode = entry.status.st_mode
    if not entry.is_file:
        return (mode,)
    mtime = None if b"uidlist" in entry.name else entry.status.st_mtime_ns
    return (mode, entry.content(), mtime)


class Below(Tree):
    """Any directory, to be filled or looked at as a spool is."""

    def __init__(self, root: Path) -> None:
        self.root = root


@pytest.fixture
def clean(tmp_path: Path) -> Tree:
    """A spool with nothing wrong: INBOX, Sent and Entwürfe."""
    tree = Tree(tmp_path / "mail" / "Maildir")
    for name in (".Sent", ".Entw&APw-rfe"):
        tree.folder(name)
    tree.add("cur/1600000000.M1P1.host:2,S")
    tree.add(".Sent/cur/1600000001.M1P1.host:2,RS")
    return tree


@pytest.fixture
def broken(clean: Tree) -> Tree:
    """The same with one wrong size, one misfiled message, one set of flags out of order and one
    empty message."""
    clean.add("cur/1600000002.M1P1.host,S=7:2,S")
    clean.add(".Sent/1600000003.M1P1.host:2,S")
    clean.add(".Sent/cur/1600000004.M1P1.host:2,SR")
    clean.add("cur/1600000005.M1P1.host:2,S", b"")
    return clean
