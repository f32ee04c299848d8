"""Mail and spools made to break a reader: no crash, no hang, bounded memory, all of it named."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
import zstandard

from mailsurgeon.survey.read import decompress as packing
from mailsurgeon.survey.read.decompress import PIECE, PLAIN_LIMIT, RATIO, Undecodable, decompress
from mailsurgeon.survey.walk.walk import TOO_DEEP

from ..planting.packing import lz4
from .survey_maildir import SurveyMaildir, text

MEGABYTE = 1024 * 1024
HEAD = b"From: a@example.org\nMessage-ID: <%d@example.org>\nDate: Sun, 13 Mar 2011 07:06:40 +0000\n"
LZ4_HEAD = 19  # bytes: the magic and the size of the largest chunk
LARGEST = 256 * MEGABYTE
"""What a process that surveys all of these may ever hold, with Python and its libraries."""


def nested(depth: int) -> bytes:
    """A multipart in a multipart in a multipart; only the innermost part has text."""
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )
    ends = b"".join(b"--b%d--\n" % n for n in reversed(range(depth)))
    return parts + b"Content-Type: text/plain\n\nText.\n" + ends


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a header of 100,000 lines": lambda: b"X-Line: value\n" * 100_000 + b"\nText.\n",
    "a field of 4 million folds": lambda: b"To: a\n" + b" b\n" * 4_000_000 + b"\nText.\n",
    "a line of 50 MB in the body": lambda: b"\n" + b"x" * (50 * MEGABYTE),
    "a line of 50 MB in the header": lambda: b"Subject: " + b"x" * (50 * MEGABYTE) + b"\n\nText.\n",
    "NUL bytes": lambda: b"Subject: a\0b\nX-\0: \0\n\nText \0\0\0.\n",
    "a thousand nested parts": lambda: nested(1000),
    "unknown charsets": lambda: (
        b"Subject: =?x-none?q?a=FCb?= =?utf-8?b?%%%?=\n"
        b'Content-Type: text/plain; charset="x-none"\n\n\xff\xfe\n'
    ),
    "a boundary of 12 MB": lambda: (
        b'Content-Type: multipart/mixed; boundary="' + b"b" * (12 * MEGABYTE) + b'"\n\nText.\n'
    ),
    "an open quote of 12 MB": lambda: (
        b'Content-Type: multipart/mixed; boundary="' + b"\\b" * (6 * MEGABYTE) + b"\n\nText.\n"
    ),
}
"""By what it is: what follows the fields that all of them have."""

_SURVEY = """
import json, sys
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import open_spool
from mailsurgeon.survey.run import run_survey
def most_memory():
    # Of this program alone: ru_maxrss begins with what the process had that started it.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024
