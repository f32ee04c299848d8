"""What goes with a server's own file."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.server_files import kind_of, loss_of


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        (b"dovecot.index.cache", b"dovecot.index.cache", "only a cache"),
        (b".A/dovecot.index", b"dovecot.index", "HIGHESTMODSEQ"),
        (b".A/dovecot.index.log.2", b"dovecot.index.log.2", "keywords beyond the 26th"),
        (b"dovecot.list.index.log", b"dovecot.list.index.log", "list of mailboxes anew"),
        (b".A/dovecot-uidlist", b"dovecot-uidlist", "every client downloads it again"),
        (b".A/courierimapuiddb", b"courierimapuiddb", "every client downloads it again"),
        (b".A/courierimapkeywords/:list", b"courierimapkeywords", "all keywords of the folder"),
        (b"courierimapkeywords", b"courierimapkeywords", "all keywords of the folder"),
        (b"dovecot-uidlist.lock", b"dovecot-uidlist.lock", "only a lock"),
        (b"maildirsize", b"maildirsize", "counts the quota anew"),
    ],
)
def test_what_is_lost_is_told_for_each(path: bytes, kind: bytes, words: str) -> None:
    assert kind_of(path) == kind
    assert words in loss_of(kind)


@pytest.mark.parametrize("path", [b"1300000000.M1.host:2,S", b".A", b"tmp/1.host", b""])
def test_mail_and_folders_are_no_files_of_a_server(path: bytes) -> None:
    assert kind_of(path) == b""
    assert loss_of(b"") == ""
