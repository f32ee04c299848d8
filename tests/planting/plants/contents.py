"""What can be wrong with the bytes of a message: empty, cut, no mail, no ID."""

from __future__ import annotations

from dataclasses import replace

from ..mail import SHAPES, Letter, Mail, join, multipart, plain
from ..packing import PACKINGS
from ..spool import DAY, Build, Draft
from ..truth import Expected, Planted, expected
from .registry import Sow, family, plant
from .sizes import mismatch

ANYWHERE = (b"cur", b"cur", b"new")


def healthy_draft(build: Build, message: Mail, *, sized: bool | None = None) -> Draft:
    draft = build.draft(build.folder(), message, place=build.random.choice(ANYWHERE))
    if sized is not None:
        draft.with_s, draft.with_w = sized, False
    return draft


def _file(build: Build, content: bytes, *, sized: bool | None = None) -> Draft:
    """A file with these bytes and a healthy name."""
    return healthy_draft(build, replace(build.mail("lf"), content=content), sized=sized)


# empty


@plant()
def empty(build: Build) -> Planted:
    draft = _file(build, b"", sized=False)
    build.put(draft)
    return [expected("empty", draft.path, "error", "quarantine")]


@plant()
def empty_and_says_so(build: Build) -> Planted:
    draft = _file(build, b"", sized=True)
    draft.with_w = True
    build.put(draft)
    return [expected("empty", draft.path, "error", "quarantine")]


@plant()
def empty_and_lies(build: Build) -> Planted:
    """The name is the only trace of what was lost: it is not corrected."""
    draft = _file(build, b"", sized=True)
    draft.s_off = 1234
    if build.random.random() < 0.5:
        draft.with_w, draft.w_off = True, 1250
    build.put(draft)
    return [expected("empty", draft.path, "error", "quarantine"), mismatch(draft, None)]


@plant()
def empty_from_the_future(build: Build) -> Planted:
    """An empty file is not reported for an odd date."""
    draft = _file(build, b"", sized=False)
    draft.mtime = build.now + 30 * DAY
    build.put(draft)
    return [expected("empty", draft.path, "error", "quarantine")]


# truncated


def _cut(
    build: Build, letter: Letter, content: bytes, missing: int, *, also: str = ""
) -> list[Expected]:
    draft = healthy_draft(build, build.of(letter, content), sized=True)
    draft.s_off = missing
    build.put(draft)
    found = [expected("truncated", draft.path, "warning", None), mismatch(draft, None)]
    return [*found, *([expected(also, draft.path, "info", None)] if also else [])]


@plant()
def cut_in_header(build: Build) -> Planted:
    """Stops in the middle of a header line; the Message-ID came before."""
    letter = build.letter()
    return _cut(build, letter, join(letter.fields()) + b"X-Mailer: something that goes o", 4000)


@plant()
def cut_in_header_crlf(build: Build) -> Planted:
    letter = build.letter()
    content = plain(letter, b"\r\n")
    return _cut(build, letter, content[: content.index(b"Date:") + 8], 77)


@plant()
def cut_before_the_id(build: Build) -> Planted:
    """A message cut before its Message-ID is not reported for lacking one."""
    letter = build.letter()
    content = plain(letter)
    return _cut(build, letter, content[: content.index(b"Message-ID") + 4], 900)


@plant()
def cut_in_header_and_longer_than_named(build: Build) -> Planted:
    """Any wrong size will do when the header block stops in its last line."""
    letter = build.letter()
    return _cut(build, letter, join(letter.fields()) + b"X-Mailer: so", -20)


@plant()
def cut_multipart(build: Build) -> Planted:
    letter = build.letter()
    whole = multipart(letter)
    content = whole[: whole.rindex(b"<p>") + 4]
    return _cut(build, letter, content, len(whole) - len(content))


@plant()
def cut_multipart_in_boundary(build: Build) -> Planted:
    """Only the two last dashes are missing: that is a boundary, not the closing one."""
    letter = build.letter()
    whole = multipart(letter, b"\r\n").rstrip(b"\r\n")
    return _cut(build, letter, whole[:-2], 4)


@plant()
def cut_multipart_before_parts(build: Build) -> Planted:
    letter = build.letter()
    whole = multipart(letter)
    end = whole.index(b"\n\n") + 2
    return _cut(build, letter, whole[: end + 3], 3000)


@plant()
def cut_multipart_at_header_end(build: Build) -> Planted:
    """Cut right behind the header block: header-only as well."""
    letter = build.letter()
    whole = multipart(letter)
    end = whole.index(b"\n\n") + 2
    return _cut(build, letter, whole[:end], 3000, also="header-only")


