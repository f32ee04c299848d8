"""What all tests share."""

from __future__ import annotations

import pytest

from mailsurgeon.host.host import Host
from tests.support.host import FakeHost


@pytest.fixture(autouse=True)
def a_host_without_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests depend neither on the servers this computer may have, nor on the mbsync that the
    person testing may have running."""
    monkeypatch.setattr(Host, "this", FakeHost)
