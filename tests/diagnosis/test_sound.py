"""The quick test by which healthy messages skip the rules overlooks nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.diagnosis.facts import FolderFacts, MessageFacts, Moment
from mailsurgeon.diagnosis.message_rules import DAY, YEAR, judge, sound
from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.message_fast import USUAL, Glance
from tests.support.protects import protects

pytestmark = [
    protects(
        "the one test of a healthy message overlooks nothing",
        where="diagnosis/message_rules.py",
        seen="seen failing on a foreign info in `new/` that it let pass",
    )
]


NOW = 1_300_000_000
SIZE, VIRTUAL = 2000, 2040
GOOD = b"1300000000.M1P1.host,S=2000,W=2040:2,FS"
NAMES = st.lists(
    st.sampled_from([
        b"1300000000.M1P1.host", b"1300000000", b"9999999999.x", b"12345678901.x", b"x", b".", b":",
        b",S=2000", b",S=02000", b",S=2001", b",S=200", b",W=2040", b",W=2041", b",S=", b",U=7",
        b",FMD5=ab", b",X=1", b":2,", b":2,S", b":2,FS", b":2,SF", b":2,SS", b":2,Sab", b":2,Sba",
        b":2,Saa", b":2,SX", b":1,S", b":2,S,junk", b";2,S", b"%3A2%2CS", b"!2,S", b"_2,RS", b"2,S",
        b"\n", b"\x7f", b"\x1b", b"\xff", b"x" * 150, b"/",
    ]),
    max_size=6,
).map(b"".join)  # fmt: skip
SIZES = st.none() | st.sampled_from([0, SIZE, SIZE + 1, VIRTUAL])


@given(
    name=NAMES | st.binary(max_size=80) | st.just(GOOD),
    place=st.sampled_from(["cur", "new", "root", "nested"]),
    size=st.sampled_from([0, SIZE, SIZE, SIZE]),
    virtual=st.sampled_from([VIRTUAL, VIRTUAL, VIRTUAL + 1]),
    mtime=st.sampled_from([NOW, NOW + DAY, NOW - DAY - 1, NOW + DAY + 2, NOW - 2 * YEAR, -1]),
    date=st.sampled_from([NOW, NOW - DAY, NOW - YEAR, NOW - 2 * YEAR, None]),
    identity=st.sampled_from(["<1@host>", None]),
    listed=st.none() | st.tuples(SIZES, SIZES),
    separator=st.sampled_from([None, b";"]),
    full=st.booleans(),
)
def test_where_it_sees_nothing_there_is_nothing(
    name: bytes,
    place: str,
    size: int,
    virtual: int,
    mtime: int,
    date: int | None,
    identity: str | None,
    listed: tuple[int | None, int | None] | None,
    separator: bytes | None,
    full: bool,
) -> None:
    folder = FolderFacts(separator, {} if listed is None else {split(name)[0]: listed})
    moment = Moment(NOW, full)
    content = Glance(virtual, identity, "", "", date) if full else None
    if not sound(name, place, size, mtime * 10**9, folder, moment, content):
        return
    facts = MessageFacts(
        place, name, "file", size, mtime * 10**9, "", USUAL if full else 0, None,
        virtual if full else None, identity is not None, date if full else None,
    )  # fmt: skip
    assert judge(facts, folder, moment) == []


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (GOOD, "cur"), (GOOD, "new"), (GOOD, "root"), (b"1300000000.M1P1.host", "new"),
        (b"1300000000.M1P1.host:2,", "cur"), (b"1300000000.M1P1.host,S=2000:2,Sab", "cur"),
        (b"1300000000.R1.host,U=17:2,S", "cur"),
        (b"1300000000_0.1.host,U=17,FMD5=0123456789abcdef0123456789abcdef:2,S", "cur"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("full", [True, False])
def test_healthy_mail_costs_no_more(name: bytes, place: str, full: bool) -> None:
    content = Glance(VIRTUAL, "<1@host>", "", "", NOW) if full else None
    moment = Moment(NOW, full)
    assert sound(name, place, SIZE, NOW * 10**9, FolderFacts(), moment, content)
