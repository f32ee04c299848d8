"""What all tests share."""

from __future__ import annotations

import pytest

from mailsurgeon.surgery import surgeon


@pytest.fixture(autouse=True)
def no_sync_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mbsync that the person testing may have running is not looked for."""
    monkeypatch.setattr(surgeon, "running_tool", lambda _root, _owner: "")
