"""dovecot-keywords: what Dovecot 2.3 makes of its lines, and names added and taken away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.lists.keywords import (
    Keywords,
    KeywordsError,
    add_names,
    bad_keyword_lines,
    is_fit,
    nameless,
    parse_keywords,
    remove_names,
    repaired_keywords,
)

# What doveadm (2.3.19) showed for a message with the letters a, b and c in its name.
READ = {
    b"": {},
    b"0 Work\n1 Home\n": {0: b"Work", 1: b"Home"},
    b"1 Home\n0 Work\n": {0: b"Work", 1: b"Home"},
    b"00 Work\n": {0: b"Work"},
    b"0 Two words\n": {0: b"Two words"},
}

ODD = {
    b"0 Work\n1 Home": ({0: b"Work"}, "the last line has no newline"),
    b"0 Work\r\n": ({0: b"Work"}, "line 1: a carriage return at the end"),
    b"junk\n0 Work\nx y\n": ({0: b"Work"}, "line 1: no number and name"),
    b"\n0 Work\n": ({0: b"Work"}, "line 1: no number and name"),
    b"0\tWork\n": ({}, "line 1: no number and name"),
    b"+0 Work\n": ({}, "line 1: no number and name"),
    b"-1 Work\n": ({}, "line 1: no number and name"),
    b"0 \n": ({}, "line 1: no number and name"),
    b"9" * 30 + b" Work\n": ({}, "line 1: no number and name"),
    b"26 Work\n": ({}, "line 1: number 26 has no letter"),
    b"0 Work\n0 Home\n": ({0: b"Home"}, "line 2: letter a has a name already"),
    b"0 Work\n1 work\n": ({0: b"Work"}, "line 2: its name has the letter a already"),
    b"0 Work\n0 Home\n1 Work\n": ({0: b"Home"}, "line 2: letter a has a name already"),
    b"0 \xff\xfe\n": ({0: b"\xff\xfe"}, "line 1: the name is not UTF-8"),
    b"0 Work\x00Home\n": ({0: b"Work"}, "line 1: a NUL in the name"),
    b"0 A\n1 " + b"B" * 1021 + b"\n2 C\n": ({0: b"A", 1: b"B" * 1021, 2: b"C"}, ""),
    b"0 A\n1 " + b"B" * 1022 + b"\n2 C\n": ({0: b"A"}, "line 2 is too long"),
    b"\x00" * 9: ({}, "the last line has no newline"),
}


@pytest.mark.parametrize("data", READ)
def test_names_are_read_by_number(data: bytes) -> None:
    assert parse_keywords(data) == Keywords(READ[data])


@pytest.mark.parametrize("data", ODD)
def test_odd_lines_mean_what_they_mean_to_dovecot_and_are_told(data: bytes) -> None:
    assert parse_keywords(data) == Keywords(*ODD[data])


@pytest.mark.parametrize("data", [data for data in ODD if ODD[data][1]])
def test_nothing_is_added_to_a_damaged_list(data: bytes) -> None:
    with pytest.raises(KeywordsError, match="it is damaged"):
        add_names(data, [(20, b"New")])


def test_names_are_added_at_the_end_and_taken_away_again() -> None:
    for data in READ:
        longer = add_names(data, [(7, b"New"), (9, b"Other")])
        assert longer == data + b"7 New\n9 Other\n"
        assert add_names(longer, [(7, b"New"), (9, b"other")]) == longer
        assert remove_names(longer, [(7, b"New"), (9, b"Other")]) == data
        assert remove_names(data, [(7, b"New")]) == data


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([(0, b"Home")], "letter a means another keyword now"),
        ([(3, b"WORK")], "the keyword has the letter a now"),
        ([(26, b"Home")], "no keyword that a letter can be given to"),
        ([(-1, b"Home")], "no keyword that a letter can be given to"),
        ([(1, b"Ho\nme")], "no keyword that a letter can be given to"),
    ],
)
def test_what_another_has_taken_is_not_given_out(
    names: list[tuple[int, bytes]], reason: str
) -> None:
    with pytest.raises(KeywordsError, match=reason):
        add_names(b"0 Work\n", names)


def test_only_the_last_lines_are_taken_away() -> None:
    ours = [(1, b"New"), (2, b"Other")]
    assert remove_names(b"0 Work\n1 New\n2 Other\n", ours) == b"0 Work\n"
    assert remove_names(b"0 Work\n1 New\n2 Other\n3 Since\n", ours).count(b"\n") == 4
    assert remove_names(b"0 Work\n1 Else\n2 Other\n", ours) == b"0 Work\n1 Else\n"
    assert remove_names(b"1 New\n", ours) == b""
    assert remove_names(b"1 New", ours) == b"1 New"


@pytest.mark.parametrize(
    ("used", "free"),
    [
        ((), 0),
        ((0, 1), 2),
        ((0, 2), 3),  # a gap is what a server at work takes for a lost name
        ((25,), 0),
        (tuple(range(1, 26)), 0),
        (tuple(range(26)), None),
    ],
)
def test_letters_are_given_out_behind_the_last_and_gaps_come_last(
    used: tuple[int, ...], free: int | None
) -> None:
    assert Keywords({number: b"K%d" % number for number in used}).free_number() == free
    assert Keywords({}).free_number(used) == free


@pytest.mark.parametrize(
    "name", [b"", b" ", b"a b", b"a\nb", b"a\x00", b"(", b"a)", b'"', b"\\Seen", b"a" * 256]
)
def test_names_that_imap_does_not_allow_are_not_handed_on(name: bytes) -> None:
    assert not is_fit(name)


@pytest.mark.parametrize(
    "name", [b"Work", b"$Forwarded", b"unknown-3", "Grün".encode(), b"a" * 255]
)
def test_usual_names_are_handed_on(name: bytes) -> None:
    assert is_fit(name)


REPAIRS = {
    b"0 Work\n1 Home\n": ([], b"0 Work\n1 Home\n"),
    b"": ([], b""),
    b"0 Work\n\n1 Home\n": ([2], b"0 Work\n1 Home\n"),
    b"0 Work\n26 Other\nx\n": ([2, 3], b"0 Work\n"),
    b"0 Work\n0 Other\n1 other\n": ([2, 3], b"0 Other\n"),
    b"1 Wo\x01rk\n0 H(ome\n": ([1, 2], b"0 H_ome\n1 Wo_rk\n"),
    b"0 two words\n": ([1], b"0 two_words\n"),
    b"0 Work\0junk\n": ([1], b"0 Work\n"),
    b"0 Work\r\n": ([1], b"0 Work\n"),
    b"0 Work\n1 Home": ([2], b"0 Work\n1 Home\n"),
    b"0 W\xff\n": ([1], b"0 W_\n"),
    b"0 W_\n1 W*\n": ([2], b"0 W_\n"),
    bytes(40): ([1], b""),
}


@pytest.mark.parametrize("data", REPAIRS)
def test_a_repaired_list_has_the_names_that_dovecot_reads(data: bytes) -> None:
    lines, repaired = REPAIRS[data]
    assert [number for number, _ in bad_keyword_lines(data)] == lines
    assert repaired_keywords(data) == repaired
    assert bad_keyword_lines(repaired) == []


@given(st.binary(max_size=60))
def test_any_repaired_list_is_sound(data: bytes) -> None:
    repaired = repaired_keywords(data)
    assert bad_keyword_lines(repaired) == []
    assert repaired_keywords(repaired) == repaired


@pytest.mark.parametrize(
    ("flags", "letters"),
    [(b"S", ""), (b"Sab", ""), (b"FSc", "c"), (b"eSdc", "cde"), (b"Z{", "")],
)
def test_letters_without_a_name_of_their_own(flags: bytes, letters: str) -> None:
    assert nameless(flags, {0: b"Work", 1: b"Home", 3: b"unknown-3", 4: b"unknown-4?"}) == letters
