"""The program with all its places in a directory of the test's own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journals.commands import places_of

MEMORY = Path("/dev/shm")
"""Where there is one, a file system without a disk: hundreds of syncs then cost nothing."""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that others may enter: some spools belong to somebody else."""
    there = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mailsurgeon-journals-", dir=there) as place:
        for name, value in places_of(Path(place)).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        before = os.umask(0o022)
        yield Path(place)
        os.umask(before)
