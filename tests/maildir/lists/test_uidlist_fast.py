"""The quick ways to read a uidlist say what reading it line by line says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.lists import uidlist, uidlist_fast
from mailsurgeon.maildir.lists.uidlist import LIST_CHUNK, MOST_BAD, UidlistError, parse_uidlist
from mailsurgeon.maildir.lists.uidlist_fast import (
    ListSurvey,
    TooManyRecords,
    places_of,
    survey_uidlist,
    uids_in_list,
)

HEADERS = st.sampled_from([
    b"3 V1 N9\n", b"3 V1 N9\r\n", b"3 V1 N9", b"1 1 9\n", b"3 N9\n", b"\n",
])  # fmt: skip
LINES = st.sampled_from([
    b"1 :a\n", b"2 W7 S5 :b,S=5\n", b"3 G123 :c\n", b"4 :a\n", b"5 :d", b"0 :e\n", b"x :f\n",
    b"6 :\n", b"7 :g/h\n", b"8 Pabc :b :i\n", b"4294967295 :j\n", b"12345678901 :k\n", b"\n",
    b"9 S :l\n", b"10  :m\n", b"11 :n\r\n", b"13 :o:p\n", b"014 :q\n", b"15 7 :r\n", b"16 :s\0t\n",
    b"4294967313 :u\n", b"18 W5  :v\n", b"19 w :\n", b"20 :a\n",
])  # fmt: skip


def surveyed(data: bytes, size: int = LIST_CHUNK) -> ListSurvey:
    def blocks() -> Iterator[bytes]:
        return (data[start : start + size] for start in range(0, len(data), size))

    return survey_uidlist(blocks)


@given(HEADERS, st.lists(LINES, max_size=8), st.integers(1, 60))
def test_a_survey_says_what_reading_says(header: bytes, lines: list[bytes], size: int) -> None:
    data = header + b"".join(lines)
    try:
        listed = parse_uidlist(data)
    except UidlistError as error:
        with pytest.raises(UidlistError, match=str(error).replace("(", ".").replace(")", ".")):
            surveyed(data, size)
        return
    if listed.bad and listed.bad[0].number == 1:
        with pytest.raises(UidlistError, match=uidlist.NO_NEWLINE):
            surveyed(data, size)
        return
    seen = surveyed(data, size)
    assert (seen.bad, seen.more) == (listed.bad, False)
    uids = [record.uid for record in listed.records]
    assert seen.highest == max([listed.next_uid - 1, *uids]) or seen.bad
    sized = any(one[:1] in b"SW" and one[1:].isdigit() for r in listed.records for one in r.fields)
    assert seen.sizes or not sized
    if seen.usual:
        known = {record.base: record.uid for record in listed.records}
        others = [b"none%d" % number for number in range(20)]
        assert uids_in_list(data, [*known, *others]) == known
        for base, uid in known.items():
            assert uids_in_list(data, [base, b"none"]) == {base: uid}
    places = places_of(data.partition(b"\n")[2], listed.version)
    if places is not None:
        assert not listed.bad
        assert list(places) == [record.base for record in listed.records]


def test_a_usual_list_is_seen() -> None:
    data = b"3 V1 N4 P\n1 :a\n2 P7 :b\n3 W12 :c\n"
    assert surveyed(data) == ListSurvey(3, sizes=True, usual=True)
    assert surveyed(b"3 V1 N4\n1 :a\n2 :b\n") == ListSurvey(3, sizes=False, usual=True)


@pytest.mark.parametrize("lines", [b"1  :a\n", b"1 :a\r\n", b"1 7 :a\n", b"4294967297 :a\n"])
def test_what_is_unusual_but_fine_is_not_searched(lines: bytes) -> None:
    assert surveyed(b"3 V1 N9\n" + lines) == ListSurvey(8, sizes=False, usual=False)


def test_a_repeated_base_name_is_found_in_a_list_of_many_blocks() -> None:
    data = b"3 V1 N9\n" + b"".join(b"%d :%d\n" % (uid, uid % 700) for uid in range(1, 1000))
    bad = surveyed(data, 100).bad
    assert bad == parse_uidlist(data).bad
    assert len(bad) == 299


def test_nonsense_without_end_is_read_only_to_the_limit() -> None:
    data = b"3 V1 N9\n" + b"\n" * 3 * LIST_CHUNK
    for listed in (surveyed(data), parse_uidlist(data)):
        assert listed.more and len(listed.bad) == MOST_BAD


def test_a_line_without_end_is_read_only_to_the_limit() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"3 V1 N9\n1 :a\n"
        for _ in range(3):
            yield bytes(LIST_CHUNK)
        raise AssertionError("it was read on")

    with pytest.raises(UidlistError, match="line 3 is longer") as error:
        survey_uidlist(blocks)
    assert error.value.number == 3


@pytest.mark.parametrize("line", [b"%d :%d\n", b"%d  :%d\n"])
def test_a_list_with_more_records_than_any_folder_has_is_left_alone(
    line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uidlist_fast, "MOST_RECORDS", 50)
    monkeypatch.setattr(uidlist_fast, "MOST_ODD_LINES", 50)
    data = b"3 V1 N9\n" + b"".join(line % (uid, uid) for uid in range(1, 100))
    with pytest.raises(TooManyRecords):
        surveyed(data, 100)
