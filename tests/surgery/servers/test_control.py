"""Uidlists kept in another directory: an undo changes those that the operation changed."""

from __future__ import annotations

import os
from dataclasses import replace

from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Maildir, plan

OLD = b"1300000001.M1P1.host,S=9"
NEW = b"1300000001.M1P1.host,S=66"


def test_undo_and_redo_find_the_lists_that_the_operation_was_told_of(maildir: Maildir) -> None:
    control = maildir.home / "control"
    (control / ".INBOX").mkdir(parents=True)
    place = control / ".INBOX" / "dovecot-uidlist"
    maildir.uidlist(b"", OLD).rename(place)
    maildir.mail(b"cur/" + OLD + b":2,S")
    before, listed = maildir.picture(), place.read_bytes()
    told = replace(maildir.spool, control=os.fsencode(control))
    with Surgeon(told, state_dir=maildir.home / "state") as surgeon:
        source, target = b"cur/" + OLD + b":2,S", b"cur/" + NEW + b":2,S"
        step = maildir.rename(source, target, "fix-size", folder=b"", keep_uid=True)
        assert surgeon.apply(plan(step)).effects == ("UIDs kept for 1 of 1 in INBOX",)
    repaired = place.read_bytes()
    assert NEW in repaired

    with maildir.surgeon() as untold:
        undone = untold.apply(untold.plan_undo())
        assert undone.effects == ("UIDs kept for 1 of 1 in INBOX",)
        assert (maildir.picture(), place.read_bytes()) == (before, listed)
    with maildir.surgeon() as untold:
        untold.apply(untold.plan_redo())
        assert place.read_bytes() == repaired
        untold.apply(untold.plan_undo())
        assert (maildir.picture(), place.read_bytes()) == (before, listed)


def test_a_hint_does_not_outrank_where_the_operation_found_the_lists(maildir: Maildir) -> None:
    place = maildir.home / "told" / ".INBOX" / "dovecot-uidlist"
    place.parent.mkdir(parents=True)
    (maildir.home / "hinted").mkdir()
    maildir.uidlist(b"", OLD).rename(place)
    maildir.mail(b"cur/" + OLD + b":2,S")
    listed = place.read_bytes()
    told = replace(maildir.spool, control=os.fsencode(maildir.home / "told"))
    with Surgeon(told, state_dir=maildir.home / "state") as surgeon:
        step = maildir.rename(
            b"cur/" + OLD + b":2,S", b"cur/" + NEW + b":2,S", "fix-size", folder=b"", keep_uid=True
        )
        surgeon.apply(plan(step))
    hinted = os.fsencode(maildir.home / "hinted")
    maildir.spool = replace(maildir.spool, control=hinted, found_by="doveconf")
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(surgeon.plan_undo()).effects == ("UIDs kept for 1 of 1 in INBOX",)
    assert place.read_bytes() == listed
