"""Texts of the screen: widths, paths for the clipboard, headers, processes that use the spool."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.rows import SORTS, Entry
from mailsurgeon.text import visible
from mailsurgeon.tui.marks import Marks
from mailsurgeon.tui.messages import KindRow
from mailsurgeon.tui.terminal.clipboard import pasteable
from mailsurgeon.tui.text.fields import (
    Columns,
    badges_text,
    count_text,
    fit,
    fit_end,
    head_text,
    row_text,
    size_text,
)
from mailsurgeon.tui.text.message import header_lines, raw_lines, read_start
from mailsurgeon.tui.triage import neighbour, next_after

DAMAGES = ("name-clash", "size-mismatch", "misfiled", "in-tmp", "duplicate-id")
KINDS = [
    KindRow("misfiled", 9, Severity.ERROR),
    KindRow("in-tmp", 4, Severity.ERROR),
    KindRow("no-message-id", 7, Severity.INFO),
]


@given(st.text(), st.integers(1, 40))
def test_a_field_has_exactly_its_width(text: str, width: int) -> None:
    assert cell_len(fit(visible(text), width)) == width
    assert cell_len(fit_end(visible(text), width)) == width


@given(
    sender=st.none() | st.text(max_size=60),
    subject=st.none() | st.text(max_size=60),
    size=st.integers(0, 10**19),
    mtime=st.integers(-(10**20), 10**22),
    place=st.sampled_from(["cur", "folder", "tmp"]),
    kind=st.sampled_from(["file", "directory", "fifo"]),
    width=st.sampled_from([40, 56, 80, 106, 140]),
    folders=st.booleans(),
    codes=st.lists(st.sampled_from(DAMAGES), unique=True),
)
def test_a_row_fills_its_width_whatever_the_mail(
    sender: str | None, subject: str | None, size: int, mtime: int, place: str, kind: str,
    width: int, folders: bool, codes: list[str],
) -> None:  # fmt: skip
    entry = Entry(1, 1, place, b"cur/x\xff:2,S", kind, size, mtime, 0, 0, None, sender, subject)
    columns = Columns.for_width(width, folders=folders)
    shown, rest = badges_text([(code, 2) for code in codes], columns.badges)
    row = "".join(text for text, _severity in shown) + rest
    assert cell_len(row) == columns.badges
    row += row_text(entry, columns, "Entwürfe\x1b")
    assert cell_len(row) == width - 1
    assert "\x1b" not in row


def test_a_folder_has_no_time_and_a_message_of_1970_has_one() -> None:
    columns = Columns.for_width(80, folders=True)
    folder = Entry(1, 1, "folder", b".Reise.", "directory", 0, 0, 0, 0, None, None, None)
    message = Entry(2, 1, "cur", b"cur/1:2,S", "file", 1, 86_400 * 10**9, 0, 0, None, None, None)
    assert row_text(folder, columns, "Reise.").split() == ["Reise.", ".Reise."]
    assert "70-01-0" in row_text(message, columns, "INBOX")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0"), (999, "999"), (1000, "1k"), (9_949, "10k"), (11_200, "11k"), (999_499, "999k"),
     (999_500, "1.0M"), (1_234_567, "1.2M"), (10**19, "10E")],
)  # fmt: skip
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text
    assert len(text) <= 4


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (9_999, "9,999"), (11_973, "12.0k"), (385_000, "385.0k"), (1_700_000, "1.7M")],
)
def test_counts(number: int, text: str) -> None:
    assert count_text(number) == text


def test_a_copied_path_is_what_it_says_even_with_an_escape_in_it(tmp_path: Path) -> None:
    for name in (b"plain:2,S", b"esc\x1b[31m'\\q:2,S", b"\xff\xfe,S=1", "Entwürfe".encode()):
        (Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))).write_bytes(name)
        text = pasteable(os.path.join(os.fsencode(tmp_path), name))
        assert text.isprintable()
        text.encode("utf-8")
        word = text if text.startswith("$'") else f'"{text}"'
        shell = subprocess.run(["bash", "-c", f"cat -- {word}"], capture_output=True, check=True)
        assert shell.stdout == name


def test_headers_are_decoded_and_the_parts_named() -> None:
    mail = (
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nFrom: a@b.c\r\nX-Odd: \x1b[2J\r\n"
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n"
        b"--x\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=a.png\r\n"
        b"\r\n\r\n--x--\r\n"
    )
    text = "\n".join(line.plain for line in header_lines(mail))
    assert "Subject: Grüße" in text
    assert text.index("From:") < text.index("X-Odd:")
    assert "image/png  a.png" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "mail",
    [
        b"\xff" * 5000,
        b"Content-Type: text/plain; charset=klingon\n\n\xff",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n)
                 for n in range(1000)),
        b"A: b\n" * 40_000,
        b"Date: \x00\nFrom: \x00\n\n",
    ],
)  # fmt: skip
def test_any_headers_are_shown_and_safe_to_show(mail: bytes) -> None:
    lines = header_lines(mail)
    assert lines
    assert all(line.plain.isprintable() for line in lines)


def test_a_thousand_nested_parts_are_shown_raw_and_said_so() -> None:
    parts = (
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000)
    )
    said, *raw = [line.plain for line in header_lines(b"From: a@b.c\n" + b"".join(parts))]
    assert said.startswith("The headers cannot be decoded (")
    assert "From: a@b.c" in raw


@pytest.mark.parametrize(
    "error",
    [LookupError("unknown encoding: x-none"), UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"),
     RecursionError("too deep"), AttributeError("'Header' object has no attribute 'x'")],
)  # fmt: skip
def test_whatever_the_parser_raises_the_raw_headers_are_shown_and_said_so(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def parse(_data: bytes) -> None:
        raise error

    monkeypatch.setattr("mailparser.parse_from_bytes", parse)
    lines = header_lines(b"From: a@b.c\r\nSubject: =?x-none?q?=FC?=\r\n\r\nText.\r\n")
    said, *raw = [line.plain for line in lines]
    assert said.startswith(f"The headers cannot be decoded ({type(error).__name__}: ")
    assert raw == ["From: a@b.c", "Subject: =?x-none?q?=FC?="]


def test_no_headers_at_all_are_said_to_be_none() -> None:
    assert "raw:" in header_lines(b"\nonly text\n")[0].plain


def test_raw_text_writes_out_what_a_terminal_acts_on() -> None:
    lines = raw_lines(b"a\x1b]0;x\x07\r\nb\n" + b"c\n" * 1000)
    assert lines[0].plain == "a\\x1b]0;x\\x07"
    assert "more follows" in lines[-1].plain
    assert len(lines) <= 501


def test_reading_never_follows_a_link_nor_waits_on_a_fifo(tmp_path: Path) -> None:
    spool = Spool(os.fsencode(tmp_path), 0, 0, "maildir++")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in (b"fifo", b"link", b"."):
        with pytest.raises(OSError):
            read_start(spool.absolute(name))


@given(st.integers(40, 200), st.booleans(), st.sampled_from(SORTS), st.booleans())
def test_the_heads_stand_above_their_columns(
    width: int, folders: bool, sort: str, descending: bool
) -> None:
    columns = Columns.for_width(width, folders=folders)
    head = head_text(columns, sort, descending)
    message = Entry(2, 1, "cur", b"cur/1:2,S", "file", 1, 86_400 * 10**9, 0, 0, None, None, None)
    assert head.cell_len == 1 + columns.badges + cell_len(row_text(message, columns, "INBOX"))


def test_the_column_that_sorts_bears_an_arrow() -> None:
    columns = Columns.for_width(56, folders=True)
    assert "size▾" in head_text(columns, "size", True).plain
    assert "when▴" in head_text(columns, "date", False).plain
    assert not {"▾", "▴"} & set(head_text(columns, "", False).plain)


def test_marks_out_of_view_are_told_before_they_ride_along() -> None:
    marks = Marks()
    marks.look_at([1, 2])
    marks.add([1, 2])
    assert marks.away() == ""
    marks.look_at([2, 3])
    assert marks.away() == "2 are marked, 1 of them not in view."
    marks.toggle(2)
    assert marks.away() == "1 is marked that is not in view."


def test_marks_know_how_many_are_out_of_view() -> None:
    marks = Marks()
    marks.look_at([1, 2, 3])
    marks.add([1, 2])
    marks.toggle(3)
    marks.look_at([3, 4])
    assert marks.summary() == "3 marked, 2 not in view"
    marks.toggle(3)
    assert marks.summary() == "2 marked, 2 not in view"
    marks.clear()
    assert marks.summary() == "no marks"


def test_the_next_kind_is_the_one_after_it_that_is_left() -> None:
    assert next_after(KINDS, KINDS[1:], "misfiled") == "in-tmp"
    assert next_after(KINDS, [KINDS[0], KINDS[2]], "in-tmp") == "no-message-id"
    assert next_after(KINDS, KINDS[:1], "in-tmp") == "misfiled"
    assert next_after(KINDS, [], "misfiled") is None
    assert neighbour(KINDS, "misfiled", -1) is None
    assert neighbour(KINDS, "misfiled", 1) == "in-tmp"