@plant()
def cut_outer_multipart(build: Build) -> Planted:
    """The inner multipart is closed; the top one counts."""
    letter = build.letter()
    whole = SHAPES["nested"](build.random, letter)
    return _cut(build, letter, whole[: whole.index(b"--outer--")], 99)


@plant()
def longer_multipart_unclosed(build: Build) -> Planted:
    """Unclosed, but longer than its name says: the size is wrong, nothing shows that it was cut."""
    draft = healthy_draft(build, build.mail("unclosed"), sized=True)
    draft.s_off = -17
    build.put(draft)
    return [mismatch(draft)]


@plant()
def shorter_single_part(build: Build) -> Planted:
    """A single part has no end to miss: only the size is known to be wrong."""
    draft = healthy_draft(build, build.mail("no-final-newline"), sized=True)
    draft.s_off = 400
    build.put(draft)
    return [mismatch(draft)]


@plant()
def shorter_multipart_closed(build: Build) -> Planted:
    draft = healthy_draft(build, build.mail("multipart"), sized=True)
    draft.s_off = 400
    build.put(draft)
    return [mismatch(draft)]


# not-mail

JUNK = {
    "binary": bytes(range(256)) * 4,
    "html": b"<!DOCTYPE html>\n<html><body>Hello</body></html>\n",
    "script": b"#!/bin/sh\necho hello\n",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(40),
    "prose": b"Dear all,\n\nthe meeting is off.\n",
    "late_fields": b"some words\n\nFrom: ada@planted.example\nSubject: too late\n\nText.\n",
    "spaced_name": b"Subject line: hello\n\nText.\n",
}