index = Index.open(__import__("pathlib").Path(sys.argv[2]))
result = run_survey(open_spool(sys.argv[1]), index)
print(json.dumps({
    "messages": result.messages,
    "not examined": [row.reason for row in index.not_examined()],
    "problems": [[row.code, row.path.decode("utf-8", "replace")] for row in index.problems()],
    "most memory": most_memory(),
}))
"""


def survey_apart(maildir: SurveyMaildir) -> dict[str, object]:
    """What a survey in a process of its own found, and the most memory it held (bytes)."""
    done = subprocess.run(
        [sys.executable, "-c", _SURVEY, maildir.root, maildir.home / "apart"],
        capture_output=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


@pytest.mark.process
def test_large_and_odd_mail_is_read_in_bounded_memory(maildir: SurveyMaildir) -> None:
    for number, make in enumerate(HOSTILE.values()):
        data = HEAD % number + make()
        maildir.file(b"cur/%d.M1.h,S=%d:2,S" % (number, len(data)), data)
    found = survey_apart(maildir)
    assert found["messages"] == len(HOSTILE)
    assert found["problems"] == []
    reasons = found["not examined"]
    assert isinstance(reasons, list)
    assert [reason.split(" is ")[0] for reason in reasons] == ["its header"] * 4
    most = found["most memory"]
    assert isinstance(most, int)
    print(f"{len(HOSTILE)} hostile messages: {most // MEGABYTE} MB at most")
    assert most < LARGEST


@pytest.mark.parametrize(
    "data",
    [
        HEAD % 1 + b"X: 1\nMessage-ID: " + b"<" * MEGABYTE + b"\n\nText.\n",
        b"Message-ID: " + b"<" * MEGABYTE + b"\nFrom: a\n\nText.\n",
        b"From a Mon 1:11\n" + HEAD % 1 + b"\n\nFrom " + b"1:11 " * 200_000 + b"\n\n",
        b"From a Mon 1:11\n" + HEAD % 1 + b"\n\nFrom 1:11\n" + b"x" * MEGABYTE,
        b"\n" * (20 * MEGABYTE),
        b" " * (20 * MEGABYTE),
        (b" " * 1000 + b"\n") * 20_000 + HEAD % 1,
        HEAD % 1 + b"from\n" * (3 * MEGABYTE) + b"\nText.\n",
        HEAD % 1 + b"Content-Type: multipart/x" + b";boundary=" * MEGABYTE + b"\n\nText.\n",
        HEAD % 1 + b"Content-Type: multipart/x;" + b" " * MEGABYTE + b"\n\nText.\n",
        HEAD % 1 + b"Subject: " + b"=?a?q?b?=" * 100_000 + b"\n\nText.\n",
        HEAD % 1 + b"Date: " + b"1:" * MEGABYTE + b"\n\nText.\n",
    ],
    ids=lambda data: data[:70].decode("ascii").replace("\n", "|"),
)
def test_text_made_to_hang_a_reader_does_not(maildir: SurveyMaildir, data: bytes) -> None:
    """Time that grows with the square of a megabyte would be hours."""
    maildir.file(b"cur/1.M1.h:2,S", data)
    assert maildir.survey().messages == 1


# Compressed


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4,
}


@pytest.mark.parametrize("kind", PACKINGS)
def test_a_bomb_of_each_kind_is_given_up_and_named_as_not_looked_into(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(packing, "PLAIN_LIMIT", PIECE // 2)
    monkeypatch.setattr(packing, "RATIO", 0)
    path = maildir.file(b"cur/1.M1.h,S=7:2,S", PACKINGS[kind](text() + bytes(PIECE)))
    maildir.survey()
    assert maildir.codes() == {b"": {"packed"}}
    assert list(maildir.not_examined()) == [path]
    assert "expands to more than" in maildir.not_examined()[path]


@pytest.mark.parametrize("kind", PACKINGS)
def test_no_piece_of_a_bomb_is_large(kind: str) -> None:
    """zstd cannot be told where to stop: 256 bytes of it stand for 8 MB at most."""
    packed = PACKINGS[kind](bytes((4 if kind == "lz4" else 12) * PIECE))
    most = 8 * PIECE if kind == "zstd" else PIECE
    assert max(len(piece) for piece in decompress([packed], kind)) <= most


@pytest.mark.parametrize("kind", PACKINGS)
def test_tiny_pieces_come_gathered(kind: str) -> None:
    """Thousands of members (of lz4: chunks) of one byte each are read like one text."""
    one = PACKINGS[kind](b"x")
    head, member = (one[:LZ4_HEAD], one[LZ4_HEAD:]) if kind == "lz4" else (b"", one)
    # Dovecot reads the first stream of bzip2 and ignores what follows it.
    expected = b"x" if kind == "bzip2" else b"x" * 20_000
    assert list(decompress([head + member * 20_000], kind)) == [expected]


def test_an_lz4_frame_that_promises_too_much() -> None:
    magic = lz4(b"")[: LZ4_HEAD - 4]
    for frame in (b"\xff" * 4, b"\0\1\0\0" + b"\xff" * 4 + b"x", b"\0\1"):
        with pytest.raises(Undecodable):
            list(decompress([magic + frame], "lz4"))
    # A length that is cut is the end, as for Dovecot.
    assert list(decompress([magic + b"\0\1\0\0\0\0"], "lz4")) == []


def test_the_limit_grows_with_the_file() -> None:
    """Room for the largest real message, and far from what a bomb holds: text becomes four times
    smaller, a bomb a thousand times."""
    assert PLAIN_LIMIT <= 64 * MEGABYTE
    assert 8 <= RATIO <= 100


# Spools


def test_a_directory_loop_by_symlink_is_named_and_not_followed(maildir: SurveyMaildir) -> None:
    maildir.mail(b".A/cur/1:2,S")
    maildir.folder(b".A")
    for link, target in ((b".Loop", "."), (b".A/up", ".."), (b".A/cur/in", "../..")):
        os.symlink(target, maildir.path(link))
    result = maildir.survey()
    assert (result.messages, result.folders) == (1, 2)
    assert set(maildir.not_examined()) == {b".Loop", b".A/up"}
    assert maildir.codes() == {b".A/cur/in": {"linked"}}


def test_fifos_wherever_a_file_is_expected(maildir: SurveyMaildir) -> None:
    """Opened for reading, each would wait for ever."""
    maildir.folder(b".A")
    places = [b"cur/1:2,S", b"new/2", b"tmp/3", b"4", b"dovecot-uidlist", b".A/courierimapuiddb"]
    places += [b".A/.uidvalidity", b".A/x.lock", b"dovecot.index.cache", b"tmp/courier.lock"]
    for path in places:
        os.mkfifo(maildir.path(path))
    maildir.mail(b".A/cur/1:2,S")
    assert maildir.survey().messages >= 1
    reported = [path for path in places if path not in (b"tmp/3", b"4", b".A/x.lock")]
    assert maildir.codes() == {path: {"linked"} for path in reported}


@pytest.mark.parametrize(
    "data",
    [
        b"3 V1 N2\n%s :1.M1.h\n" % (b"9" * 5000),
        b"3 V%s N2\n1 :1.M1.h\n" % (b"9" * 5000),
        b"3 V1 N2\n1 S%s W%s :1.M1.h\n" % (b"9" * 5000, b"1" * 5000),
        b"1 1 %s\n1 1.M1.h\n" % (b"9" * 5000),
        b"\0" * 5000,
        b"3 V1 N2\n" + b"1 :1.M1.h\n" * 50_000,
    ],
    ids=["UID", "UIDVALIDITY", "sizes", "version 1", "NUL bytes", "one record"],
)
def test_a_uidlist_of_numbers_without_end(maildir: SurveyMaildir, data: bytes) -> None:
    maildir.mail(b"cur/1.M1.h:2,S")
    maildir.file(b"dovecot-uidlist", data)
    maildir.survey()
    sizes_only = b" S" in data
    assert maildir.codes() == ({} if sizes_only else {b"dovecot-uidlist": {"uidlist-damaged"}})


def test_what_lies_too_deep_is_not_passed_over_in_silence(maildir: SurveyMaildir) -> None:
    """As deep as a path may be: more levels than Python's stack has frames."""
    maildir.folder(b"deep")
    paths = [maildir.at(b"deep" + b"/d" * depth) for depth in range(1, 1501)]
    for path in paths:
        os.mkdir(path, 0o700)
    message = maildir.file(b"deep" + b"/d" * 50 + b"/x", text())
    deepest = maildir.file(b"deep" + b"/d" * 1500 + b"/x", text())
    maildir.survey()
    os.unlink(maildir.at(message))
    os.unlink(maildir.at(deepest))
    for path in reversed(paths):  # what cleans up after tests goes no deeper than the stack
        os.rmdir(path)
    assert maildir.codes() == {b"deep": {"nested-folder"}, message: {"misfiled"}}
    assert [row.reason for row in maildir.index.not_examined()] == [TOO_DEEP]
