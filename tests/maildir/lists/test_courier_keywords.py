"""Courier's keywords: which a message has, and entries carried over to other base names."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.lists.courier_keywords import (
    effective,
    parse_courier_list,
    rename_entries,
    update_age,
    update_base,
    update_content,
    update_names,
)

LIST = b"Work\n$Forwarded\nHome\n\n1.a.h,S=5:0 2\n2.b.h:1\n"


@pytest.mark.parametrize(
    ("data", "names", "entries"),
    [
        (b"", [], {}),
        (LIST, [b"Work", b"$Forwarded", b"Home"], {b"1.a.h,S=5": (0, 2), b"2.b.h": (1,)}),
        (b"Work\n", [b"Work"], {}),
        (b"Work", [b"Work"], {}),
        (b"Work\n\n", [b"Work"], {}),
        (b"\n1:0\n", [], {b"1": ()}),
        (b"Work\n\nno colon\n1:x 0 7 00\n:0\n", [b"Work"], {b"1": (0, 0)}),
        (b"Work\n\n1:0\n1:\n", [b"Work"], {b"1": ()}),
        (b"Work\n\n1:0", [b"Work"], {b"1": (0,)}),
        (b"Work\n\n1:" + b"9" * 40 + b"\n", [b"Work"], {b"1": ()}),
    ],
)
def test_the_list_is_read(
    data: bytes, names: list[bytes], entries: dict[bytes, tuple[int, ...]]
) -> None:
    assert parse_courier_list(data) == (names, entries)


@pytest.mark.parametrize(
    ("renames", "after"),
    [
        ([], LIST),
        ([(b"none", b"other")], LIST),
        ([(b"2.b.h", b"2.b.h,S=9")], LIST.replace(b"2.b.h:", b"2.b.h,S=9:")),
        ([(b"Work", b"Play")], LIST),  # a keyword is no base name
        (
            [(b"1.a.h,S=5", b"2.b.h")],  # an entry of a message that is no longer there
            b"Work\n$Forwarded\nHome\n\n2.b.h:0 2\n",
        ),
        (
            [(b"1.a.h,S=5", b"1.a.h,S=6"), (b"2.b.h", b"3")],
            b"Work\n$Forwarded\nHome\n\n1.a.h,S=6:0 2\n3:1\n",
        ),
    ],
)
def test_entries_follow_and_all_else_stays(
    renames: list[tuple[bytes, bytes]], after: bytes
) -> None:
    assert rename_entries(LIST, renames) == after


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\n", b"\n\n\n", b"a\n\nb", b"\xff:\x00\n", LIST[:-1]]
)
def test_odd_lists_stay_byte_for_byte(data: bytes) -> None:
    assert rename_entries(data, [(b"none", b"other")]) == data


@pytest.mark.parametrize(
    ("filename", "base"),
    [
        (b"1.a.h,S=5", b"1.a.h,S=5"),
        (b".5300000.1.a.h", b"1.a.h"),
        (b":list", None),
        (b".tmp.1300000000.M1", None),
        (b".0.1.a.h", None),
        (b".5300000", None),
        (b".5300000.", None),
        (b".mailsurgeon", None),
        (b"." + b"9" * 250 + b".x", None),
    ],
)
def test_update_files_tell_their_message(filename: bytes, base: bytes | None) -> None:
    assert update_base(filename) == base


def test_the_newest_update_counts() -> None:
    assert update_age(b"m") > update_age(b".5300001.m") > update_age(b".5300000.m")


OLD, NEW, NEWEST = b".5300000.2.b.h", b".5300001.2.b.h", b"2.b.h"


@pytest.mark.parametrize(
    ("updates", "names"),
    [
        ({}, (b"$Forwarded",)),
        ({b"1.a.h,S=5": b"Else\n"}, (b"$Forwarded",)),
        ({OLD: b"Home\n"}, (b"Home",)),
        ({OLD: b"Home\n", NEW: b"Work\nNew\n"}, (b"Work", b"New")),
        ({NEW: b"Home\n", NEWEST: b"Last\n", OLD: b"Work\n"}, (b"Last",)),
        ({NEWEST: b""}, ()),
        ({NEWEST: b"A\nA\nB\n\nC\n"}, (b"A", b"B")),
    ],
)
def test_an_update_replaces_what_the_list_says(
    updates: dict[bytes, bytes], names: tuple[bytes, ...]
) -> None:
    assert effective(LIST, updates, b"2.b.h") == names


def test_of_two_entries_the_last_counts_and_a_part_of_a_name_is_no_name() -> None:
    data = b"Work\nHome\n\n12:0\n2:1\n2:0 1 0\n"
    assert effective(data, {}, b"2") == (b"Work", b"Home")
    assert effective(data, {}, b"Work") == ()
    assert effective(b"", {}, b"2") == ()
    assert effective(b"\n2:0\n", {}, b"2") == ()


def test_what_is_written_is_read_back() -> None:
    names = (b"Work", b"$Forwarded", "Grün".encode())
    assert update_names(update_content(names)) == names
