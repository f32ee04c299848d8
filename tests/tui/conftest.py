"""A small damaged spool of real files, and the screen over it, with everything behind it real."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from textual.worker import WorkerCancelled, WorkerFailed

from mailsurgeon.host.host import Host
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey
from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.main.screen import MainScreen
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.widgets.bars import Bar, KeyLine
from tests.support.spool import NS, SpoolTree

SIZES = [
    pytest.param((80, 24)),
    pytest.param((100, 30), marks=pytest.mark.process),
    pytest.param((200, 50), marks=pytest.mark.process),
]
each_size = pytest.mark.parametrize("size", SIZES, ids=["80x24", "100x30", "200x50"])
"""The smallest usual size; larger ones, where panes have frames, beside the everyday tests."""
START = 1_331_000_000  # 2012-03-06; every message an hour later than the one before
HEAD = "From: {who}\nTo: staff@example.org\nSubject: {what}\nMessage-ID: <{id}@example.org>\n"
DATE = "Date: Tue, 06 Mar 2012 02:13:20 +0000\n"


@dataclass
class ScreenMaildir:
    """Builds a spool file by file, and opens the screen over it."""

    home: Path
    settings: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    surgeons: list[Surgeon] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.home / "Maildir"

    @property
    def tree(self) -> SpoolTree:
        return SpoolTree(os.fsencode(self.root))

    def folder(self, name: str = "") -> Path:
        return self.tree.path(self.tree.folder(os.fsencode(f".{name}" if name else "")))

    def mail(
        self,
        path: str,
        *,
        who: str = "Anna Berg <anna@example.org>",
        what: str = "",
        content: str | None = None,
    ) -> Path:
        """A message; `{n}` and `{size}` in the path are its number and its true size."""
        self.count += 1
        if content is None:
            head = HEAD.format(who=who, what=what or f"Report {self.count}", id=self.count)
            content = f"{head}{DATE}\nText of number {self.count}.\n"
        data = content.encode()
        name = path.format(n=f"13310{self.count:05}.M1P1.marcos", size=len(data))
        seconds = START + 3600 * self.count
        return self.tree.path(self.tree.file(os.fsencode(name), data, mtime_ns=seconds * NS))

    def damaged(self) -> ScreenMaildir:
        """Healthy mail, three misfiled, two wrong sizes in two folders, one empty, one bad flag."""
        for name in ("", "Archives.2012", "Entw&APw-rfe", "lists"):
            self.folder(name)
        for _ in range(4):
            self.mail("cur/{n}:2,S")
        for who in ("Paul Kern <paul@example.net>", "佐藤 健 <sato@example.jp>", "cron@marcos"):
            self.mail(".Archives.2012/{n}:2,S", who=who, what=f"Note of {who[:4]}")
        self.mail(".Archives.2012/cur/{n},S={size}:2,S")
        self.mail("cur/{n},S=9999:2,S", what="Too large a size")
        self.mail(".lists/cur/{n},S=1:2,", what="Too small a size")
        self.mail(".lists/cur/{n}:2,SF", what="Flags out of order")
        self.mail("cur/{n}:2,", content="")
        return self

    def session(self, host: Host | None = None, **settings: Any) -> SpoolSession:
        options = Options(host=host or Host.this())
        spool = open_spool(self.root, options)
        surgeon = Surgeon(spool, state_dir=self.home / "state", host=options.host)
        surgeon.__enter__()
        self.surgeons.append(surgeon)
        settings = {"survey": run_survey, "inspect_delay": 0.0, "now": lambda: START, **settings}
        return SpoolSession(spool, Index.open(self.home / "index.db"), options, surgeon, **settings)

    def app(self, **settings: Any) -> MailsurgeonApp:
        return MailsurgeonApp(self.session(**settings))

    def picture(self) -> dict[str, tuple[bytes, int]]:
        """Every message: its bytes and its time."""
        return {
            os.fsdecode(entry.path): (entry.content(), int(entry.status.st_mtime))
            for entry in self.tree.entries()
            if entry.is_file and not entry.name.startswith(b"dovecot")
        }

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.root / folder).iterdir())

    def close(self) -> None:
        for surgeon in self.surgeons:
            surgeon.__exit__(None, None, None)


@pytest.fixture
def empty_maildir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScreenMaildir]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    time.tzset()
    maildir = ScreenMaildir(tmp_path)
    maildir.folder()
    yield maildir
    maildir.close()
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def maildir(empty_maildir: ScreenMaildir) -> ScreenMaildir:
    return empty_maildir.damaged()


async def settled(pilot: Pilot[Any]) -> None:
    """Waits until no worker runs, the first survey is over, and all they said has been heard."""
    quiet = 0
    while quiet < 2:
        await pilot.pause()
        workers = [worker for worker in pilot.app.workers if not worker.is_finished]
        if not workers and not (
            pilot.app.is_running and cast("MailsurgeonApp", pilot.app).surveying
        ):
            quiet += 1
            continue
        quiet = 0
        for worker in workers:
            with contextlib.suppress(WorkerCancelled, WorkerFailed, asyncio.CancelledError):
                await worker.wait()


async def keys(pilot: Pilot[Any], *pressed: str) -> None:
    """Presses keys, each after everything before it has come to rest."""
    for key in pressed:
        await pilot.press(key)
        await settled(pilot)


async def typed(pilot: Pilot[Any], text: str) -> None:
    """Types into the field that has the focus, as one paste would."""
    field = pilot.app.focused
    assert isinstance(field, Input), field
    field.value = text
    await settled(pilot)


def main(pilot: Pilot[Any]) -> MainScreen:
    """The main screen, whatever is in front of it."""
    return next(screen for screen in pilot.app.screen_stack if isinstance(screen, MainScreen))


def front(pilot: Pilot[Any]) -> Any:
    """The screen in front."""
    return pilot.app.screen


def status(pilot: Pilot[Any]) -> str:
    """What the status line of the screen in front says."""
    assert isinstance(pilot.app.screen, BaseScreen)
    return pilot.app.screen.query_one("#status", Bar).text


def key_line(pilot: Pilot[Any]) -> str:
    """The line of keys of the screen in front."""
    return pilot.app.screen.query_one(KeyLine).text


def tree_lines(pilot: Pilot[Any]) -> list[str]:
    """The tree as it is drawn."""
    tree = main(pilot).lists.tree
    return [tree.render_line(y).text.rstrip() for y in range(tree.last_line + 1)]


def listed(pilot: Pilot[Any]) -> list[str]:
    """The rows of the list as they are drawn."""
    found = main(pilot).lists.list
    return [found.render_line(y).text for y in range(min(found.count(), found.size.height))]
