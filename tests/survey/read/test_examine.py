"""The facts about single files, of every kind, and while they change."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import zstandard

from mailsurgeon.diagnosis.facts import (
    ENCRYPTED,
    PLAIN,
    Finding,
    FolderFacts,
    Moment,
)
from mailsurgeon.maildir.header_dates import header_date
from mailsurgeon.maildir.message import Traits
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.index.slice import (
    QUICK_COLUMNS,
    USUAL_COLUMNS,
    Facts,
    Slice,
    SliceResult,
    parts,
)
from mailsurgeon.survey.read import decompress
from mailsurgeon.survey.read import examine as examination
from mailsurgeon.survey.read.decompress import PIECE
from mailsurgeon.survey.read.examine import examine
from mailsurgeon.survey.read.message_file import Reading
from tests.support.protects import protects
from tests.survey.survey_maildir import DATE, SurveyMaildir, text

NAME = b"1300000000.M1.host:2,S"


@dataclass
class Found:
    """One file as examined: its row, and what is wrong with it."""

    facts: Facts
    findings: list[Finding] = field(default_factory=list)


@dataclass
class Looked:
    """What a worker says, file by file, in the order of the names."""

    examined: list[Found]
    not_examined: list[NotExamined]
    seal: bytes


def look(
    maildir: SurveyMaildir,
    *names: bytes,
    directory: bytes = b"cur",
    full: bool = True,
    regular: bool | None = None,
) -> Looked:
    """What a worker says of some names, none of them known before. `regular`: what a listing says
    of them all; None is the truth."""
    place = directory if directory in (b"cur", b"new", b"tmp") else b"root"
    if regular is None:
        paths = [os.path.join(maildir.at(directory), name) for name in names]
        regular = all(os.path.isfile(path) and not os.path.islink(path) for path in paths)
    task = Slice(
        maildir.spool.root, directory, place.decode(), names, FolderFacts(),
        Moment(DATE * 1.2, full), regular=regular, settled=time.time_ns() * 2,
    )  # fmt: skip
    return told(task, examine(task))


def told(task: Slice, result: SliceResult) -> Looked:
    """The result in words of files."""
    columns = USUAL_COLUMNS if task.moment.full else QUICK_COLUMNS
    rows: dict[int, Facts] = dict(result.others)
    for start in range(0, len(result.usual), len(columns)):
        row = dict(zip(columns, result.usual[start : start + len(columns)], strict=True))
        number, _ = row.pop("id"), row.pop("directory")
        rows[number] = Facts(kind="file", **row)
    found = {number: Found(rows[number]) for number in sorted(rows)}
    for number, finding in result.findings:
        found[number].findings.append(finding)
    return Looked(list(found.values()), result.not_examined, result.seal)


def facts_of(maildir: SurveyMaildir, name: bytes = NAME, **options: bool | None) -> Facts:
    result = look(maildir, name, **options)  # type: ignore[arg-type]
    assert not result.not_examined
    return result.examined[0].facts


def codes(result: Looked) -> list[set[str]]:
    return [{finding.code for finding in each.findings} for each in result.examined]


def test_a_file(maildir: SurveyMaildir) -> None:
    data = text(7)
    maildir.file(b"cur/" + NAME, data)
    status = os.lstat(maildir.at(b"cur/" + NAME))
    facts = facts_of(maildir)
    assert (facts.kind, facts.size, facts.errno) == ("file", len(data), None)
    assert (facts.mtime_ns, facts.ctime_ns) == (status.st_mtime_ns, status.st_ctime_ns)
    assert (facts.inode, facts.mode, facts.nlink) == (status.st_ino, status.st_mode, 1)
    assert (facts.uid, facts.gid) == (status.st_uid, status.st_gid)
    assert facts.virtual_size == len(data) + data.count(b"\n")
    assert (facts.message_id, facts.sender, facts.subject) == ("<7@example.org>",
                                                               "a@example.org", "7")  # fmt: skip
    assert facts.date == DATE
    assert facts.traits & (Traits.READ | Traits.MAIL)


def test_a_quick_look_opens_nothing(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    maildir.mail(b"cur/" + NAME)
    monkeypatch.setattr(examination, "open_file", lambda *_: pytest.fail("opened"))
    facts = facts_of(maildir, full=False)
    assert (facts.traits, facts.message_id, facts.virtual_size) == (0, None, None)
    assert facts.size == len(text())


@pytest.mark.parametrize("name", [b"\xff\xfe:2,S", "Grüße:2,S".encode(), b"a\nb:2,S", b"x" * 255])
def test_any_name(maildir: SurveyMaildir, name: bytes) -> None:
    maildir.mail(b"cur/" + name)
    assert facts_of(maildir, name).filename == name


# What is no regular file


def test_a_fifo_never_blocks(maildir: SurveyMaildir) -> None:
    os.mkfifo(maildir.at(b"cur/fifo"))
    os.mkfifo(maildir.at(b"new/fifo"))
    assert codes(look(maildir, b"fifo")) == [{"linked"}]
    assert codes(look(maildir, b"fifo", directory=b"new")) == [{"linked"}]


def test_a_symlink_is_not_followed(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/mail:2,S")
    for name, target in ((b"good", b"mail:2,S"), (b"nowhere", b"x"), (b"zero", b"/dev/zero")):
        os.symlink(target, maildir.at(b"cur/" + name))
    result = look(maildir, b"good", b"nowhere", b"zero")
    assert codes(result) == [{"linked"}] * 3
    assert [each.facts.kind for each in result.examined] == ["symlink"] * 3


def test_sockets_and_directories(maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(maildir.path(b"cur"))  # a socket's path may have 108 bytes only
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    maildir.path(b"cur/directory").mkdir()
    maildir.path(b"cur/.git").mkdir()
    result = look(maildir, b"socket", b"directory", b".git")
    kinds = [each.findings[0].detail["kind"] for each in result.examined]
    assert kinds == ["socket", "directory", "directory"]


@pytest.mark.parametrize("becomes", [os.mkfifo, os.mkdir, lambda path: os.symlink("x", path)])
def test_a_file_that_becomes_something_else_before_it_is_opened(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch, becomes: Callable[[bytes], None]
) -> None:
    path = maildir.mail(b"cur/" + NAME)
    real = examination.open_file

    def swap(directory: int, name: bytes) -> int:
        os.unlink(maildir.at(path))
        becomes(maildir.at(path))
        return real(directory, name)

    monkeypatch.setattr(examination, "open_file", swap)
    result = look(maildir, NAME)
    assert len(result.examined) == 1
    facts = result.examined[0].facts
    assert facts.kind != "file" or facts.errno is not None
    assert facts.message_id is None


# Meanwhile


def test_a_file_that_has_gone_is_no_matter(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/b:2,S")
    result = look(maildir, b"a:2,S", b"b:2,S")
    assert [each.facts.filename for each in result.examined] == [b"b:2,S"]
    assert not result.not_examined


def test_a_file_that_goes_while_it_is_looked_at(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = maildir.mail(b"cur/" + NAME)
    real = examination.open_file

    def too_late(directory: int, name: bytes) -> int:
        os.unlink(maildir.at(path))
        return real(directory, name)

    monkeypatch.setattr(examination, "open_file", too_late)
    assert look(maildir, NAME) == Looked([], [], b"")


def growing(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch, path: bytes, times: int
) -> None:
    """Something is appended after each of the first `times` readings."""
    real = examination.read_message
    left = [times]

    def read_and_grow(descriptor: int, size: int) -> Reading:
        reading = real(descriptor, size)
        if left[0]:
            left[0] -= 1
            with open(maildir.at(path), "ab") as file:
                file.write(b"More.\n")
        return reading

    monkeypatch.setattr(examination, "read_message", read_and_grow)


def test_a_file_that_grew_is_read_again(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = maildir.mail(b"cur/" + NAME)
    growing(maildir, monkeypatch, path, times=1)
    facts = facts_of(maildir, regular=False)
    assert facts.size == len(text()) + 6
    assert facts.virtual_size == len(text()) + 6 + text().count(b"\n") + 1


def test_a_file_that_keeps_growing_is_told_as_not_examined(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = maildir.mail(b"cur/" + NAME)
    maildir.mail(b"cur/b:2,S")
    growing(maildir, monkeypatch, path, times=2)
    result = look(maildir, NAME, b"b:2,S", regular=False)
    assert [each.path for each in result.not_examined] == [path]
    assert len(result.examined) == 1


def test_a_directory_that_has_gone(maildir: SurveyMaildir) -> None:
    result = look(maildir, NAME, directory=b"cur/none")
    assert [each.path for each in result.not_examined] == [b"cur/none"]
    assert not result.examined


def test_a_directory_that_became_a_symlink_is_not_followed(maildir: SurveyMaildir) -> None:
    maildir.mail(b".A/cur/" + NAME)
    maildir.path(b"cur").rmdir()
    os.symlink(".A/cur", maildir.at(b"cur"))
    result = look(maildir, NAME)
    assert not result.examined
    assert [each.path for each in result.not_examined] == [b"cur"]


def test_a_file_that_may_not_be_read(nobodys_maildir: SurveyMaildir) -> None:
    maildir = nobodys_maildir
    maildir.mail(b"cur/" + NAME)
    os.chmod(maildir.at(b"cur/" + NAME), 0)
    result = look(maildir, NAME)
    assert codes(result) == [{"unreadable", "bad-permissions"}]
    assert result.examined[0].findings[0].remedy == "fix-permissions"


def test_a_misfiled_file_that_may_not_be_read_is_told_as_not_examined(
    nobodys_maildir: SurveyMaildir,
) -> None:
    maildir = nobodys_maildir
    os.chmod(maildir.at(maildir.mail(b"stray")), 0)
    result = look(maildir, b"stray", directory=b"")
    assert [tuple(each) for each in result.not_examined] == [(b"stray", "Permission denied")]


# Compressed and encrypted

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}


@pytest.mark.parametrize("kind", PACKINGS)
@pytest.mark.parametrize("data", [text(5), text(5, body=b"x" * 3_000_000)])
def test_compressed_mail_is_looked_at_unpacked(
    maildir: SurveyMaildir, kind: str, data: bytes
) -> None:
    packed = PACKINGS[kind](data)
    maildir.file(b"cur/" + NAME, packed)
    facts = facts_of(maildir)
    assert (facts.encoding, facts.size, facts.plain_size) == (kind, len(packed), len(data))
    assert facts.message_id == "<5@example.org>"


@pytest.mark.parametrize("kind", PACKINGS)
def test_the_size_in_its_name_is_that_of_the_text(maildir: SurveyMaildir, kind: str) -> None:
    packed = PACKINGS[kind](text(5))
    right, wrong = b"1,S=%d:2," % len(text(5)), b"2,S=%d:2," % len(packed)
    maildir.file(b"cur/" + right, packed)
    maildir.file(b"cur/" + wrong, packed)
    assert codes(look(maildir, right, wrong)) == [set(), {"size-mismatch"}]


@pytest.mark.parametrize("kind", PACKINGS)
@pytest.mark.parametrize("damage", ["cut", "broken"])
def test_what_a_server_cannot_unpack_has_no_other_content_problem(
    maildir: SurveyMaildir, kind: str, damage: str
) -> None:
    packed = PACKINGS[kind](text(5, body=os.urandom(4000)))
    middle = len(packed) // 2
    data = packed[:-20] if damage == "cut" else packed[:middle] + b"\0" * 50 + packed[middle + 50 :]
    maildir.file(b"cur/1,S=7,W=8:2,S", data)
    result = look(maildir, b"1,S=7,W=8:2,S")
    assert codes(result) == [{"broken-packing"}]
    assert result.examined[0].facts.encoding == kind


@pytest.mark.parametrize("kind", PACKINGS)
@protects("unpacking is bounded", where="survey/read/decompress.py", seen="a bomb")
def test_a_bomb_is_given_up(
    maildir: SurveyMaildir, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(decompress, "PLAIN_LIMIT", 3 * PIECE)
    monkeypatch.setattr(decompress, "RATIO", 0)
    bomb = PACKINGS[kind](text() + bytes(20 * PIECE))
    assert len(bomb) < PIECE
    maildir.file(b"cur/" + NAME, bomb)
    result = look(maildir, NAME)
    assert codes(result) == [set()]
    assert "expands to more" in result.not_examined[0].reason


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_it_is_unpacked_in_pieces(kind: str) -> None:
    """However much one packed byte stands for, no piece is larger than another."""
    source = iter([PACKINGS[kind](bytes(20 * PIECE))])
    sizes = [len(piece) for piece in decompress.decompress(source, kind)]
    assert sum(sizes) == 20 * PIECE
    assert max(sizes) <= PIECE


# As Dovecot 2.3.19 writes it: magic, version, flags (AEAD), length of the header, header, text.
ENCRYPTED_MAIL = b"CRYPTED\x03\x07\x02\x00\x00\x00\x02\x00\x00\x00\x30" + bytes(range(200))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ENCRYPTED_MAIL[:12], "ends in its header"),
        (ENCRYPTED_MAIL[:40], "ends in its header"),
        (ENCRYPTED_MAIL[:60], "ends in the middle"),
        (ENCRYPTED_MAIL + bytes(512), "ends in NUL bytes"),
        (
            ENCRYPTED_MAIL[:9] + b"\x09" + ENCRYPTED_MAIL[10:],
            "version 9 of the encryption is unknown",
        ),
        (ENCRYPTED_MAIL + bytes(511), None),
        (ENCRYPTED_MAIL[:9] + b"\x01" + ENCRYPTED_MAIL[10:], None),
    ],
)
def test_encrypted_mail_that_no_key_can_read(
    maildir: SurveyMaildir, data: bytes, reason: str | None
) -> None:
    maildir.file(b"cur/1:2,S", data)
    result = look(maildir, b"1:2,S")
    assert codes(result) == [{"broken-packing"} if reason else set()]
    assert result.examined[0].facts.broken == reason


@pytest.mark.parametrize(
    "data",
    [b"CRYPTED: no\nFrom: a@example.org\n\nText.\n", b"BZhello: a\nFrom: b@example.org\n\nText.\n"],
)
def test_text_that_begins_almost_like_a_packing(maildir: SurveyMaildir, data: bytes) -> None:
    maildir.file(b"cur/1:2,S", data)
    assert codes(look(maildir, b"1:2,S")) == [{"no-message-id"}]


def test_encrypted_mail(maildir: SurveyMaildir) -> None:
    maildir.file(b"cur/1,S=7,W=8:2,S", ENCRYPTED_MAIL, mtime=DATE * 2)
    result = look(maildir, b"1,S=7,W=8:2,S")
    assert codes(result) == [set()]
    assert result.examined[0].facts.encoding == ENCRYPTED


def test_text_that_begins_like_no_packing(maildir: SurveyMaildir) -> None:
    maildir.mail(b"cur/" + NAME)
    assert facts_of(maildir).encoding == PLAIN


# Which files are messages


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        (b"mail", text(), None),
        (b"packed", gzip.compress(text(), mtime=0), None),
        (b"notes", b"remember the milk\n", "not mail"),
        (b"empty", b"", "not mail"),
        (b"words", b"words\nSubject: hello\n\n", "not mail"),
        (b"config", b"X-Colour: red\n\n", "not mail"),
    ],
)
def test_a_file_in_a_folders_own_directory_is_one_if_it_is_mail(
    maildir: SurveyMaildir, name: bytes, data: bytes, reason: str | None
) -> None:
    maildir.file(name, data)
    result = look(maildir, name, directory=b"")
    assert len(result.examined) == (reason is None)
    told = {each.path: each.reason for each in result.not_examined}
    assert told == ({name: reason} if reason else {})


def test_one_that_cannot_be_looked_into_is_said_to_be_so(maildir: SurveyMaildir) -> None:
    maildir.file(b"closed", b"CRYPTED\x03" + bytes(50))
    maildir.file(b"broken", gzip.compress(text(), mtime=0)[:-9])
    result = look(maildir, b"closed", b"broken", directory=b"")
    assert not result.examined
    assert [each.path for each in result.not_examined] == [b"closed", b"broken"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [(text(), [{"bad-name"}]), (b"", []), (b"b0VIM 8.2", []), (b"Out for lunch.\n", [])],
)
def test_a_dot_file_in_cur_is_a_message_if_it_is_mail(
    maildir: SurveyMaildir, data: bytes, expected: list[set[str]]
) -> None:
    maildir.file(b"cur/.1:2,S", data)
    result = look(maildir, b".1:2,S")
    assert codes(result) == expected
    assert not result.not_examined


# Dates


@pytest.mark.parametrize(
    ("received", "date", "expected"),
    [
        ("Sun, 13 Mar 2011 08:06:40 +0100", "", DATE),
        ("", "Sun, 13 Mar 2011 07:06:40 +0000", DATE),
        ("Sun, 13 Mar 2011 07:06:40 GMT", "1 Jan 1999 00:00:00 +0000", DATE),
        ("nonsense", "13 Mar 2011 07:06:40 +0000", DATE),
        ("", "", None),
        ("nonsense", "nonsense", None),
        ("Mon, 99999999999999999999 Jan 2011 00:00:00 +0000", "", None),
        ("Mon, 1 Jan 2011 99999999999999999999:00:00 +0000", "13 Mar 2011 07:06:40 +0000", DATE),
        ("Mon, 1 Jan 2011 00:00:00 +99999999999999999999", "", None),
        ("1 Jan 99999 00:00:00 +0000", "", None),
        ("Sun, 13 Mar 111 07:06:40 +0000", "", DATE),
        ("13 Mar 11 07:06:40 GMT", "", DATE),
    ],
)
def test_the_first_date_that_parses_counts(received: str, date: str, expected: int | None) -> None:
    assert header_date((received, date)) == expected


def test_a_date_of_any_number_of_days_can_be_kept(maildir: SurveyMaildir) -> None:
    data = text().replace(b"13 Mar 2011", b"9" * 40 + b" Mar 2011")
    path = maildir.file(b"cur/" + NAME, data)
    maildir.survey()
    assert maildir.surveyed_paths() == {path}


def test_slices() -> None:
    names = [b"%d" % number for number in range(7)]
    assert list(parts(names, 3)) == [names[:3], names[3:6], names[6:]]
    assert list(parts([], 3)) == []


def test_a_file_beyond_what_is_kept_of_a_head(maildir: SurveyMaildir) -> None:
    path = maildir.at(maildir.mail(b"cur/" + NAME))
    with open(path, "ab") as file:
        file.truncate(64 * 1024 * 1024)
    assert facts_of(maildir).size == 64 * 1024 * 1024
