"""What a plan finds in the servers' lists, without their locks."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.host import at_rest
from mailsurgeon.surgery.servers.lists_present import lists_present
from tests.surgery.conftest import Maildir

BASE = b"1300000001.M1P1.host"
LIST = b"3 V1 N9\n1 :" + BASE + b"\n"


def test_a_list_that_dovecot_is_appending_to_can_be_edited(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = maildir.path(b"dovecot-uidlist")
    path.write_bytes(LIST[:-1])
    monkeypatch.setattr(at_rest.time, "sleep", lambda _seconds: path.write_bytes(LIST))
    listed = lists_present(maildir.spool, b"", [BASE, b"other"], os.getuid())
    assert (listed.trouble, listed.unlisted) == ("", {b"other"})


def test_one_that_stays_damaged_says_so(maildir: Maildir) -> None:
    maildir.path(b"dovecot-uidlist").write_bytes(LIST[:-1])
    listed = lists_present(maildir.spool, b"", [BASE], os.getuid())
    assert listed.damaged
    assert listed.names == (b"dovecot-uidlist",)
    assert "the last line has no newline" in listed.trouble
