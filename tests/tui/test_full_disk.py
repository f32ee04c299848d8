"""A disk that fills with the index: one line says so, and the screen lives on."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from mailsurgeon.survey.index import index
from tests.tui.conftest import ScreenMaildir, front, main, settled, status

SIZE = (80, 24)
MORE = 400  # messages: more than the index holds when it is empty


def tree(root: Path) -> list[tuple[str, int]]:
    return sorted((str(path), os.lstat(path).st_mtime_ns) for path in root.rglob("*"))


async def test_the_screen_says_so_and_lives_on(
    maildir: ScreenMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(MORE):
        path = maildir.root / "cur" / f"{number}.M77P1.host:2,S"
        path.write_bytes(b"From: a@example.org\nSubject: %d\n\nText.\n" % number)
    app = maildir.app()
    before = tree(maildir.root)
    connect = index._connect
    room = [1]  # pages that every connection may use: there is no more on the disk

    def connected(path: Path) -> sqlite3.Connection:
        made = connect(path)
        made.execute(f"PRAGMA max_page_count = {room[0]}")
        return made

    monkeypatch.setattr(index, "_connect", connected)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot)
        assert "the index cannot be kept" in status(pilot)
        await pilot.press("question_mark")
        assert front(pilot) is not main(pilot)
        await pilot.press("escape")
        assert tree(maildir.root) == before
        room[0] = 2**30
        await pilot.press("R")
        await settled(pilot)
        assert "cannot be kept" not in status(pilot)
        assert main(pilot).survey.snapshot.messages == maildir.count + MORE
