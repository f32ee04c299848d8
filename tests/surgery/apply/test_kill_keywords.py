"""Killed while keywords are carried to another folder: recovered, and taken back exactly."""

from __future__ import annotations

import os

import pytest

from mailsurgeon.maildir.lists import courier_keywords
from mailsurgeon.maildir.lists.keywords import parse_keywords
from mailsurgeon.surgery.model import Act, Plan, Step
from mailsurgeon.surgery.steps.keywords import CarriedKeywords, NameLetters
from tests.surgery.apply.test_kill import FEWEST, killed_at, no_traces, recovered, turn_back
from tests.surgery.conftest import Ward, plan

pytestmark = pytest.mark.crash

OLD, NEW = b"1300000001.M1P1.host,U=7", b"1300000001.M1P1.host"
OTHER = b"1300000002.M2P1.host"
NAMES = {b"Work", b"Home"}


def furnish(ward: Ward) -> Plan:
    """Two messages of both servers' go from one folder to another that lacks a keyword."""
    for folder in (b".A", b".B"):
        ward.folder(folder)
        ward.uidlist(folder)
        ward.courier(folder)
    ward.path(b".A/dovecot-keywords").write_bytes(b"0 Work\n1 Home\n")
    ward.path(b".B/dovecot-keywords").write_bytes(b"0 Home\n")
    ward.courier_keywords(b".A", b"Work\nHome\n\n" + OLD + b":0 1\n")
    acts: list[Act] = []
    for number, (old, new) in enumerate(((OLD, NEW), (OTHER, OTHER)), start=1):
        source = ward.mail(b".A/cur/" + old + b":2,Sab", number)
        target = b".B/cur/" + new + b":2,Sab"
        added = ((1, b"Work"),)
        steps: list[Step] = [NameLetters(None, None, folder=b".B", add=added, made=False)]
        if old == OLD:
            carried = CarriedKeywords(
                None, None, None, b".A", b".B",
                old=OLD, new=NEW, names=(b"Work", b"Home"), made=True,
            )  # fmt: skip
            steps.append(carried)
        steps.append(ward.rename_step(source, target, b".A", b".B"))
        acts.append(Act("file", source, tuple(steps)))
    return plan(*acts)


def check_keywords(ward: Ward) -> None:
    """Every message has the same keywords by name, whichever folder it is in."""
    seen: set[bytes] = set()
    for folder in (b".A", b".B"):
        listed = parse_keywords(ward.path(folder + b"/dovecot-keywords").read_bytes())
        assert not listed.damage
        for name in os.listdir(os.fsencode(ward.path(folder + b"/cur"))):
            base, _, letters = name.partition(b":2,S")
            assert {listed.names[letter - 0x61] for letter in letters} == NAMES, (folder, name)
            if base in (OLD, NEW):
                assert by_courier(ward, folder, base) == NAMES
            seen.add(base)
    assert len(seen) == 2


def mail(ward: Ward) -> list[bytes]:
    """The messages alone: Courier names its updates after them."""
    return [content for content in ward.messages() if content.startswith(b"From:")]


def by_courier(ward: Ward, folder: bytes, base: bytes) -> set[bytes]:
    home = ward.path(folder + b"/courierimapkeywords")
    files = {os.fsencode(path.name): path.read_bytes() for path in home.iterdir()}
    return set(courier_keywords.effective(files.pop(b":list", b""), files, base))


def test_a_move_is_killed_at_every_call(ward: Ward) -> None:
    acts = furnish(ward)
    first, mails = ward.picture(), mail(ward)
    kills = 0
    while True:
        with ward.surgeon() as surgeon:
            known = len(surgeon.operations())
        if not killed_at(ward, kills + 1, lambda surgeon: surgeon.apply(acts)):
            break
        kills += 1
        recovered(ward)
        assert mail(ward) == mails
        check_keywords(ward)
        no_traces(ward)
        turn_back(ward, known)
        assert ward.picture() == first
    print(f"killed {kills} of {kills} times, recovered each time")
    assert kills >= FEWEST


def test_an_undo_is_killed_at_every_call(ward: Ward) -> None:
    acts = furnish(ward)
    with ward.surgeon() as surgeon:
        surgeon.apply(acts)
    check_keywords(ward)
    kills = 0
    while True:
        with ward.surgeon() as surgeon:
            known = len(surgeon.operations())
        if not killed_at(ward, kills + 1, lambda surgeon: surgeon.apply(surgeon.plan_undo(1))):
            break
        kills += 1
        recovered(ward)
        check_keywords(ward)
        no_traces(ward)
        turn_back(ward, known)
        check_keywords(ward)
        assert sorted(os.listdir(ward.path(b".A/cur"))) == []
    print(f"killed {kills} of {kills} times, recovered each time")
    assert kills >= FEWEST
