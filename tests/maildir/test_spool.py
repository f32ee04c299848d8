"""Where Dovecot keeps the lists of a folder: in it, or where CONTROL= says."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.spool import Spool

CASES = [
    # layout, CONTROL=, folder, directory, name below CONTROL= (or below the spool)
    ("maildir++", None, b"", b"/mail/me", b""),
    ("maildir++", None, b".Sent", b"/mail/me/.Sent", b".Sent"),
    ("fs", None, b"", b"/mail/me", b""),
    ("maildir++", b"/control", b"", b"/control/.INBOX", b".INBOX"),
    ("maildir++", b"/control", b".Sent", b"/control/.Sent", b".Sent"),
    ("fs", b"/control", b"", b"/control/INBOX", b"INBOX"),
    ("fs", b"/control", b"A/B", b"/control/A/B", b"A/B"),
]


@pytest.mark.parametrize(("layout", "control", "folder", "directory", "name"), CASES)
def test_the_lists_lie_where_dovecot_keeps_them(
    layout: str, control: bytes | None, folder: bytes, directory: bytes, name: bytes
) -> None:
    spool = Spool(b"/mail/me", 1, 1, layout, control)
    assert spool.control_of(folder) == directory
    assert spool.control_name(folder) == name
