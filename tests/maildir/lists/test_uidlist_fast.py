"""The quick look at a uidlist says what reading it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.lists.uidlist import UidlistError, parse_uidlist
from mailsurgeon.maildir.lists.uidlist_fast import glance_at_list, uid_in_list

HEADERS = st.sampled_from(
    [b"3 V1 N9 Gabc\n", b"3 V1 N9", b"1 1 9\n", b"3 N9\n", b"\n", b"3 V1 N9\n"]
)
LINES = st.sampled_from([
    b"1 :a\n", b"2 W7 S5 :b,S=5\n", b"3 G123 :c\n", b"4 :a\n", b"5 :d", b"0 :e\n", b"x :f\n",
    b"6 :\n", b"7 :g/h\n", b"8 Pabc :b :i\n", b"4294967295 :j\n", b"12345678901 :k\n", b"\n",
    b"9 S :l\n", b"10  :m\n", b"11 :n\r\n", b"13 :o:p\n",
])  # fmt: skip


@given(HEADERS, st.lists(LINES, max_size=6))
def test_it_says_what_reading_says(header: bytes, lines: list[bytes]) -> None:
    data = header + b"".join(lines)
    seen = glance_at_list(data)
    if seen is None:
        return
    listed = parse_uidlist(data)
    assert not listed.bad
    assert seen.highest == max((record.uid for record in listed.records), default=0)
    for record in listed.records:
        assert uid_in_list(data, record.base) == record.uid
        sized = any(value[:1] in b"SW" and value[1:].isdigit() for value in record.fields)
        assert seen.sizes or not sized
    assert uid_in_list(data, b"none") is None


def test_a_usual_list_is_seen() -> None:
    data = b"3 V1 N4 Gabc\n1 :a\n2 P7 :b\n3 W12 :c\n"
    assert glance_at_list(data) == (3, True)
    assert glance_at_list(b"3 V1 N4\n1 :a\n2 :b\n") == (2, False)


@pytest.mark.parametrize("data", [b"", b"1 1 9\n1 a\n", b"3 V1 N9\n2 :a\n1 :b\n", b"3 V1 N9\n1 :a"])
def test_what_is_unusual_is_left_to_reading(data: bytes) -> None:
    assert glance_at_list(data) is None


def test_a_list_whose_header_is_none() -> None:
    assert glance_at_list(b"3 X\n1 :a\n") is None
    with pytest.raises(UidlistError):
        parse_uidlist(b"3 X\n1 :a\n")
