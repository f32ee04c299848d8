"""What all tests share."""

from __future__ import annotations

import pytest

from mailsurgeon.host import auto_expunge, doveconf
from mailsurgeon.surgery import surgeon
from mailsurgeon.surgery.plan import propose
from tests.support.tiers import (  # noqa: F401
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_terminal_summary,
)


@pytest.fixture(autouse=True)
def no_sync_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mbsync that the person testing may have running is not looked for."""
    for module in (propose, surgeon):
        monkeypatch.setattr(module, "running_tool", lambda _root, _owner: "")


@pytest.fixture(autouse=True)
def no_server_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests do not depend on the servers this host may have."""
    monkeypatch.setattr(doveconf, "configuration", lambda: None)
    monkeypatch.setattr(auto_expunge, "COURIER_SETTINGS", b"/nonexistent")


LONGEST_ID = 300


def pytest_make_parametrize_id(val: object) -> str | None:
    """Cuts what would name a case by megabytes of its content."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        start = val[:40] if isinstance(val, str) else val[:40].decode("ascii", "backslashreplace")
        return f"{start}... ({len(val):,})"
    return None
