"""Composed names: what is asked for changes, the rest stays byte for byte."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailsurgeon.maildir.filename import (
    fmd5_field,
    leading_seconds,
    parse_info,
    size_fields,
    split,
    uid_field,
)
from mailsurgeon.maildir.rename import NAME_MAX, NameChange, compose, followed, fresh_base, is_unfit

FREE = {"taken": lambda _: False}

digits = st.integers(0, 10**12).map(lambda number: b"%d" % number)
field = st.one_of(
    digits.map(lambda d: b",S=" + d),
    digits.map(lambda d: b",W=" + d),
    digits.map(lambda d: b",U=" + d[:9]),
    st.just(b",FMD5=0123456789abcdef0123456789abcdef"),
    st.from_regex(rb",x=[a-z0-9]{0,8}", fullmatch=True),
)
flags = st.text("DFPRSTabz", max_size=9).map(lambda text: b"".join(sorted(
    {letter.encode() for letter in text})))  # fmt: skip
usual = st.builds(
    lambda head, fields, info: head + b"".join(fields) + info,
    st.from_regex(rb"1[0-9]{9}\.M[0-9]{1,6}P[0-9]{1,5}\.[a-z.]{1,12}", fullmatch=True),
    st.lists(field, max_size=4, unique_by=lambda one: one[:3]),
    st.one_of(st.just(b""), flags.map(lambda f: b":2," + f)),
)
wild = st.binary(min_size=1, max_size=255).map(
    lambda raw: raw.replace(b"/", b"-").replace(b"\0", b"0")
)
names = st.one_of(usual, wild)
changes = st.builds(
    NameChange,
    sizes=st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)),
    set_sizes=st.booleans(),
    usable=st.booleans(),
    repair_info=st.booleans(),
    set_flags=st.one_of(st.none(), flags),
    add_flags=flags,
    keywords=st.one_of(st.none(), st.just({ord("a"): ord("c")})),
    strip_uid=st.booleans(),
    fresh=st.booleans(),
)


@given(names, changes, st.booleans())
@example(b":2,S", NameChange(fresh=True), True)
@example(b"x" * 255, NameChange(repair_info=True), False)
@example(b"1300000000.M1.h,S=9" + b"y" * 233 + b":2,", NameChange((10, 10), set_sizes=True), False)
def test_a_name_always_fits_the_file_system(name: bytes, change: NameChange, arrives: bool) -> None:
    composed = compose(name, change, arrives=arrives, seconds=1_300_000_000, seed=b"x", **FREE)
    assert 0 < len(composed.filename) <= NAME_MAX
    assert b"/" not in composed.filename and b"\0" not in composed.filename


@example(b":\x01", NameChange())
@example(b"0:\x010", NameChange())
@example(b"0:\x012,S", NameChange())
@given(names, changes)
def test_what_arrives_in_a_folder_is_fit_for_it(name: bytes, change: NameChange) -> None:
    composed = compose(name, change, arrives=True, seconds=1_300_000_000, **FREE)
    assert not is_unfit(composed.filename)


@given(names)
def test_no_change_asked_for_is_no_change(name: bytes) -> None:
    assert compose(name, NameChange(sizes=(7, 7)), **FREE).filename == name


@given(usual, changes)
def test_each_field_says_what_was_asked_for_and_no_other_changes(
    name: bytes, change: NameChange
) -> None:
    composed = compose(name, change, **FREE).filename
    before, after = size_fields(name, *change.sizes), size_fields(composed, *change.sizes)
    for said, now, actual in zip(before, after, change.sizes, strict=True):
        assert now == (actual if said is not None and change.set_sizes else said)
    assert uid_field(composed) == (None if change.strip_uid else uid_field(name))
    assert fmd5_field(composed) == (None if change.strip_uid else fmd5_field(name))
    assert re.findall(rb",x=[a-z0-9]*", composed) == re.findall(rb",x=[a-z0-9]*", name)
    assert leading_seconds(composed) == leading_seconds(name)
    if not change.fresh and not change.set_sizes and not change.strip_uid:
        assert split(composed)[0] == split(name)[0]


@given(usual, changes)
def test_the_flags_are_those_asked_for(name: bytes, change: NameChange) -> None:
    before = parse_info(name, *change.sizes).flags
    after = parse_info(compose(name, change, **FREE).filename, *change.sizes)
    assert after.kind in ("good", "none")
    capitals = {letter for letter in before if letter < 0x61}
    keywords = {letter for letter in before if letter >= 0x61}
    if change.keywords is not None:
        keywords = {change.keywords[letter] for letter in keywords if letter in change.keywords}
    if change.set_flags is not None:
        capitals = {letter for letter in change.set_flags if letter < 0x61}
        keywords = {letter for letter in change.set_flags if letter >= 0x61} or keywords
    assert set(after.flags) == capitals | keywords | set(change.add_flags)


@given(names, changes)
def test_the_same_question_has_the_same_answer(name: bytes, change: NameChange) -> None:
    one, two = (compose(name, change, arrives=True, seed=b"s", seconds=5, **FREE) for _ in "12")
    assert one == two


@given(st.lists(names, min_size=2, max_size=12))
def test_names_taken_are_never_given_twice(crowd: list[bytes]) -> None:
    given_names: set[bytes] = set()
    for number, name in enumerate(crowd):
        composed = compose(
            name, NameChange(), taken=given_names.__contains__, arrives=True, seed=b"%d" % number
        )
        base = split(composed.filename)[0]
        assert base not in given_names
        given_names.add(base)


def test_a_fresh_name_keeps_seconds_host_and_fields() -> None:
    made = fresh_base(b"1300000000.M5P6.host.example,S=10,W=12", seconds=1, seed=b"", **FREE)
    assert re.fullmatch(rb"1300000000\.M5P6R[0-9a-f]{12}\.host\.example,S=10,W=12", made)
    again = fresh_base(made, seconds=1, seed=b"2", **FREE)
    assert len(again) == len(made) and again != made


def test_a_name_that_tells_no_time_gets_that_of_the_file() -> None:
    made = fresh_base(b".hidden", seconds=1_300_000_000, seed=b"", **FREE)
    assert re.fullmatch(rb"1300000000\.R[0-9a-f]{12}\.mailsurgeon", made)


def test_repeated_sizes_become_the_one_that_counts() -> None:
    change = NameChange(sizes=(30, 33), set_sizes=True, usable=True)
    name = b"1300000000.M1.host,S=27,W=4,S=28,S=29:2,S"
    assert compose(name, change, **FREE).filename == b"1300000000.M1.host,S=30,W=33:2,S"


@pytest.mark.parametrize(
    ("source", "target", "now", "expected"),
    [
        (b"cur/a,S=1:2,", b"cur/a,S=2:2,", b"cur/a,S=1:2,S", b"cur/a,S=2:2,S"),
        (b"cur/a,S=1:2,FS", b"cur/a,S=2:2,FS", b"cur/a,S=1:2,S", b"cur/a,S=2:2,S"),
        (b"cur/b:2,FS", b"cur/b:2,SF", b"cur/b:2,FRS", b"cur/b:2,FRS"),
        (b"cur/b:2,S", b"cur/b;2,S", b"cur/b:2,FS", b"cur/b;2,FS"),
        (b"cur/b:2,S", b"cur/b%3A2%2CS", b"cur/b:2,CS", b"cur/b%3A2%2CCS"),
        (b"cur/b:2,", b"cur/b", b"cur/b:2,S", b"cur/b:2,S"),
        (b"cur/b:2,S", b"cur/b", b"cur/b:2,", b"cur/b"),
        (b"new/a", b"new/b", b"cur/a:2,S", b"cur/b:2,S"),
        (b"new/a", b"new/b", b"cur/a:2,", b"cur/b:2,"),
        (b"cur/a:2,S,x", b"cur/b:2,S,x", b"cur/a:2,RS,x", b"cur/b:2,RS,x"),
        (b"cur/a:2,S", b"cur/b:2,S", b"cur/a,U=7:2,S", b"cur/b,U=7:2,S"),
        (b"cur/a:2,S", b"cur/b:2,S", b"cur/c:2,S", None),
    ],
)  # fmt: skip
def test_a_rename_follows_a_message_that_clients_have_renamed(
    source: bytes, target: bytes, now: bytes, expected: bytes | None
) -> None:
    assert followed(source, target, now, stays=True, served=True) == expected


def test_outside_a_folder_there_is_no_cur_and_no_uid_of_mbsync() -> None:
    now = b"cur/a,U=7:2,S"
    assert followed(b"new/a", b"tmp/a", now, stays=False, served=False) == b"tmp/a:2,S"
    assert followed(b"x/new/a", b"q:1/new/a", b"x/cur/a:2,S", stays=False, served=False) == (
        b"q:1/new/a:2,S"
    )
