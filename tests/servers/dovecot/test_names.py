"""Made-up names of messages, held against the real Dovecot: what it serves, renames and reads.

The limit: Dovecot counts a size of twenty digits and more modulo 2^64, so a number that is wrong by
such a multiple is served; here it is a wrong size all the same.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from mailsurgeon.maildir.filename import (
    flags_served,
    name_faults,
    neighbours_of,
    parse_info,
    sizes_in,
    split,
)
from tests.servers.support.dovecot import Dovecot, message
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = pytest.mark.servers

ROUNDS = 1_000  # names; all of them are one mailbox, which Dovecot reads in a second
SIZE = len(message(0))
_PIECES = (
    ",S=160", ",S=", ",S=5", ",S=0200", ",S=12x", f",S={SIZE}", ",W=7", ",W=", ",W=12x", ",U=7",
    ",X=1", ":2,", ":2,S", ":2,SF", ":2,FRab", ":2,ZST", ":1,S", ";2,S", "!2,", " 2,S", "\uf0222,S",
    "2,S", "2,", "S", "T", ".eml", " (a copy)", ",", ":", "\xe9", "%3A2%2CS", ".gz", ":2,-RS", "h2",
)  # fmt: skip
_FLAGS = {"\\Draft": "D", "\\Flagged": "F", "\\Answered": "R", "\\Seen": "S", "\\Deleted": "T"}


@dataclass(frozen=True)
class Made:
    """One made-up message."""

    number: int
    place: str
    name: bytes


@dataclass(frozen=True)
class Row:
    """What Dovecot tells of one message: its UID, flags as letters, and a size asked for."""

    uid: int
    flags: str
    size: int


def made(seed: int, rounds: int) -> Iterator[Made]:
    chance = random.Random(seed)
    for number in range(rounds):
        tail = "".join(chance.choice(_PIECES) for _ in range(chance.randint(1, 5)))
        first = chance.choices(("", ":", "."), (94, 3, 3))[0]
        name = f"{first}{1_300_000_000 + number}.M{number}P1.host{tail}"
        yield Made(number, chance.choice(("cur", "cur", "new")), os.fsencode(name)[:200])


def told(dovecot: Dovecot, fields: str, *search: str) -> tuple[dict[str, Row], str]:
    """The rows by GUID, which is the base name under which Dovecot first saw a message; and its
    complaints."""
    words = ("-f", "tab", "fetch", f"uid guid flags {fields}", "mailbox", "INBOX", *search)
    answer = dovecot.run(*words)
    rows: dict[str, Row] = {}
    for line in os.fsdecode(answer.out).splitlines()[1:]:
        uid, guid, flags, *size = line.split("\t")
        letters = "".join(sorted(_letter(flag) for flag in flags.split() if flag != "\\Recent"))
        rows[guid] = Row(int(uid), letters, int(size[0]) if size else 0)
    return rows, answer.errors


def _letter(flag: str) -> str:
    known = _FLAGS.get(flag)
    return known if known else chr(ord("a") + int(flag.removeprefix("unknown-")))


def served(flags: bytes) -> str:
    """The letters that Dovecot shows: it passes over capitals that it does not know."""
    return "".join(letter for letter in flags.decode() if letter in "DFRST" or letter.islower())


@protects(
    "names are read as Dovecot reads them",
    where="maildir/filename.py",
    seen="seen failing on a size behind the info",
)
def test_names_are_read_as_dovecot_reads_them(dovecot: Dovecot) -> None:
    messages = {os.fsdecode(split(one.name)[0]): one for one in made(1, ROUNDS)}
    for one in messages.values():
        dovecot.put(os.path.join(one.place, os.fsdecode(one.name)), message(one.number))
    plain = {base: one for base, one in messages.items() if one.name[:1] not in (b".", b":")}
    colons = {one.name for one in messages.values() if one.name.startswith(b":")}

    physical, complaints = told(dovecot, "size.physical", "all")
    renamed = re.findall(r"Fixed broken filename: \S*?/(?:cur|new)/(.*) -> \S+\n", complaints)
    assert sorted(renamed) == sorted(map(os.fsdecode, colons))
    assert len(complaints.splitlines()) == len(renamed)
    assert set(plain) == set(physical)  # those with a colon are seen the next time
    there = {
        os.fsencode(one.name) for part in ("cur", "new") for one in (dovecot.spool / part).iterdir()
    }
    assert {one.name for one in messages.values()} - there == colons
    for base, one in plain.items():
        said = sizes_in(*split(one.name))[0]
        actual = len(message(one.number))
        assert physical[base].flags == served(flags_served(one.name)), one
        assert physical[base].size == (actual if said is None else said), one

    # W of those whose text can be read, for Dovecot counts where the name does not say.
    whole = {
        base: one for base, one in plain.items() if physical[base].size == len(message(one.number))
    }
    uids = ",".join(str(physical[base].uid) for base in whole)
    virtual, complaints = told(dovecot, "size.virtual", "uid", uids)
    assert complaints == ""
    for base, one in whole.items():
        said = sizes_in(*split(one.name))[1]
        text = message(one.number)
        assert virtual[base].size == (len(text) + text.count(b"\n") if said is None else said), one


def test_after_a_repair_dovecot_reads_every_message_with_the_flags_told(
    dovecot: Dovecot, operator: Operator
) -> None:
    messages = {os.fsdecode(split(one.name)[0]): one for one in made(2, ROUNDS // 4)}
    plain = {
        base: one for base, one in messages.items()
        if not set(name_faults(one.name)) & {"begins with a dot", "begins with a colon"}
    }  # fmt: skip
    for one in plain.values():
        dovecot.put(os.path.join(one.place, os.fsdecode(one.name)), message(one.number))
    neighbours = neighbours_of(one.name for one in plain.values())
    before, _ = told(dovecot, "", "all")
    codes = [
        word for code in ("bad-flags", "bad-name", "size-mismatch") for word in ("--only", code)
    ]
    operator.must("fix", dovecot.spool, *codes, "--yes", "--max", 9_999)
    operator.must("fix", dovecot.spool, *codes, "--dry-run")

    after, complaints = told(dovecot, "", "all")
    assert complaints == ""
    texts = dovecot.run("-f", "tab", "fetch", "uid text size.virtual", "mailbox", "INBOX", "all")
    assert (texts.code, texts.errors) == (0, "")
    uids, flags = by_number(after)
    assert uids == by_number(before)[0]
    # A GUID with a blank cannot stand in the uidlist; the others stay.
    assert {guid for guid in before if " " not in guid} <= set(after)
    for one in plain.values():
        text = message(one.number)
        info = parse_info(one.name, len(text), len(text) + text.count(b"\n"), neighbours)
        assert flags[one.number] == served(info.flags), one


def by_number(rows: dict[str, Row]) -> tuple[dict[int, int], dict[int, str]]:
    """The UIDs and the flags, by the number in the name."""
    numbers = {int(re.findall(r"\.M(\d+)P1", guid)[0]): row for guid, row in rows.items()}
    return (
        {number: row.uid for number, row in numbers.items()},
        {number: row.flags for number, row in numbers.items()},
    )
