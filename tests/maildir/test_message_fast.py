"""The quick look must never see anything else than the long one."""

from __future__ import annotations

from email.errors import MessageError
from email.header import decode_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.header_dates import header_date
from mailsurgeon.maildir.message import Traits, analyse, decoded
from mailsurgeon.maildir.message_fast import USUAL, glance
from mailsurgeon.text import visible
from tests.support.protects import protects

pytestmark = [
    protects(
        "the quick look at a message says what the long one says",
        where="maildir/message_fast.py, maildir/header_dates.py",
        seen="any text, and the library beside it",
    )
]


MAIL = (
    b"Received: from a by b; Sun, 13 Mar 2011 07:06:40 +0000\n"
    b"From: Anna Berg <anna@example.org>\nSubject: hello\nMessage-ID: <1@example.org>\n\nText.\n"
)
PIECES = st.sampled_from([
    b"From: a@example.org\n", b"FROM: B <b@example.org>\n", b"from : c@example.org\n",
    b"From-X: d\n",
    b"Subject: one\n", b"subject:\n", b"Subject: =?utf-8?q?h=C3=A9?=\n two\n",
    b"Subject: \xff\x00\n",
    b"Message-ID: <1@example.org>\n", b"message-id:\n\t<2@example.org> x\n", b"Message-Id: <>\n",
    b"Message-ID: < 3@example.org >\n", b"Message-ID: bare\n", b"Message-ID: <a@b> <c@d>\n",
    b"Date: Sun, 13 Mar 2011 07:06:40 +0000\n", b"Date: 13 Mar 11 7:06 GMT\n", b"Date: never\n",
    b"Received: from x by y;\n\tMon, 1 Jan 2018 00:00:00 -0130 (CET)\n", b"Received: by z\n",
    b"Received: a; b; 32 Jan 2018 25:61:61 +9999\n", b"Content-Type: multipart/mixed; boundary=x\n",
    b"X-Odd : y\n", b" folded: on\n", b"no field\n", b"\n", b"\n", b"\r\n", b"\r", b"--x--\n",
    b"Subject: a\n b\n c\n d\n e\n", b"Message-ID:\n \n\t\n \n <3@example.org>\n", b" \n", b"\n\t",
    b"Received: by x\nX-Odd: y; Mon, 1 Jan 2018 00:00:00 -0130\n", b"Received : by x; \n",
    b"Received: x;\r\n \n\tMon,  1 Jan 2018 00:00:00 +0000 (CET)\r\n", b"BZh9: x\n", b"received",
    b"Date: %sMon, 1 Jan 2018 00:00:00 +0000\n" % (b" " * 90), b"(comment)\n", b";",
    b"Received: x; Mon,%s1 Jan 2018 00:00:00 -0130\n" % (b" " * 90),
    b"Text of a body.\n", b"From here on\n", b">From there\n", b":\n", b" ", b"\0",
])  # fmt: skip


def seen(data: bytes) -> tuple[object, ...]:
    """What the long look says, in the form of the quick one."""
    content = analyse([data])
    return (
        content.virtual_size, content.message_id, content.sender, content.subject,
        header_date(content.dates),
    )  # fmt: skip


def agree(data: bytes) -> bool:
    """Whether the quick look saw anything; what it saw must be what is there."""
    quick = glance(data)
    if quick is None:
        return False
    content = analyse([data])
    assert tuple(quick) == seen(data)
    assert content.traits & ~(Traits.MULTIPART | Traits.CLOSED) == USUAL
    assert content.size == len(data)
    assert not content.looks_like
    return True


@given(st.lists(PIECES, max_size=12), st.booleans())
def test_of_any_text_it_sees_the_same(pieces: list[bytes], crlf: bool) -> None:
    data = b"".join(pieces)
    agree(data.replace(b"\n", b"\r\n") if crlf else data)


@given(st.lists(PIECES, max_size=6), st.binary(max_size=60))
def test_of_usual_mail_with_anything_in_it_too(pieces: list[bytes], more: bytes) -> None:
    head = b"From: a@example.org\n" + b"".join(pieces)
    agree(head + more + b"\n\nText.\n")
    agree(head + b"\nText.\n" + more)


@pytest.mark.parametrize(
    "data", [MAIL, MAIL.replace(b"\n", b"\r\n"), MAIL.replace(b"From:", b"From-X:y\nfrom\t:")]
)
def test_usual_mail_is_seen(data: bytes) -> None:
    assert agree(data)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"From x@example.org Sun Mar 13 07:06:40 2011\n" + MAIL, b"\n" + MAIL,
        MAIL.partition(b"\n\n")[0], MAIL.partition(b"\n\n")[0] + b"\n\n", b"no mail\n\nat all\n",
        MAIL.replace(b"From:", b"X-From:"), b"BZh9" + MAIL, MAIL + bytes(512),
    ],
)  # fmt: skip
def test_what_is_unusual_is_left_to_the_long_look(data: bytes) -> None:
    assert glance(data) is None


# Encoded words

WORDS = st.sampled_from([
    "=?utf-8?q?a=C3=BC_b?=", "=?UTF-8?B?w7w=?=", "=?utf-8?q?=C3?=", "=?utf-8?q?=BC?=", " ", "\t",
    "=?iso-8859-1?Q?=fc?=", "=?us-ascii?q?x?=", "=?x-unknown?q?x?=", "=?hz?q?~{VP?=",
    "=?idna?q?a?=",
    "=?utf-7?q?+AGE-?=", "=?utf-16?b?AGEA?=", "Re: ", "=", "?", "=?", "?=", "_", "=c3", "\v", "x",
    "=?utf-8?b?w7w?=", "=?utf-8?q?=C?=", "=?utf-8?q?a b?=", "=?utf-8?q??=", "=?utf-8*en?q?a?=",
])  # fmt: skip


@given(st.lists(WORDS, max_size=8))
def test_encoded_words_read_as_the_library_reads_them(words: list[str]) -> None:
    value = "".join(words).strip()
    try:
        parts = decode_header(value)
        text = "".join(
            part if isinstance(part, str) else _text(part, charset) for part, charset in parts
        )
    except (ValueError, LookupError, AssertionError, MessageError):
        text = value
    assert decoded(value.encode()) == visible(text, 200)


def _text(part: bytes, charset: str | None) -> str:
    try:
        return part.decode(charset or "utf-8", "replace")
    except LookupError:
        return part.decode("latin-1")
