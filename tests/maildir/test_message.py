"""What the bytes of a message say: mail or not, header, IDs, sizes, where it ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir import message
from mailsurgeon.maildir.message import Content, Traits, analyse, body_start, decoded

HEADER = b"From: a@example.org\nSubject: x\n"
MAIL = HEADER + b"Message-ID: <1@example.org>\n\nText.\n"
FROM = b"From a@example.org Mon Jan  1 00:00:00 2018\n"
CRLF = MAIL.replace(b"\n", b"\r\n")


def look(data: bytes) -> Content:
    return analyse([data] if data else [])


def has(data: bytes, *traits: Traits) -> list[bool]:
    return [bool(look(data).traits & trait) for trait in traits]


# Is it mail


@pytest.mark.parametrize(
    "data",
    [
        MAIL,
        CRLF,
        b"\n \t\n" + MAIL,  # blank lines at the start are skipped
        b"\r\n\r\n" + CRLF,
        FROM + MAIL,
        b">" + FROM + MAIL,
        b"\n" + FROM + b"\n" + MAIL,
        b"X-Note: 1\nDate: today\n\n",  # one of the fields anywhere in the block
        b"RECEIVED: by x\n\n",
        b"Content-Type : text/plain\n\nText.\n",
        b"Delivered-To: a@example.org",
        b"X: 1\na bad line in the middle\nCc: b@example.org\n\n",
    ],
)
def test_mail(data: bytes) -> None:
    assert has(data, Traits.MAIL) == [True]


@pytest.mark.parametrize(
    "name",
    [
        b"From", b"To", b"Cc", b"Date", b"Subject", b"Received", b"Return-Path", b"Message-ID",
        b"Delivered-To", b"MIME-Version", b"Content-Type",
    ],
)  # fmt: skip
def test_each_of_these_fields_makes_a_header_one_of_mail(name: bytes) -> None:
    assert has(b"X-Any: 1\n" + name + b": x\n\n", Traits.MAIL) == [True]
    assert has(b"X-Any: 1\nX-" + name + b": x\n\n", Traits.MAIL) == [False]
    assert has(b"X-Any: 1\n\n" + name + b": x\n", Traits.MAIL) == [False]


@pytest.mark.parametrize(
    ("data", "first_field", "known_field"),
    [
        (b"just words\n\nFrom: late\n", False, False),
        (b"X-Colour: red\n\nText.\n", True, False),
        (b"words first\nSubject: hello\n\n", False, True),
        (b"Subject line: hello\n\n", False, False),
        (b": no name\nFrom: a\n\n", False, True),
        (b"", False, False),
        (b"\n\n  \n", False, False),
        (FROM + b"words\n", False, False),
        (bytes(range(256)), False, False),
    ],
)
def test_no_mail_and_what_it_lacks(data: bytes, first_field: bool, known_field: bool) -> None:
    found = has(data, Traits.MAIL, Traits.FIRST_FIELD, Traits.KNOWN_FIELD)
    assert found == [False, first_field, known_field]


@pytest.mark.parametrize(
    ("data", "mbox"),
    [
        (FROM + MAIL + b"\n" + FROM + MAIL, True),
        ((FROM + MAIL + b"\n" + FROM + MAIL).replace(b"\n", b"\r\n"), True),
        (FROM + MAIL, False),
        (FROM + MAIL + b"\nFrom here on at 10:15 we walked\nand walked.\n", False),  # no field
        (FROM + MAIL + b"\nFrom: quoted\nSubject: x\n", False),  # no From line
        (FROM + MAIL + b"\nFrom a@example.org\nSubject: no time\n\n", False),
        (FROM + MAIL + FROM + MAIL, False),  # no empty line before it
        (MAIL + b"\n" + FROM + MAIL, False),  # does not begin with one
    ],
)
def test_an_mbox_is_no_mail(data: bytes, mbox: bool) -> None:
    assert has(data, Traits.MBOX, Traits.MAIL) == [mbox, not mbox]


@pytest.mark.parametrize(
    ("data", "from_line"), [(FROM + MAIL, True), (MAIL, False), (b"\n" + MAIL, False)]
)
def test_from_lines(data: bytes, from_line: bool) -> None:
    assert has(data, Traits.FROM_LINE) == [from_line]


# The header block and what follows


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (MAIL, b"Text.\n"),
        (CRLF, b"Text.\r\n"),
        (b"From: a\r\nTo: b\n\r\nText", b"Text"),  # mixed line ends
        (b"From: a\r\nTo: b\r\n\nText", b"Text"),
        (b"From: a\r\nTo: b\r\n\r\n\nText", b"\nText"),
        (b"From: a\nTo: b\n\r\n\nText", b"\nText"),
        (b"From: a\n \nText", b" \nText"[2:]),  # a blank line is not an empty one
        (b"\n\n" + HEADER + b"\nText", b"Text"),
        (FROM + HEADER + b"\nText", b"Text"),
        (HEADER + b"\n\n\n", b"\n\n"),
    ],
)
def test_the_header_ends_at_the_first_empty_line(data: bytes, body: bytes) -> None:
    start = body_start(data)
    if b"\n \n" in data:
        assert start is None
    else:
        assert start is not None
        assert data[start:] == body


@pytest.mark.parametrize(
    ("data", "header_only", "cut"),
    [
        (MAIL, False, False),
        (HEADER + b"\n", True, False),
        (HEADER.replace(b"\n", b"\r\n") + b"\r\n", True, False),
        (HEADER, True, False),  # no empty line, but its last line ends
        (HEADER[:-1], True, True),
        (HEADER + b"X-Mailer: so", True, True),
        (HEADER + b"\nText without a newline", False, False),
        (HEADER + b"\n\n", False, False),  # an empty line is something
    ],
)
def test_header_only_and_a_header_that_is_cut(data: bytes, header_only: bool, cut: bool) -> None:
    assert has(data, Traits.HEADER_ONLY, Traits.HEADER_CUT) == [header_only, cut]


# Message-ID


@pytest.mark.parametrize(
    ("field", "identity"),
    [
        (b"Message-ID: <1@example.org>", "<1@example.org>"),
        (b"message-id:<1@example.org>", "<1@example.org>"),
        (b"MESSAGE-ID :\t<1@example.org>  ", "<1@example.org>"),
        (b"Message-ID:\n <1@example.org>", "<1@example.org>"),
        (b"Message-ID:\r\n\t<1@example.org>\r", "<1@example.org>"),
        (b"Message-ID: (comment) <1@example.org> (more)", "<1@example.org>"),
        (b"Message-ID: <1@example.org> <2@example.org>", "<1@example.org>"),
        (b"Message-ID: <1@exam\n ple.org>", "<1@exam ple.org>"),
        (b"Message-ID: <1@example.org>\nMessage-ID: <2@example.org>", "<1@example.org>"),
        (b"Message-ID:  1@example.org ", "1@example.org"),
        (b"Message-ID: \xff<caf\xe9@x>", "<caf\\xe9@x>"),
        (b"Message-ID: <\0@x>", "<\\x00@x>"),
        (b"Message-ID:", None),
        (b"Message-ID: \t ", None),
        (b"Message-ID:\n \t", None),
        (b"Message-ID: <>", None),
        (b"Message-ID:\nMessage-ID: <2@example.org>", None),  # the first field counts
        (b"X-Message-ID: <1@example.org>", None),
        (b"In-Reply-To: <1@example.org>", None),
    ],
)
def test_message_ids(field: bytes, identity: str | None) -> None:
    assert look(b"From: a\n" + field + b"\nTo: b\n\nText.\n").message_id == identity


def test_a_message_id_below_the_header_is_none() -> None:
    assert look(HEADER + b"\nMessage-ID: <1@example.org>\n").message_id is None


# Sizes


@pytest.mark.parametrize(
    ("data", "virtual"),
    [
        (b"", 0),
        (b"a", 1),
        (b"a\n", 3),
        (b"a\r\n", 3),
        (b"a\n\n", 5),
        (b"a\r\r\n", 4),
        (b"a\rb", 3),  # a CR alone adds nothing
        (b"\n", 2),
        (b"a\r\nb\nc\r\n\n", 11),
    ],
)
def test_the_virtual_size_counts_every_lone_line_feed_twice(data: bytes, virtual: int) -> None:
    found = look(data)
    assert (found.size, found.virtual_size) == (len(data), virtual)


BOUNDARY = b'Content-Type: multipart/mixed; boundary="b b"\n\n--b b\n\nText.\n--b b--\n'
SAMPLES = (MAIL, CRLF, HEADER + BOUNDARY, FROM + MAIL + b"\n" + FROM + MAIL, HEADER + BOUNDARY[:-3],
           (HEADER + BOUNDARY).replace(b"\n", b"\r\n"), b"", b"words\r\n\r")  # fmt: skip


@pytest.mark.parametrize("data", SAMPLES)
def test_pieces_cut_anywhere_say_the_same(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # All that follows the head is looked at piece by piece: a small head puts the cuts there.
    end = body_start(data) or len(data)
    monkeypatch.setattr(message, "HEAD_LIMIT", end + 1)
    whole = look(data)
    for cut in range(len(data) + 1):
        assert analyse([data[:cut], data[cut:]]) == whole
    assert analyse([data[at : at + 1] for at in range(len(data))]) == whole


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"--b--", b"\n--b--\r\n"])),
    st.integers(0),
)
def test_any_body_in_pieces_says_the_same(parts: list[bytes], cut: int) -> None:
    data = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"".join(parts)
    cut %= len(data)
    assert analyse([data[:cut], data[cut:]]) == look(data)
    assert look(data).virtual_size == len(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    assert look(data).size == len(data)
    assert look(b"Subject: =?utf-8?b?" + data + b"?=\n\n").traits & Traits.READ


# The end of a multipart


def multipart(value: bytes, end: bytes) -> bytes:
    return b"Content-Type: multipart/" + value + b"\n\n--b\n\nText.\n" + end


@pytest.mark.parametrize(
    ("value", "end"),
    [
        (b"mixed; boundary=b", b"--b--\n"),
        (b"mixed; boundary=b", b"--b--"),
        (b"mixed; boundary=b", b"--b--\r\n"),
        (b"mixed; boundary=b", b"--b-- \t\n"),
        (b"mixed; boundary=b", b"--b--\nEpilogue.\n"),
        (b'mixed; boundary="b"', b"--b--\n"),
        (b'mixed; charset="x;y"; boundary = "b"', b"--b--\n"),
        (b'ALTERNATIVE;BOUNDARY="b"', b"--b--\n"),
        (b"mixed;\n boundary=b", b"--b--\n"),
        (b"mixed;\r\n\tboundary=b", b"--b--\n"),
        (b'mixed; boundary="=_b.+(c)?"', b"--=_b.+(c)?--\n"),
        (b'mixed; boundary="a\\"b"', b'--a"b--\n'),
        (b"mixed; boundary*=us-ascii''b", b"--b--\n"),
        (b"mixed; boundary=b", b"--b--</BODY></HTML>\n"),
        (b"mixed; boundary=b", b"--b--c"),
        (b"mixed; boundary*=\"us-ascii'en'a%20b\"", b"--a b--\n"),
    ],
)
def test_a_closed_multipart(value: bytes, end: bytes) -> None:
    assert has(multipart(value, end), Traits.MULTIPART, Traits.CLOSED) == [True, True]


@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"--b\n",
        b"--b-",
        b"--bb--\n",
        b" --b--\n",
        b"text --b--\n",
        b"--B--\n",
    ],
)
def test_an_unclosed_multipart(end: bytes) -> None:
    data = multipart(b"mixed; boundary=b", end)
    assert has(data, Traits.MULTIPART, Traits.CLOSED) == [True, False]


def test_the_top_multipart_counts_and_not_an_inner_one() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=i\n\n--i\n\nText.\n--i--\n"
    data = b"Content-Type: multipart/mixed; boundary=o\n\n--o\n" + inner
    assert has(data, Traits.MULTIPART, Traits.CLOSED) == [True, False]
    assert has(data + b"--o--\n", Traits.MULTIPART, Traits.CLOSED) == [True, True]


def test_a_boundary_in_the_header_closes_nothing() -> None:
    data = b"X-Odd:\n --b--\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
    assert has(data, Traits.CLOSED) == [False]


@pytest.mark.parametrize(
    "value", [b"text/plain; boundary=b", b"multipart/mixed", b"multipart/mixed; boundary=\"\"", b""]
)  # fmt: skip
def test_what_is_no_multipart_with_a_boundary(value: bytes) -> None:
    data = b"From: a\nContent-Type: " + value + b"\n\nText.\n"
    assert has(data, Traits.MULTIPART) == [False]


# What a list shows


def test_dates_are_of_the_topmost_received_and_of_date() -> None:
    header = b"Received: from x by y;\n Tue, 1 Feb 2011 10:00:00 +0100\n"
    header += b"Received: from z; Mon, 31 Jan 2011 10:00:00 +0100\nDate: 30 Jan 2011 10:00\n"
    assert look(header + b"\n").dates == ("Tue, 1 Feb 2011 10:00:00 +0100", "30 Jan 2011 10:00")
    assert look(HEADER + b"\n").dates == ("", "")


def test_a_semicolon_in_a_comment_behind_the_date_does_not_hide_it() -> None:
    header = b"Received: from x (a; b) by y; Tue, 1 Feb 2011 10:00:00 +0100 (from a; by b)\n\n"
    assert look(header).dates == ("Tue, 1 Feb 2011 10:00:00 +0100", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?iso-8859-1?b?R3L832U=?=", "Grüße"),
        (b"=?utf-8?b?R3I=?= =?utf-8?b?w7zDn2U=?=", "Grüße"),
        (b"\x1b[31mred", "\\x1b[31mred"),
        (b"=?utf-8?q?=1B[31m?=", "\\x1b[31m"),
        ("a\u202eb".encode(), "a\\u202eb"),
        (b"caf\xe9", "caf\\xe9"),
    ],
)
def test_subjects_are_decoded_and_safe_to_show(value: bytes, shown: str) -> None:
    assert decoded(value) == shown


@pytest.mark.parametrize(
    "value",
    [
        b"=?utf-8?b?x?=",  # base64 of no length at all
        b"=?no-such-charset?q?a?=",
        b"=?idna?q?a?=",
        b"=?undefined?q?a?=",
        b"=?\0?q?a?=",
        b"=?hex?q?a?=",
    ],
)
def test_encoded_words_that_cannot_be_decoded_are_shown_all_the_same(value: bytes) -> None:
    assert decoded(value)


def test_a_long_subject_is_cut() -> None:
    assert decoded(b"a" * 5000) == "a" * 200 + "…"


@pytest.mark.parametrize(
    ("value", "sender"),
    [
        (b"Ada <ada@example.org>", "Ada <ada@example.org>"),
        (b'"Lovelace, Ada" <ada@example.org>', "Lovelace, Ada <ada@example.org>"),
        (b"<ada@example.org>", "ada@example.org"),
        (b"ada@example.org", "ada@example.org"),
        (b"=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "Jürgen <j@example.org>"),
    ],
)
def test_senders(value: bytes, sender: str) -> None:
    assert look(b"From: " + value + b"\n\n").sender == sender


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.4\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"<!DOCTYPE html>\n", "HTML"),
        (b"#!/bin/sh\n", "a script"),
        (b"\n\n", "blank lines"),
        (b"\1\2\0\3", "binary data"),
        (b"Dear all,\n\nhello.\n", "plain text"),
    ],
)
def test_what_a_file_looks_like_that_is_no_mail(data: bytes, kind: str) -> None:
    assert look(data).looks_like == kind


def test_mail_looks_like_nothing_else() -> None:
    assert look(MAIL).looks_like == ""


# Headers of any size


def test_a_header_of_a_hundred_thousand_fields() -> None:
    header = b"".join(b"X-Field-%d: value\n" % number for number in range(100_000))
    found = look(header + b"Message-ID: <last@example.org>\nFrom: a\n\nText.\n")
    assert found.message_id == "<last@example.org>"
    assert found.traits & Traits.MAIL


def test_one_field_of_a_hundred_thousand_folds() -> None:
    found = look(b"To:" + b"\n a@example.org," * 100_000 + b"\nMessage-ID: <1@x>\n\nText.\n")
    assert found.message_id == "<1@x>"


def test_a_header_longer_than_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as ending there; the sizes are still those of the whole file."""
    monkeypatch.setattr(message, "HEAD_LIMIT", 1000)
    lines = [HEADER, *[b"X-Long: %d\n" % number for number in range(500)], b"\nText.\n"]
    found = analyse(lines)
    assert found.size == sum(map(len, lines))
    assert found.virtual_size == found.size + b"".join(lines).count(b"\n")
    assert found.traits & Traits.MAIL
    assert not found.traits & (Traits.HEADER_ONLY | Traits.HEADER_CUT)
