"""maildirsize: its sum, the line that is added, and what counts for which server."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.lists.maildirsize import Rule, Sum, line, parse_maildirsize

COURIER, DOVECOT = Rule(courier=True), Rule(courier=False)


@pytest.mark.parametrize(
    ("data", "total"),
    [
        (b"", Sum(b"", 0, 0)),
        (b"10000S,50C\n", Sum(b"10000S,50C", 0, 0)),
        (b"10000S\n100 2\n", Sum(b"10000S", 100, 2)),
        (b"10000S\n         100            2\n         -30           -1\n", Sum(b"10000S", 70, 1)),
        (b"10000S\n100 2\n-30 -1", Sum(b"10000S", 70, 1)),
        (b"10000S\n100 2\nnonsense\n5 1\n", Sum(b"10000S", 105, 3, damaged=True)),
        (b"10000S\n100\n", Sum(b"10000S", 0, 0, damaged=True)),
        (b"10000S\n-1 0\n", Sum(b"10000S", -1, 0, damaged=True)),
        (b"S\n" + b"9" * 40 + b" 1\n", Sum(b"S", 0, 0, damaged=True)),
    ],
)
def test_the_sum_is_read(data: bytes, total: Sum) -> None:
    assert parse_maildirsize(data) == total


@pytest.mark.parametrize(("size", "messages"), [(0, 1), (-25, 0), (123456789012345, -7)])
def test_a_line_added_is_in_the_sum(size: int, messages: int) -> None:
    added = line(size, messages)
    assert added.endswith(b"\n")
    assert parse_maildirsize(b"1S\n10 1\n" + added) == Sum(
        b"1S", 10 + size, 1 + messages, damaged=10 + size < 0 or 1 + messages < 0
    )


@pytest.mark.parametrize(
    ("path", "courier", "dovecot"),
    [
        (b"cur/1.h,S=5:2,S", (5, 1), (5, 1)),
        (b"new/1.h,S=5", (5, 1), (5, 1)),
        (b"cur/1.h,S=5,W=6:2,", (5, 1), (5, 1)),
        (b"cur/1.h:2,", (77, 1), (77, 1)),
        (b"cur/1.h,S=5,S=9:2,", (9, 1), (5, 1)),
        (b"cur/1.h,S=5x:2,", (5, 1), (77, 1)),
        (b"cur/1.h,S=:2,", (0, 1), (0, 1)),
        (b"cur/1.h,S=x", (0, 1), (77, 1)),
        (b"cur/1.h:2,S,S=9", (77, 1), (9, 1)),
        (b"cur/1.h,S=5:2,ST", (0, 0), (5, 1)),
        (b"cur/1.h,S=5:2,t", (5, 1), (5, 1)),
        (b"cur/.hidden,S=5", (0, 0), (5, 1)),
        (b"cur/..hidden,S=5", (0, 0), (0, 0)),
        (b"tmp/1.h,S=5", (0, 0), (0, 0)),
        (b"1.h,S=5", (0, 0), (0, 0)),
        (b"cur/sub/1.h,S=5", (0, 0), (0, 0)),
        (b"cur", (0, 0), (0, 0)),
        (b"cur/1.h,S=" + b"9" * 40, (10**18 - 1, 1), (10**18 - 1, 1)),
    ],
)
def test_what_a_file_counts_for(
    path: bytes, courier: tuple[int, int], dovecot: tuple[int, int]
) -> None:
    assert (COURIER.counted(path, 77), DOVECOT.counted(path, 77)) == (courier, dovecot)


@pytest.mark.parametrize(
    ("folder", "courier", "dovecot", "fs"),
    [
        (b"", True, True, True),
        (b".A", True, True, True),
        (b".Trash", False, True, True),
        (b".Trash.Old", True, True, True),
        (b".A/sub", False, False, True),
        (b"A", False, False, True),
        (b"A/B", False, False, True),
    ],
)
def test_which_folders_count(folder: bytes, courier: bool, dovecot: bool, fs: bool) -> None:
    assert COURIER.counts_folder(folder) is courier
    assert DOVECOT.counts_folder(folder) is dovecot
    assert Rule(courier=False, layout="fs").counts_folder(folder) is fs
