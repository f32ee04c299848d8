"""Finds the boundary of a multipart among the parameters of a Content-Type (RFC 2046 5.1.1)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

_MULTIPART = re.compile(rb"(?i)\s*multipart/")
_PARAMETER = re.compile(
    rb'(?s);\s*([^\s;=*"]{1,80})(?:\*(\d{1,3}))?(\*?)\s*='
    rb'\s*(?:"((?:[^"\\]|\\.){0,1000})"|([^\s;"]+))'
)
_LONGEST = 1000  # bytes; RFC 2046 allows 70


def boundary_of(content_type: bytes | None) -> bytes | None:
    """The boundary in the unfolded value of a Content-Type; None if it is no multipart, or has no
    boundary or one of over 1,000 bytes. The first of several counts, and one in a piece before one
    in several (RFC 2231 3)."""
    if content_type is None or not _MULTIPART.match(content_type):
        return None
    pieces: dict[int, bytes] = {}
    for found in _PARAMETER.finditer(content_type):
        name, number, extended, quoted, plain = found.groups()
        if name.lower() != b"boundary":
            continue
        value = plain or re.sub(rb"(?s)\\(.)", rb"\1", quoted or b"")
        if extended:  # percent-encoded, the first piece as charset'language'text (RFC 2231 4)
            value = unquote_to_bytes(value.split(b"'", 2)[-1] if int(number or 0) == 0 else value)
        if number is None:
            return _usable(value)
        pieces.setdefault(int(number), value)
    joined: list[bytes] = []
    while len(joined) in pieces:
        joined.append(pieces[len(joined)])
    return _usable(b"".join(joined))


def _usable(boundary: bytes) -> bytes | None:
    return boundary if 0 < len(boundary) <= _LONGEST else None
