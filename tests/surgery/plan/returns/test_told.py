"""Plans of undo, redo and restore tell what clients will notice, on the screen as elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.plan.propose import described
from mailsurgeon.tui.spool_tools import SpoolTools
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

BASE = b"1300000001.M1P1.host"
PATH = b"cur/" + BASE + b":2,S"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        one.mail(PATH, content=text(1))
        yield one


def test_a_list_that_a_server_will_reject_again(indexed: IndexedMaildir) -> None:
    place = indexed.uidlist(b"", BASE)
    place.write_bytes(place.read_bytes() + b"nonsense\n")
    indexed.apply(indexed.survey().propose(b"dovecot-uidlist"))
    with indexed.surgeon() as surgeon:
        proposed = surgeon.plan_undo()
        assert proposed.effects[0] == (
            "dovecot-uidlist in INBOX gets back lines that a server rejects: it will drop the list"
            " and give 1 message new UIDs; clients fetch them anew"
        )
        assert proposed.needs == ("dovecot-uidlist.lock of INBOX",)
        surgeon.apply(proposed)
        assert "rejects" not in " ".join(surgeon.plan_redo().effects)


@pytest.mark.parametrize("how", ["undo", "restore"])
def test_whether_a_message_comes_back_under_its_uid(indexed: IndexedMaildir, how: str) -> None:
    place = indexed.uidlist(b"", BASE)
    indexed.apply(indexed.survey().propose(PATH, remedy="quarantine"))
    with indexed.surgeon() as surgeon:
        back = surgeon.plan_undo if how == "undo" else lambda: surgeon.plan_restore(1)
        assert back().effects[0] == (
            "1 message comes back to INBOX with its UID, unless a server looks before that"
        )
        place.write_bytes(place.read_bytes().splitlines(keepends=True)[0])
        assert back().effects[0] == (
            "1 message comes back to INBOX (UIDs are given anew by the server)"
        )


def test_a_redo_tells_that_it_is_deleted_again(indexed: IndexedMaildir) -> None:
    indexed.apply(indexed.survey().propose(PATH, remedy="quarantine"))
    indexed.undo()
    with indexed.surgeon() as surgeon:
        assert surgeon.plan_redo().effects[0] == "clients will see 1 message deleted in INBOX"


def test_the_screen_tells_of_mbsync_too(indexed: IndexedMaildir) -> None:
    name = b"cur/1300000002.M1P1.host,U=3:2,S"
    indexed.mail(name, content=text(2))
    indexed.path(b".uidvalidity").write_bytes(b"2\n9\n")
    indexed.apply(indexed.survey().propose(name, remedy="quarantine"))
    doubt = "1 come back to INBOX: if mbsync ran since, it will not upload what it has expunged"
    with indexed.surgeon() as surgeon:
        plain = surgeon.plan_undo()
        assert doubt in plain.effects
        shown = SpoolTools(indexed.spool, surgeon, surgeon.host).plan_undo(indexed.index)
        assert shown.effects == plain.effects
        assert described(indexed.spool, indexed.index, shown) == shown
