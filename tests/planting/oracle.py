"""A second, slow and simple reading of the catalogue's definitions of a message's content.

Line by line, the whole file at once; nothing of it is taken from the program it is compared with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

_NAMED = {
    b"from", b"to", b"cc", b"date", b"subject", b"received", b"return-path", b"message-id",
    b"delivered-to", b"mime-version", b"content-type",
}  # fmt: skip
_PROPER_TYPE = re.compile(
    rb'|[\w/.+-]+(\s*;\s*[\w-]+\s*=\s*("[^"\\]*"|[^\s;"*\\]+))*\s*;?\s*', re.ASCII
)
_PRINTABLE = bytes(code for code in range(33, 127) if code != ord(":"))


@dataclass(frozen=True)
class Facts:
    """What the definitions say of one file."""

    is_mail: bool
    mbox: bool
    not_mail: bool
    from_line: bool
    header_cut: bool  # the header block stops without its last line's newline
    header_only: bool
    multipart: bool
    closed: bool
    message_id: bytes | None  # with its angle brackets, where it has them
    odd_type: bool  # a Content-Type whose boundary readers may see differently
    size: int
    virtual: int
    body: bytes  # what follows the header block, CRLF read as LF


def facts(data: bytes) -> Facts:
    """The facts of a file's bytes."""
    lines = data.split(b"\n")
    last = lines.pop()
    lines = [line + b"\n" for line in lines] + ([last] if last else [])
    start = _after_blanks(lines, 0)
    if start < len(lines) and lines[start].startswith((b"From ", b">From ")):
        start = _after_blanks(lines, start + 1)
    end = start
    while end < len(lines) and lines[end] not in (b"\n", b"\r\n"):
        end += 1
    block, body = lines[start:end], lines[end + 1 :]
    named = [_name(line) for line in block]
    first = bool(block) and named[0] is not None
    known = any(name in _NAMED for name in named)
    mbox = data.startswith(b"From ") and _another(lines, start)
    content_type = _field(block, b"content-type") or b""
    boundary = _boundary(content_type)
    mark = b"--" + boundary + b"--" if boundary else b""
    return Facts(
        is_mail=first and known and not mbox,
        mbox=mbox,
        not_mail=not first and not known,
        from_line=data.startswith(b"From "),
        header_cut=end == len(lines) and not data.endswith(b"\n"),
        header_only=not body,
        multipart=boundary is not None,
        closed=boundary is not None and any(line.rstrip(b" \t\r\n") == mark for line in body),
        message_id=_message_id(_field(block, b"message-id")),
        odd_type=not _PROPER_TYPE.fullmatch(content_type),
        size=len(data),
        virtual=len(data) + sum(line[-1:] == b"\n" and line[-2:] != b"\r\n" for line in lines),
        body=b"".join(body).replace(b"\r\n", b"\n"),
    )


def likeness(one: bytes, other: bytes) -> str:
    """How close two files of one Message-ID are."""
    if one == other:
        return "identical"
    bodies = facts(one).body, facts(other).body
    return "same-body" if bodies[0] == bodies[1] and bodies[0].strip() else "different"


def _after_blanks(lines: list[bytes], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _name(line: bytes) -> bytes | None:
    """The lower-case name of the field a line begins, None when it begins none."""
    name, colon, _ = line.partition(b":")
    name = name.rstrip(b" \t")
    return name.lower() if colon and name and not name.strip(_PRINTABLE) else None


def _field(block: list[bytes], name: bytes) -> bytes | None:
    """The value of the first field of this name, unfolded and trimmed."""
    for number, line in enumerate(block):
        if _name(line) != name:
            continue
        value = _line(line).partition(b":")[2]
        for more in block[number + 1 :]:
            if not more.startswith((b" ", b"\t")):
                break
            value += _line(more)
        return value.strip()
    return None


def _line(line: bytes) -> bytes:
    """A line without its end."""
    return line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line


def _message_id(value: bytes | None) -> bytes | None:
    if not value:
        return None
    opening = value.find(b"<")
    closing = value.find(b">", opening)
    if 0 <= opening < closing:
        value = value[opening + 1 : closing].strip()
        return b"<" + value + b">" if value else None
    return value


def _boundary(value: bytes) -> bytes | None:
    part = Message()
    part["Content-Type"] = value.decode("latin-1").replace("\r", " ").replace("\n", " ")
    if part.get_content_maintype() != "multipart":
        return None
    boundary = part.get_boundary()
    return boundary.encode("latin-1", "replace") if boundary else None


def _another(lines: list[bytes], start: int) -> bool:
    """Whether another message of an mbox begins in the file."""
    for number in range(max(start, 1) + 1, len(lines) - 1):
        line = lines[number]
        if (
            line.startswith(b"From ")
            and re.search(rb"\d:\d\d", line)
            and lines[number - 1] in (b"\n", b"\r\n")
            and _name(lines[number + 1]) is not None
        ):
            return True
    return False
