"""Files with holes, and files made to cost a reader much: bounded, judged rightly, and named."""

from __future__ import annotations

import os
import tracemalloc

import pytest

from mailsurgeon.maildir.message import HEAD_LIMIT, Traits, Zeros, analyse
from mailsurgeon.survey.read import message_file
from mailsurgeon.survey.read.message_file import SPARSE, TooSparse, digests, read_pieces
from tests.support.protects import protects
from tests.survey.survey_maildir import SurveyMaildir, text

TERABYTES = 1 << 41
MEGABYTE = 1 << 20


def stretch(maildir: SurveyMaildir, path: bytes, size: int) -> None:
    os.truncate(maildir.path(path), size)


@protects("holes are not read", where="survey/read/message_file.py", seen="no end in sight")
def test_a_message_of_two_terabytes_that_occupies_a_block(maildir: SurveyMaildir) -> None:
    path = maildir.mail(b"cur/1300000000.M1.host,S=7,W=%d:2,S" % (TERABYTES + 6))
    stretch(maildir, path, TERABYTES)
    maildir.survey()
    row = maildir.problem(path, "truncated")
    assert row.detail["reason"] == "zeros"
    assert maildir.problem(path, "size-mismatch").detail == {"S": [7, TERABYTES]}
    assert maildir.not_examined() == {}


def test_text_between_holes_is_read(maildir: SurveyMaildir) -> None:
    """Line feeds for W, and a closing boundary, wherever they lie."""
    head = b"From: a@b\nMessage-ID: <1@b>\nContent-Type: multipart/mixed; boundary=b\n\n"
    path = maildir.file(b"cur/1300000000.M1.host:2,S", head)
    with maildir.path(path).open("r+b") as file:
        file.seek(1 << 38)
        file.write(b"\n\n--b--\n")
    maildir.survey()
    size = maildir.path(path).stat().st_size
    row = maildir.index.db.execute("SELECT virtual_size, traits FROM entries").fetchone()
    assert row[0] == size + 4 + 3
    assert row[1] & Traits.CLOSED and not row[1] & Traits.ZEROS
    assert maildir.codes() == {}


@pytest.mark.parametrize(
    "pieces",
    [
        [b"From: a\n\n", Zeros(9000), b"\n"],
        [Zeros(3), b"From: a\n\nText.\n", Zeros(700)],
        [Zeros(2 * HEAD_LIMIT), b"\r", b"\n", Zeros(1), b"\n"],
        [b"From: a\n" * 20, Zeros(HEAD_LIMIT), b"\n\n", Zeros(HEAD_LIMIT)],
        [Zeros(511)],
    ],
    ids=range(5),
)
def test_a_hole_is_so_many_nuls(pieces: list[bytes | Zeros]) -> None:
    whole = [bytes(one.length) if isinstance(one, Zeros) else one for one in pieces]
    assert analyse(pieces) == analyse(whole)


def test_where_holes_are_not_told_little_is_read(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS before 4.2: all of it seems to be data."""
    monkeypatch.setattr(message_file, "UNOCCUPIED", 8 * MEGABYTE)
    monkeypatch.setattr(
        os, "lseek", lambda _fd, at, whence: at if whence == os.SEEK_DATA else TERABYTES
    )
    path = maildir.mail(b"cur/1300000000.M1.host:2,S")
    stretch(maildir, path, TERABYTES)
    maildir.survey()
    assert "far larger than what it occupies" in maildir.not_examined()[path]
    assert maildir.codes() == {}


def test_twins_with_large_holes_are_not_compared(maildir: SurveyMaildir) -> None:
    path = maildir.mail(b"cur/1300000000.M1.host:2,S")
    twin = maildir.mail(b"cur/1300000001.M1.host:2,S")
    for each in (path, twin):
        stretch(maildir, each, TERABYTES)
    maildir.survey()
    assert maildir.problem(twin, "duplicate-id").remedy is None


def test_a_hole_counts_in_a_digest(maildir: SurveyMaildir) -> None:
    size = SPARSE + 5 * MEGABYTE
    sparse = maildir.mail(b"cur/1")
    stretch(maildir, sparse, size)
    full = maildir.file(b"cur/2", text().ljust(size, b"\0"))
    found = []
    for path in (sparse, full):
        descriptor = os.open(maildir.path(path), os.O_RDONLY)
        found.append(digests(descriptor, size))
        os.close(descriptor)
    assert found[0] == found[1]
    assert found[0][0] is not None


def test_a_file_cut_while_it_is_read_ends_there(maildir: SurveyMaildir) -> None:
    path = maildir.file(b"cur/1", b"x" * (SPARSE + 5))
    descriptor = os.open(maildir.path(path), os.O_RDONLY)
    try:
        pieces = list(read_pieces(descriptor, 3 * SPARSE))
    finally:
        os.close(descriptor)
    assert b"".join(one for one in pieces if isinstance(one, bytes)) == b"x" * (SPARSE + 5)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"From: a@b\nX: %s\n\nText.\n" % (b"y" * (30 * MEGABYTE)), True),
        (b"From: a@b\nMessage-ID: <%s>\n\nText.\n" % (b"i" * (30 * MEGABYTE)), True),
        (b"From: a@b\n%s\nText.\n" % b"".join(b"X-%d: v\n" % n for n in range(100_000)), False),
    ],
    ids=["a line", "an ID", "many fields"],
)
def test_a_header_without_end_is_read_in_part_and_named(
    maildir: SurveyMaildir, data: bytes, told: bool
) -> None:
    path = maildir.file(b"cur/1300000000.M1.host,S=%d:2,S" % len(data), data)
    tracemalloc.start()
    try:
        maildir.survey()
        assert tracemalloc.get_traced_memory()[1] < 40 * MEGABYTE
    finally:
        tracemalloc.stop()
    assert (path in maildir.not_examined()) is told
    assert (
        len(maildir.index.db.execute("SELECT message_id FROM entries").fetchone()[0] or "") < 1100
    )


def test_what_was_not_looked_at_is_named_again(maildir: SurveyMaildir) -> None:
    path = maildir.file(b"cur/1300000000.M1.host:2,S", b"From: a@b\nX: " + b"y" * HEAD_LIMIT)
    maildir.survey()
    first = maildir.contents()
    assert list(maildir.not_examined()) == [path]
    maildir.survey()
    assert maildir.contents() == first == maildir.fresh_contents()


def test_more_holes_than_are_worth_it_are_given_up() -> None:
    with pytest.raises(TooSparse):
        list(message_file._few_zeros([Zeros(TERABYTES)]))
