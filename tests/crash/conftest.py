"""The crash suites: reduced with the other tests, whole with MAILSURGEON_CRASH=full."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.survey.index import writer
from tests.crash.support import strace

FULL = os.environ.get("MAILSURGEON_CRASH") == "full"
"""Every call instead of a sample of them."""

_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def needs_strace() -> None:
    """Skips by name where no call can be made to fail; with the servers required, fails."""
    reason = strace.why_not()
    if reason and os.environ.get("MAILSURGEON_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A directory in memory where there is such a file system."""
    parent = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    home = Path(tempfile.mkdtemp(prefix="mailsurgeon-crash-", dir=parent))
    yield home
    shutil.rmtree(home)


@pytest.fixture(autouse=True)
def one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is written alike in every run: however busy the machine is, no commit comes earlier
    for the time that has passed. Calls are found again by their number."""
    monkeypatch.setattr(writer, "WRITE_SECONDS", math.inf)
