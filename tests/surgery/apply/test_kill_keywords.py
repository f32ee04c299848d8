"""Killed while keywords are carried to another folder: recovered, and taken back exactly."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.maildir.lists import courier_keywords
from mailsurgeon.maildir.lists.keywords import parse_keywords
from mailsurgeon.surgery.model import Act, Plan, Step
from mailsurgeon.surgery.steps.lists.keywords import CarriedKeywords, NameLetters
from tests.surgery.apply.test_kill import FEWEST, killed_at, no_traces, recovered, turn_back
from tests.surgery.conftest import Maildir, plan

pytestmark = pytest.mark.crash

OLD, NEW = b"1300000001.M1P1.host,U=7", b"1300000001.M1P1.host"
OTHER = b"1300000002.M2P1.host"
NAMES = {b"Work", b"Home"}


def furnish(maildir: Maildir) -> Plan:
    """Two messages of both servers' go from one folder to another that lacks a keyword."""
    for folder in (b".A", b".B"):
        maildir.folder(folder)
        maildir.uidlist(folder)
        maildir.courier(folder)
    maildir.path(b".A/dovecot-keywords").write_bytes(b"0 Work\n1 Home\n")
    maildir.path(b".B/dovecot-keywords").write_bytes(b"0 Home\n")
    maildir.courier_keywords(b".A", b"Work\nHome\n\n" + OLD + b":0 1\n")
    acts: list[Act] = []
    for number, (old, new) in enumerate(((OLD, NEW), (OTHER, OTHER)), start=1):
        source = maildir.mail(b".A/cur/" + old + b":2,Sab", number)
        target = b".B/cur/" + new + b":2,Sab"
        added = ((1, b"Work"),)
        steps: list[Step] = [NameLetters(None, None, folder=b".B", add=added, made=False)]
        if old == OLD:
            carried = CarriedKeywords(
                None, None, None, b".A", b".B",
                old=OLD, new=NEW, names=(b"Work", b"Home"), made=True,
            )  # fmt: skip
            steps.append(carried)
        steps.append(maildir.rename_step(source, target, b".A", b".B"))
        acts.append(Act("file", source, tuple(steps)))
    return plan(*acts)


def check_keywords(maildir: Maildir) -> None:
    """Every message has the same keywords by name, whichever folder it is in."""
    seen: set[bytes] = set()
    for folder in (b".A", b".B"):
        listed = parse_keywords(maildir.path(folder + b"/dovecot-keywords").read_bytes())
        assert not listed.damage
        for name in os.listdir(os.fsencode(maildir.path(folder + b"/cur"))):
            base, _, letters = name.partition(b":2,S")
            assert {listed.names[letter - 0x61] for letter in letters} == NAMES, (folder, name)
            if base in (OLD, NEW):
                assert by_courier(maildir, folder, base) == NAMES
            seen.add(base)
    assert len(seen) == 2


def mail(maildir: Maildir) -> list[bytes]:
    """The messages alone: Courier names its updates after them."""
    return [content for content in maildir.messages() if content.startswith(b"From:")]


def by_courier(maildir: Maildir, folder: bytes, base: bytes) -> set[bytes]:
    home = maildir.path(folder + b"/courierimapkeywords")
    files = {os.fsencode(path.name): path.read_bytes() for path in home.iterdir()}
    return set(courier_keywords.effective(files.pop(b":list", b""), files, base))


def test_a_move_is_killed_at_every_call(maildir: Maildir) -> None:
    acts = furnish(maildir)
    first, mails = maildir.picture(), mail(maildir)
    kills = 0
    while True:
        with maildir.surgeon() as surgeon:
            known = len(surgeon.operations())
        if not killed_at(maildir, kills + 1, lambda surgeon: surgeon.apply(acts)):
            break
        kills += 1
        recovered(maildir)
        assert mail(maildir) == mails
        check_keywords(maildir)
        no_traces(maildir)
        turn_back(maildir, known)
        assert maildir.picture() == first
    print(f"killed {kills} of {kills} times, recovered each time")
    assert kills >= FEWEST


def test_an_undo_is_killed_at_every_call(maildir: Maildir) -> None:
    acts = furnish(maildir)
    with maildir.surgeon() as surgeon:
        surgeon.apply(acts)
    check_keywords(maildir)
    kills = 0
    while True:
        with maildir.surgeon() as surgeon:
            known = len(surgeon.operations())
        if not killed_at(maildir, kills + 1, lambda surgeon: surgeon.apply(surgeon.plan_undo(1))):
            break
        kills += 1
        recovered(maildir)
        check_keywords(maildir)
        no_traces(maildir)
        turn_back(maildir, known)
        check_keywords(maildir)
        assert sorted(os.listdir(maildir.path(b".A/cur"))) == []
    print(f"killed {kills} of {kills} times, recovered each time")
    assert kills >= FEWEST
