"""What all tests share."""

from __future__ import annotations

import pytest

from mailsurgeon.host import auto_expunge as expiry
from mailsurgeon.host import doveconf as dovecot
from mailsurgeon.surgery import surgeon
from mailsurgeon.surgery.plan import propose as planning


@pytest.fixture(autouse=True)
def no_sync_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mbsync that the person testing may have running is not looked for."""
    for module in (planning, surgeon):
        monkeypatch.setattr(module, "running_tool", lambda _root, _owner: "")


@pytest.fixture(autouse=True)
def no_server_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests do not depend on the servers this host may have."""
    monkeypatch.setattr(dovecot, "configuration", lambda: None)
    monkeypatch.setattr(expiry, "COURIER_SETTINGS", b"/nonexistent")
