"""Any bytes as a filename and any bytes as content: never an exception, and nothing invented."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailsurgeon.maildir import filename
from mailsurgeon.maildir.folder_names import decode_folder, folder_name
from mailsurgeon.maildir.message import analyse
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey

_PIECES = (
    b":", b":2,", b"2,", b"S", b"SF", b",S=", b",W=", b",U=", b",FMD5=", b"12", b"0", b"9" * 30,
    b";", b"!", b"_", b",", b"%3A", b"%2C", b"1700000000.M1P1.host", b".", b".nfs", b"\n",
    b"\x1b[2J", b"\xff", "ü".encode(), b"\xed\xa0\x80", b"dovecot", b"maildirfolder", b" ",
)  # fmt: skip
_WORDS = (
    b"From: a@b", b"\n", b"\r\n", b"\n\n", b":", b" ", b"\t", b"\0", b"\xff", b"From ", b">From ",
    b"Message-ID: <a@b>", b"message-id:", b"<", b">", b"Subject: =?utf-8?B?x?=", b"=?utf-8?Q?=FF?=",
    b"From: =?no-such?B?eA==?=", b"Date: Mon, 32 Foo 99999 99:99:99 +9999", b"Date: ", b"9" * 400,
    b"Received: x; Sat, 01 Jan 0000 00:00:00 +0000", b"Content-Type: multipart/mixed; boundary=",
    b'"', b"--", b"--b--", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"CRYPTED",
    b"Dovecot-LZ4\x0d\x2a\x9b\xc5", b"1 :x\n", b"3 V1 N1 G00\n", b"-1", b"4294967296",
    b"Subject: \xed\xa0\x80\xe2\x80\xae", b"Date: Mon, 01 Jan 1 00:00 +0000", b"\x85", b"\x0c",
)  # fmt: skip


def _any(pieces: Iterable[bytes], most: int) -> st.SearchStrategy[bytes]:
    """Bytes of every kind, and bytes made of what means something."""
    telling = st.lists(st.sampled_from(list(pieces)) | st.binary(max_size=4), max_size=most)
    return st.binary(max_size=most * 4) | telling.map(b"".join)


NAMES = (
    _any(_PIECES, 12)
    .map(lambda name: name.replace(b"/", b"").replace(b"\0", b"")[:250])
    .filter(lambda name: name not in (b"", b".", b".."))
)
CONTENTS = _any(_WORDS, 25)


@given(NAMES)
def test_a_name_taken_apart_and_put_together_is_the_name(name: bytes) -> None:
    base, info = filename.split(name)
    assert base + info == name
    assert b":" not in base.lstrip(b":")
    read = filename.parse_info(name)
    assert read.base + read.info == name


@given(NAMES)
def test_a_repaired_info_is_good_and_stays_as_it_is(name: bytes) -> None:
    read = filename.parse_info(name)
    repaired = filename.parse_info(read.base + read.should_be)
    assert repaired.kind == "good"
    assert repaired.base == read.base
    assert repaired.should_be == repaired.info


@given(NAMES, st.none() | st.integers(0, 10**6), st.none() | st.integers(0, 10**6))
@example(b",S=" + b"9" * 200, 1, 1)
def test_fields_of_any_name_can_be_asked_for(name: bytes, size: int, virtual: int) -> None:
    filename.size_fields(name, size, virtual)
    filename.with_sizes(name, size, virtual)
    filename.uid_field(name)
    filename.fmd5_field(name)
    filename.leading_seconds(name)
    assert len(filename.without_uid(name)) <= len(name)
    for letter in (b"S", b"W"):
        assert filename.count_field(name, letter) >= 0


@given(NAMES, st.integers(0, 10**9), st.integers(0, 10**9))
def test_sizes_put_into_a_name_are_the_sizes_it_says(name: bytes, size: int, virtual: int) -> None:
    base = name.replace(b":", b"").replace(b",S=", b"").replace(b",W=", b"")
    named = filename.with_sizes(base + b",S=7,W=9:2,S", size, virtual)
    assert named == base + b",S=%d,W=%d:2,S" % (size, virtual)
    assert filename.size_fields(named) == (size, virtual)


@given(NAMES)
@example(b".&")
@example(b"&-&&AP")
@example(b".Entw&APw-rfe.&2D8-")
def test_any_directory_has_a_folder_name(name: bytes) -> None:
    assert isinstance(decode_folder(name), str)
    for layout in ("maildir++", "fs"):
        assert isinstance(folder_name(name, layout), str)


@given(CONTENTS, st.lists(st.integers(0, 100), max_size=4))
@example(b"From: =?utf-8?B?x?=\n\n", [])
def test_any_content_is_read_alike_whole_and_in_pieces(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[one:other] for one, other in pairwise(edges)]
    whole = analyse([data])
    assert whole == analyse(pieces)
    assert whole.size == len(data)
    assert whole.virtual_size >= whole.size


_PLACES = st.sampled_from([b"cur", b"new", b"tmp", b"", b"cur/deep", b"plain", b".Other/cur"])
_FILES = st.lists(st.tuples(_PLACES, NAMES, CONTENTS), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(_FILES, CONTENTS)
def test_any_spool_can_be_surveyed(files: list[tuple[bytes, bytes, bytes]], uidlist: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        root = os.fsencode(directory) + b"/spool"
        for part in (b"cur", b"new", b"tmp", b"cur/deep", b"plain", b".Other/cur"):
            os.makedirs(os.path.join(root, part), exist_ok=True)
        files = [*files, (b"", b"dovecot-uidlist", uidlist)]
        written = {
            path for place, name, content in files if (path := _write(root, place, name, content))
        }
        index = Index.open(Path(directory) / "index.db")
        try:
            run_survey(open_spool(root, Options(layout="maildir++")), index)
            problems = list(index.problems())
        finally:
            index.close()
        assert {os.path.join(root, row.path) for row in problems if row.code == "empty"} <= written


def _write(root: bytes, place: bytes, name: bytes, content: bytes) -> bytes | None:
    """The path written; None where something is already in the way."""
    path = os.path.join(root, place, name)
    try:
        with open(path, "xb") as file:
            file.write(content)
    except OSError:
        return None
    return path
