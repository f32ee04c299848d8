"""Compressed and encrypted mail: counted by folder, and judged by what the host's Dovecot loads."""

from __future__ import annotations

import bz2
import gzip
from dataclasses import replace

import pytest

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.config.dovecot_config import read_configuration
from tests.survey.survey_maildir import SurveyMaildir, text

ENCRYPTED = b"CRYPTED\x03\x07\x02\x00\x00\x00\x02\x00\x00\x00\x30" + bytes(range(200))
NONE = {"gzip": 0, "bzip2": 0, "xz": 0, "zstd": 0, "lz4": 0, "encrypted": 0, "twice": 0}


def pack(maildir: SurveyMaildir) -> None:
    """INBOX with one message in plain text and two packed, a folder with encrypted ones."""
    maildir.mail(b"cur/1300000000.M1.host:2,S", 1)
    maildir.file(b"cur/1300000000.M2.host:2,S", gzip.compress(text(2)))
    maildir.file(b"new/1300000000.M3.host", bz2.compress(text(3)))
    maildir.file(b"tmp/1300000000.M3.host", bz2.compress(text(3)))
    maildir.folder(b".A")
    for number in range(3):
        maildir.file(b".A/cur/1300000000.M%d.host:2,S" % number, ENCRYPTED + b"%d" % number)


def host(says: bytes | None) -> Host:
    return Host(ask_dovecot=lambda: None if says is None else read_configuration(says))


def test_they_are_counted_by_folder(maildir: SurveyMaildir) -> None:
    pack(maildir)
    maildir.survey()
    rows = {row.path: row for row in maildir.index.problems(codes=["packed"])}
    assert rows[b""].detail == NONE | {"gzip": 1, "bzip2": 1}
    assert rows[b".A"].detail == NONE | {"encrypted": 3}
    assert {row.severity for row in rows.values()} == {Severity.INFO}
    assert maildir.not_examined() == {b".A": "3 encrypted messages: the content cannot be seen"}
    first = maildir.contents()
    for folders in (None, [b""], [b".A"], None):
        maildir.survey(folders=folders)
        assert maildir.contents() == first
    assert first == maildir.fresh_contents()
    maildir.survey(quick=True)
    assert not list(maildir.index.problems(codes=["packed"]))


def test_one_packed_twice_is_counted_as_such(maildir: SurveyMaildir) -> None:
    path = maildir.file(b"cur/1300000000.M2.host:2,S", gzip.compress(bz2.compress(text(2))))
    maildir.survey()
    assert maildir.problem(b"", "packed").detail == NONE | {"gzip": 1, "twice": 1}
    assert maildir.codes()[path] == {"not-mail"}  # so do servers show it


@pytest.mark.parametrize(
    ("says", "inbox", "encrypted"),
    [
        (b"", ["zlib"], ["mail_crypt"]),
        (b"mail_plugins = zlib\n", None, ["mail_crypt"]),
        (b"mail_plugins {\n mail_compress = yes\n mail_crypt = yes\n}\n", None, None),
        (b"mail_location = mbox:~/mail\n", None, None),
        (None, None, None),
    ],
)
def test_a_plugin_that_is_not_loaded_makes_it_an_error(
    maildir: SurveyMaildir, says: bytes | None, inbox: list[str] | None, encrypted: list[str] | None
) -> None:
    pack(maildir)
    maildir.options = replace(maildir.options, host=host(says))
    maildir.survey()
    for path, missing in ((b"", inbox), (b".A", encrypted)):
        row = maildir.problem(path, "packed")
        assert row.detail.get("plugins") == missing
        assert row.severity == (Severity.ERROR if missing else Severity.INFO)


def test_a_clean_spool_asks_no_dovecot(maildir: SurveyMaildir) -> None:
    asked: list[int] = []
    maildir.options = replace(maildir.options, host=Host(ask_dovecot=lambda: asked.append(1)))
    maildir.mail(b"cur/1300000000.M1.host:2,S", 1)
    maildir.survey()
    assert not asked


# Folders whose files lost their times


@pytest.mark.parametrize(
    ("number", "apart", "spread", "told"),
    [
        (3, 86_400, 60, True),
        (30, 86_400, 100, True),
        (30, 86_400, 200, False),  # over an hour between the first and the last
        (2, 86_400, 60, False),
        (3, 60, 60, False),
    ],
)
def test_a_folder_copied_without_dates(
    maildir: SurveyMaildir, number: int, apart: int, spread: int, told: bool
) -> None:
    maildir.folder(b".A")
    for each in range(number):
        when = 1_300_000_000 + each * apart
        data = text(each).replace(b"07:06:40", b"%02d:06:40" % (each % 24))
        day = b"%02d Mar" % (13 + each % 15)
        data = data.replace(b"13 Mar", day) if apart > 60 else text(each)
        place = b"new/%d.M1.host" if each % 2 else b"cur/%d.M1.host:2,S"
        maildir.file(b".A/" + place % when, data, mtime=1_400_000_000 + each * spread)
    maildir.survey()
    notes = [note for note in maildir.index.notes() if "copied without dates" in note]
    assert [note.partition(":")[0] for note in notes] == (["A"] if told else [])
    maildir.survey()
    assert [note for note in maildir.index.notes() if "copied" in note] == notes
