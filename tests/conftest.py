"""What all tests share."""

from __future__ import annotations

import pytest

from mailsurgeon.host.host import Host
from tests.support.host import FakeHost
from tests.support.tiers import (  # noqa: F401
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_terminal_summary,
    pytest_xdist_auto_num_workers,
)


@pytest.fixture(autouse=True)
def a_host_without_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests depend neither on the servers this computer may have, nor on the mbsync that the
    person testing may have running."""
    monkeypatch.setattr(Host, "this", FakeHost)


LONGEST_ID = 300


def pytest_make_parametrize_id(val: object) -> str | None:
    """Cuts what would name a case by megabytes of its content."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        start = val[:40] if isinstance(val, str) else val[:40].decode("ascii", "backslashreplace")
        return f"{start}... ({len(val):,})"
    return None
