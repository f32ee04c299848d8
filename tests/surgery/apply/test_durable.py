"""What was reported as done was synced: names, and directories that were made."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.directory import MakeDirectory
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan


@protects(
    "a directory that was made is on the disk, with the one around it",
    where="surgery/apply/locked_batch.py",
    seen="not synced itself when only the directory around it was",
)
def test_a_directory_that_was_made_is_synced_itself(
    maildir: Maildir, surgeon: Surgeon, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.path(b"new").rmdir()
    synced: list[int] = []

    def sync(directory: int) -> None:
        synced.append(os.fstat(directory).st_ino)

    monkeypatch.setattr(at, "sync", sync)
    step = MakeDirectory(None, b"new", folder=b"", mode=0o2770)
    surgeon.apply(plan(Act("make-subdirs", b"", (step,))))
    inodes = [maildir.path(path).stat().st_ino for path in (b"new", b".")]
    assert set(inodes) <= set(synced)
