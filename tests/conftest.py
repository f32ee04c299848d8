"""What all tests share."""

from __future__ import annotations

import pytest

from mailsurgeon.surgery import surgeon
from mailsurgeon.survey import dovecot


@pytest.fixture(autouse=True)
def no_sync_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mbsync that the person testing may have running is not looked for."""
    monkeypatch.setattr(surgeon, "running_tool", lambda _root, _owner: "")


@pytest.fixture(autouse=True)
def no_dovecot_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests do not depend on the Dovecot this host may have."""
    monkeypatch.setattr(dovecot, "configuration", lambda: None)