def _junk(content: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        draft = _file(build, content, sized=build.random.choice((None, False)))
        build.put(draft)
        return [expected("not-mail", draft.path, "warning", "quarantine")]

    return sow


family({f"contents.junk_{name}": _junk(content) for name, content in JUNK.items()})


@plant()
def junk_of_another_size(build: Build) -> Planted:
    draft = _file(build, JUNK["html"], sized=True)
    draft.s_off = 3
    build.put(draft)
    return [expected("not-mail", draft.path, "warning", "quarantine"), mismatch(draft, None)]


@plant()
def junk_from_the_future(build: Build) -> Planted:
    """A file that is no mail gets no other problem of content, an odd date included."""
    draft = _file(build, JUNK["script"], sized=False)
    draft.mtime = build.now + 30 * DAY
    build.put(draft)
    return [expected("not-mail", draft.path, "warning", "quarantine")]


@plant()
def junk_behind_a_from_line(build: Build) -> Planted:
    draft = _file(build, b"From ada Mon Jan  1 00:00:00 2018\njust some words\n", sized=False)
    build.put(draft)
    return [expected("not-mail", draft.path, "warning", "quarantine")]


# Neither mail as defined nor *not-mail*: it takes both wants


@plant()
def unknown_fields_only(build: Build) -> Planted:
    """A header, but none of the known fields."""
    content = b"X-Note: one\nX-Serial: %d\n\nText.\n" % build.number()
    draft = _file(build, content, sized=False)
    build.put(draft)
    return [expected("no-message-id", draft.path, "info", None)]


@plant()
def words_before_the_header(build: Build) -> Planted:
    """The first line is none, but the fields are there."""
    letter = build.letter()
    draft = healthy_draft(
        build, build.of(letter, b"some words first\n" + plain(letter)), sized=False
    )
    build.put(draft)
    return []


# header-only, no-message-id, from-line


def _header_only(end: bytes, eol: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        letter = build.letter()
        content = join(letter.fields(), eol)
        content = content[: -len(eol)] if end == b"cut" else content + end
        draft = healthy_draft(build, build.of(letter, content))
        build.put(draft)
        return [expected("header-only", draft.path, "info", None)]

    return sow


family(
    {
        "contents.header_only": _header_only(b"\n", b"\n"),
        "contents.header_only_crlf": _header_only(b"\r\n", b"\r\n"),
        "contents.header_only_no_blank_line": _header_only(b"", b"\n"),
        "contents.header_only_no_newline": _header_only(b"cut", b"\n"),
    }
)


@plant()
def blank_body(build: Build) -> Planted:
    """One empty line after the header block is something."""
    letter = build.letter()
    build.put(healthy_draft(build, build.of(letter, join([*letter.fields(), b"", b""]))))
    return []


def _id_field(field: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        letter = build.letter()
        lines = letter.fields(without="Message-ID") + ([field] if field else [])
        draft = healthy_draft(build, build.of(letter, join([*lines, b"", *letter.text])))
        build.put(draft)
        return [expected("no-message-id", draft.path, "info", None)]

    return sow


family(
    {
        "contents.no_id": _id_field(b""),
        "contents.no_id_empty_field": _id_field(b"Message-ID:"),
        "contents.no_id_blank_field": _id_field(b"Message-ID:  \t "),
        "contents.no_id_folded_blank": _id_field(b"Message-ID:\n \t"),
        "contents.no_id_other_field": _id_field(b"X-Message-ID: <a@planted.example>"),
        "contents.no_id_reference": _id_field(b"In-Reply-To: <b@planted.example>"),
    }
)


@plant()
def id_in_the_body_only(build: Build) -> Planted:
    letter = build.letter()
    lines = [*letter.fields(without="Message-ID"), b"", b"Message-ID: <c@planted.example>"]
    draft = healthy_draft(build, build.of(letter, join([*lines, *letter.text])))
    build.put(draft)
    return [expected("no-message-id", draft.path, "info", None)]


def _from_line(line: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        message = build.mail(build.random.choice(("lf", "crlf", "folded-id", "received")))
        message = replace(message, content=line + message.content)
        draft = healthy_draft(build, message)
        build.put(draft)
        return [expected("from-line", draft.path, "info", None)]

    return sow


FROM = b"From ada@planted.example Mon Jan  1 00:00:00 2018\n"
family(
    {
        "contents.from_line": _from_line(FROM),
        "contents.from_line_crlf": _from_line(FROM[:-1] + b"\r\n"),
        "contents.from_line_dash": _from_line(b"From - Tue Mar 05 11:22:33 2019\n"),
    }
)


@plant()
def mbox_in_cur(build: Build) -> Planted:
    """Several messages in one file: only the From line is reported."""
    content = b"\n".join(FROM + plain(build.letter()) for _ in range(build.random.randint(2, 4)))
    draft = _file(build, content, sized=None)
    build.put(draft)
    return [expected("from-line", draft.path, "info", None)]


# Content that cannot be looked at


def _closed(content: bytes, packing: str = "") -> Sow:
    """No size and no content problem is reported: the name cannot be proved wrong. With `packing`
    a server fails to unpack it."""

    def sow(build: Build) -> Planted:
        draft = _file(build, content, sized=True)
        draft.s_off = build.random.choice((0, 1000, -10))
        draft.with_w, draft.w_off = True, 3
        build.put(draft)
        if not packing:
            return []
        return [expected("broken-packing", draft.path, "error", None, packing=packing)]

    return sow


def _cut_packing(packing: str, text: bytes, lost: int) -> Sow:
    return _closed(PACKINGS[packing](b"From: a\n\n" + text)[:-lost], packing)


# The magic, version 2, no flags, and a header of 16 bytes.
ENCRYPTED = b"CRYPTED\x03\x07\x02\x00\x00\x00\x00\x00\x00\x00\x10"
family(
    {
        "contents.encrypted": _closed(ENCRYPTED + bytes(range(200))),
        "contents.cut_encrypted": _closed(ENCRYPTED[:12], "encrypted"),
        "contents.cut_gzip": _cut_packing("gzip", bytes(5000), 9),
        "contents.broken_bzip2": _closed(b"BZh91AY&SY" + bytes(50), "bzip2"),
        "contents.cut_xz": _cut_packing("xz", bytes(range(250)) * 9, 40),
        "contents.cut_zstd": _cut_packing("zstd", bytes(5000), 9),
        "contents.cut_lz4": _cut_packing("lz4", bytes(range(250)), 9),
    }
)


@plant()
def nuls_for_the_end(build: Build) -> Planted:
    """As a crash leaves them: the size is right, and the text is not."""
    mail = build.mail("lf")
    text = build.random.choice((b"", mail.content)) + bytes(600)
    sized = build.random.choice((None, False))
    draft = healthy_draft(build, replace(mail, content=text), sized=sized)
    build.put(draft)
    return [expected("truncated", draft.path, "warning", None, reason="zeros")]


def _packed(kind: str) -> Sow:
    """Looked at unpacked: no Message-ID in it, and a From line before it."""

    def sow(build: Build) -> Planted:
        letter = build.letter()
        content = FROM + join([*letter.fields(without="Message-ID"), b"", *letter.text])
        draft = build.draft(build.folder(), build.of(letter, content))
        draft.plain, draft.content = content, PACKINGS[kind](content)
        build.put(draft)
        return [
            expected("no-message-id", draft.path, "info", None),
            expected("from-line", draft.path, "info", None),
        ]

    return sow


family({f"contents.packed_{kind}": _packed(kind) for kind in PACKINGS})
