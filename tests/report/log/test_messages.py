"""Subjects beside the paths of a log: only true ones, wherever the message is by now."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.report.log import messages
from mailsurgeon.report.session_log import log_pieces
from mailsurgeon.survey.index.index import Index
from tests.support.protects import protects
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in


def mail(subject: str, size: int = 0) -> bytes:
    head = f"From: Ann Berg <ann@example.org>\nTo: b@example.org\nSubject: {subject}\n"
    date = "Message-ID: <1@example.org>\nDate: Tue, 06 Mar 2012 12:13:20 +0000\n\n"
    return (head + date + "x" * size).encode()


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as maildir:
        yield maildir


def log(maildir: IndexedMaildir, index: Index | None, form: str = "md") -> str:
    with maildir.surgeon() as surgeon:
        return "".join(log_pieces(surgeon, form, index=index))


def misfiled(maildir: IndexedMaildir, content: bytes) -> bytes:
    return maildir.mail(b"1300000001.M1P1.host:2,", content=content)


FILED = b"cur/1300000001.M1P1.host:2,"
LINE = "  “Choir”, `Ann Berg <ann@example.org>`, 2012-03-06\n"


def lost(maildir: IndexedMaildir) -> None:
    """Takes the files away, so that only the index can tell of them."""
    for directory in ("cur", "new"):
        for name in (Path(os.fsdecode(maildir.root)) / directory).iterdir():
            name.unlink()


@pytest.mark.parametrize("surveyed", [False, True])
def test_the_index_tells_of_a_message_before_and_after_a_survey(
    indexed: IndexedMaildir, surveyed: bool
) -> None:
    misfiled(indexed, mail("Choir"))
    indexed.apply(indexed.survey().fix())
    if surveyed:
        indexed.survey()
    lost(indexed)
    assert LINE in log(indexed, indexed.index)
    assert "Subjects stand beside 1 of 1 changed file." in log(indexed, indexed.index)
    page = log(indexed, indexed.index, "html")
    assert "<p><bdi>Choir</bdi> <small><bdi>Ann Berg &lt;ann@example.org&gt;</bdi>" in page


def test_a_client_may_have_given_it_other_flags(indexed: IndexedMaildir) -> None:
    misfiled(indexed, mail("Choir"))
    indexed.apply(indexed.survey().fix())
    indexed.path(FILED).rename(indexed.path(FILED + b"S"))
    indexed.survey()
    lost(indexed)
    assert LINE in log(indexed, indexed.index)


def test_a_client_may_have_taken_it_from_new_to_cur(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"new/1300000001.M1P1.host,S=7", content=mail("Choir"))
    indexed.apply(indexed.survey().propose(path))
    (name,) = indexed.path(b"new").iterdir()
    name.rename(indexed.path(b"cur") / (name.name + ":2,S"))
    indexed.survey()
    lost(indexed)
    assert LINE in log(indexed, indexed.index)


def test_without_an_index_the_file_itself_tells_where_it_is_now(indexed: IndexedMaildir) -> None:
    misfiled(indexed, mail("Choir"))
    indexed.apply(indexed.survey().fix())
    assert LINE in log(indexed, None)
    indexed.undo()
    assert log(indexed, None).count(LINE) == 2


def test_a_compressed_message_is_unpacked(indexed: IndexedMaildir) -> None:
    packer = zlib.compressobj(wbits=31)
    misfiled(indexed, packer.compress(mail("Choir")) + packer.flush())
    indexed.apply(indexed.survey().fix())
    assert LINE in log(indexed, None)


def test_a_message_in_the_quarantine_is_read_there(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000001.M1P1.host:2,", content=mail("Choir"))
    indexed.apply(indexed.survey().propose(path, remedy="quarantine"))
    assert not indexed.path(path).exists()
    assert LINE in log(indexed, None)


@protects(
    "a log tells a message's own subject, or none", where="report/log/messages.py",
    seen="failing without the comparison of inode and size",
)  # fmt: skip
@pytest.mark.parametrize("by_index", [False, True])
def test_another_file_of_that_name_is_not_told_for_it(
    indexed: IndexedMaildir, by_index: bool
) -> None:
    misfiled(indexed, mail("Choir"))
    indexed.apply(indexed.survey().fix())
    indexed.mail(b"cur/other", content=mail("Budget", 9))
    indexed.path(b"cur/other").replace(indexed.path(FILED))
    if by_index:
        indexed.survey()
    out = log(indexed, indexed.index if by_index else None)
    assert "Budget" not in out
    assert "Subjects stand beside 0 of 1 changed file. The others are gone" in out


def test_no_link_and_no_pipe_is_followed(indexed: IndexedMaildir) -> None:
    misfiled(indexed, mail("Choir"))
    indexed.apply(indexed.survey().fix())
    os.rename(indexed.path(FILED), indexed.path(b"kept"))
    os.symlink("../kept", indexed.path(FILED))
    assert "Choir" not in log(indexed, None)
    os.unlink(indexed.path(FILED))
    os.mkfifo(indexed.path(FILED))
    assert "Choir" not in log(indexed, None)


def test_what_is_no_mail_has_no_subject(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000001.M1P1.host:2,", content=b"\x7fELF no mail")
    indexed.apply(indexed.survey().propose(path, remedy="quarantine"))
    for index in (None, indexed.index):
        assert "“" not in log(indexed, index)


def test_only_so_many_files_are_read(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        indexed.mail(b"130000000%d.M1P1.host:2," % number, content=mail("Choir", number))
    indexed.apply(indexed.survey().fix())
    monkeypatch.setattr(messages, "_MOST_READ", 3)
    assert log(indexed, None).count("Choir") == 3
    assert log(indexed, indexed.index).count("Choir") == 4
    monkeypatch.setattr(messages, "_LONGEST", 0.0)
    assert "Choir" not in log(indexed, None)


def test_a_damaged_index_costs_the_subjects_only(indexed: IndexedMaildir) -> None:
    misfiled(indexed, mail("Choir"))
    indexed.apply(indexed.survey().fix())
    lost(indexed)
    indexed.index.db.execute("DROP INDEX files_place")
    out = log(indexed, indexed.index)
    assert "- done: `rename" in out and "Choir" not in out


def test_the_index_is_used_only_if_it_is_there_and_is_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "index"
    assert Index.existing(place) is None
    assert not place.exists()
    place.write_bytes(b"of another kind")
    assert Index.existing(place) is None
    assert place.read_bytes() == b"of another kind"
    place.unlink()
    with_another_schema = Index.open(place)
    with_another_schema.db.execute("PRAGMA user_version = 1")
    with_another_schema.close()
    before = place.read_bytes()
    assert Index.existing(place) is None
    assert place.read_bytes() == before
