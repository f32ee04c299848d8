"""Uidlists that nobody wrote on purpose: what Dovecot reads in them is what mailsurgeon reads."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailsurgeon.maildir.lists.uidlist import (
    NO_BASE,
    NO_NEWLINE,
    RETURN_IN_BASE,
    UidlistError,
    parse_record,
    parse_uidlist,
)
from mailsurgeon.maildir.lists.uidlist_edit import drop_lines
from tests.servers.support.dovecot import Dovecot
from tests.servers.support.made_up_lists import NAMES, made_up_list

pytestmark = pytest.mark.servers

SPOOLS, FOLDERS = 4, 250
REJECTS = re.compile(r"Broken file|Duplicate file entry")
FORGIVES = "Invalid extension record"
SILENTLY = (NO_NEWLINE, NO_BASE, RETURN_IN_BASE)
"""What harms only when Dovecot writes the list, or adds to it."""
OLDEST = "UID larger than next_uid"
"""Said only of lists of version 1, as Dovecot wrote them before 2007. Courier's have that version
too, and may have such UIDs, so mailsurgeon does not judge by it."""


@dataclass(slots=True)
class Seen:
    """What Dovecot made of one folder: UIDs by base name, what it said, the list afterwards."""

    uids: dict[str, int] = field(default_factory=dict[str, int])
    said: list[str] = field(default_factory=list[str])
    header: bytes = b""

    @property
    def rejects(self) -> list[str]:
        return [one for one in self.said if REJECTS.search(one) and FORGIVES not in one]


def ask(dovecot: Dovecot, lists: Mapping[str, bytes]) -> dict[str, Seen]:
    """A folder for each list, with a message for each name, all looked at in one run."""
    for folder, text in lists.items():
        place = dovecot.spool / f".{folder}"
        for part in ("cur", "new", "tmp"):
            (place / part).mkdir(parents=True)
        for name in NAMES:
            (place / "cur" / f"{name}:2,S").write_text(f"From: a@b\nSubject: {name}\n\nx\n")
        (place / "dovecot-uidlist").write_bytes(text)
    give(dovecot.spool, dovecot.owner.uid, dovecot.owner.gid)
    answer = dovecot.run("-f", "flow", "fetch", "mailbox uid hdr.subject", "mailbox", "F*", "all")
    found = {folder: Seen() for folder in lists}
    rows = re.findall(rb"mailbox=(\w+) uid=(\d+) hdr.subject=(\w+)", answer.out)
    assert len(rows) == len(lists) * len(NAMES), answer.errors
    for folder, uid, name in rows:
        found[folder.decode()].uids[name.decode()] = int(uid)
    for line in answer.errors.splitlines():
        for folder in re.findall(r"\.(F\d+)/dovecot-uidlist", line)[:1]:
            found[folder].said.append(line)
    for folder, seen in found.items():
        seen.header = first_line(dovecot.spool / f".{folder}" / "dovecot-uidlist")
    return found


def give(spool: Path, uid: int, gid: int) -> None:
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{uid}:{gid}", str(spool)], check=True)


def first_line(path: Path) -> bytes:
    """The first line; empty without a list, as Dovecot may leave a folder whose last UID it saw."""
    return path.read_bytes().partition(b"\n")[0] if path.exists() else b""


def read(text: bytes) -> dict[str, int] | None:
    """What mailsurgeon reads of the messages that are there; None for a header it rejects."""
    try:
        listed = parse_uidlist(text)
    except UidlistError:
        return None
    if listed.bad and listed.bad[0].number == 1:
        return None
    found = {os.fsdecode(record.base): record.uid for record in listed.records}
    return {name: uid for name, uid in found.items() if name in NAMES}


def given(text: bytes, seen: Seen) -> dict[str, int]:
    """The UIDs that Dovecot took from the list, rather than giving new ones."""
    lines = [parse_record(line, version) for line in text.split(b"\n") for version in (1, 3)]
    pairs = {(os.fsdecode(one.base), one.uid) for one in lines if not isinstance(one, str)}
    return {name: uid for name, uid in seen.uids.items() if (name, uid) in pairs}


def repaired(text: bytes) -> bytes:
    return drop_lines(text, [(line.number, line.line) for line in parse_uidlist(text).bad])


@pytest.mark.parametrize("seed", range(SPOOLS))
def test_dovecot_keeps_what_mailsurgeon_keeps(seed: int, home: Path, dovecot: Dovecot) -> None:
    chance = random.Random(f"uidlists {seed}")
    lists = {f"F{number:03}": made_up_list(chance) for number in range(FOLDERS)}
    seen = ask(dovecot, lists)
    repairs: dict[str, bytes] = {}
    for folder, text in lists.items():
        about = (folder, text, seen[folder])
        if any(OLDEST in one for one in seen[folder].said):
            continue
        ours = read(text)
        if ours is None:  # Dovecot begins a list of its own
            assert not seen[folder].header.startswith(b"3 V1636000000 "), about
            continue
        reasons = [line.reason for line in parse_uidlist(text).bad]
        surely = [one for one in reasons if one not in SILENTLY]
        assert reasons if seen[folder].rejects else not surely, about
        kept = given(text, seen[folder])
        if not seen[folder].rejects:
            assert kept == ours, about
        elif seen[folder].header.startswith(b"3 V1636000000 "):
            # It keeps the records before the line it rejects, and so does the repair.
            assert kept.items() <= ours.items(), about
        if parse_uidlist(text).bad:
            repairs[folder] = repaired(text)
    again = ask(Dovecot(home, dovecot.owner, spool="Repaired"), repairs)
    for folder, text in repairs.items():
        about = (folder, lists[folder], text, again[folder])
        assert not again[folder].rejects, about
        kept = given(text, again[folder])
        assert kept == read(lists[folder]), about
    print(f"\n{len(lists)} lists, {len(repairs)} with lines that Dovecot rejects: 0 read otherwise")
