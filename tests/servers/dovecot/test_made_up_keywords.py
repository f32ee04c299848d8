"""Damaged names of keyword letters: what Dovecot reads in them is what mailsurgeon reads."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from mailsurgeon.maildir.lists.keywords import (
    bad_keyword_lines,
    nameless,
    parse_keywords,
    repaired_keywords,
)
from tests.servers.support.dovecot import Dovecot

pytestmark = pytest.mark.servers

LISTS = 250
LETTERS = "abcdz"
_NUMBERS = (b"0", b"1", b"2", b"3", b"25", b"26", b"00", b"x", b"", b"4294967296", b"1 ")
_NAMES = (
    b"Work", b"work", b"Home", b"$Label1", b"", b"Wo\x01rk", b"two words", b"W(o)rk", b"a\0b",
    b"Wo\xffrk", b"unknown-1", b"Home\r", b"x" * 60,
)  # fmt: skip


def made_up(chance: random.Random) -> bytes:
    """One list; most lines are sound."""
    lines = [
        chance.choice(_NUMBERS[:5] if chance.random() < 0.8 else _NUMBERS)
        + (b" " if chance.random() < 0.9 else b"")
        + chance.choice(_NAMES[:4] if chance.random() < 0.7 else _NAMES)
        for _ in range(chance.randrange(6))
    ]
    return b"\n".join(lines) + chance.choice((b"\n", b"\n", b"\n", b""))


def ask(dovecot: Dovecot, lists: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """By folder and letter, the keyword that Dovecot tells of the message that bears it."""
    for folder, text in lists.items():
        place = dovecot.spool / f".{folder}"
        for part in ("cur", "new", "tmp"):
            (place / part).mkdir(parents=True)
        for letter in LETTERS:
            (place / "cur" / f"m{letter}:2,{letter}").write_text(f"Subject: {letter}\n\nx\n")
        (place / "dovecot-keywords").write_bytes(text)
    if os.geteuid() == 0:
        for path in (dovecot.spool, *dovecot.spool.rglob("*")):
            os.chown(path, dovecot.owner.uid, dovecot.owner.gid)
    out = dovecot.must("-f", "flow", "fetch", "mailbox hdr.subject flags", "mailbox", "F*", "all")
    found: dict[str, dict[str, str]] = {}
    row = re.compile(r"mailbox=(F\d+) hdr.subject=(\w) flags=\\Recent ?([^\n]*)")
    for folder, letter, keyword in row.findall(out.decode("latin-1")):
        found.setdefault(folder, {})[letter] = keyword
    assert sum(map(len, found.values())) == len(lists) * len(LETTERS)
    return found


def ours(text: bytes) -> dict[str, str]:
    """What Dovecot should tell."""
    names = parse_keywords(text).names
    told: dict[str, str] = {}
    for letter in LETTERS:
        number = ord(letter) - ord("a")
        name = names.get(number, b"unknown-%d" % number)
        told[letter] = name.decode("latin-1")
    return told


def test_dovecot_reads_what_mailsurgeon_reads(home: Path, dovecot: Dovecot) -> None:
    chance = random.Random("keywords")
    lists = {f"F{number:03}": made_up(chance) for number in range(LISTS)}
    for folder, told in ask(dovecot, lists).items():
        text = lists[folder]
        letters = nameless(LETTERS.encode(), parse_keywords(text).names)
        for letter, keyword in ours(text).items():
            invented = re.fullmatch(r"unknown-\d+\?*", told[letter])
            assert (letter in letters) == bool(invented), (text, told)
            assert told[letter] == keyword or invented, (text, told)
    repairs = {
        folder: repaired_keywords(text) for folder, text in lists.items() if bad_keyword_lines(text)
    }
    other = Dovecot(home, dovecot.owner, spool="Repaired")
    for folder, told in ask(other, repairs).items():
        about = (lists[folder], repairs[folder], told)
        for letter, keyword in ours(repairs[folder]).items():
            assert told[letter].rstrip("?") == keyword.rstrip("?"), about
            assert re.fullmatch(r"[^\x00-\x20\x7f(){%*\"\\\]]+", told[letter]), about
    print(f"\n{len(lists)} lists, {len(repairs)} of them damaged: 0 read otherwise")
