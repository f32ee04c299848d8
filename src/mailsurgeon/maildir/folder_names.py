"""Turns the path of a folder into the name that a person reads, and back.

Names on the disk are in modified UTF-7 (RFC 3501 5.1.3), or in UTF-8 if the server is configured
so. Dovecot writes `\\2e` for a dot that is not a separator.
"""

from __future__ import annotations

import base64
import binascii
import os
import re

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_PLAIN = re.compile(r"[^\x20-\x7e]+|&")

MAILDIRPP = "maildir++"
FS = "fs"
INBOX = "INBOX"


def decode_folder(component: bytes) -> str:
    """One component of a folder's path, decoded; if it cannot be decoded, as it is."""
    try:
        text = _decode_utf7(component) if component.isascii() else os.fsdecode(component)
    except (ValueError, binascii.Error):
        text = os.fsdecode(component)
    return text.replace("\\2e", ".").replace("\\2E", ".")


def _decode_utf7(component: bytes) -> str:
    if b"&" not in component:
        return component.decode("ascii")
    if b"&" in _SHIFTED.sub(b"", component):
        raise ValueError("a shift that does not end")
    return _SHIFTED.sub(_unshift, component).decode("utf-8")


def _unshift(match: re.Match[bytes]) -> bytes:
    digits = match[1]
    if not digits:
        return b"&"
    padded = digits.replace(b",", b"/") + b"=" * (-len(digits) % 4)
    return base64.b64decode(padded, validate=True).decode("utf-16-be").encode("utf-8")


def encode_folder(name: str) -> bytes:
    """One component of a folder's name in modified UTF-7; as it is if it has bytes that are not
    UTF-8."""
    if any("\udc80" <= char <= "\udcff" for char in name):
        return os.fsencode(name)
    return _PLAIN.sub(_shift, name).encode("ascii")


def _shift(match: re.Match[str]) -> str:
    if match[0] == "&":
        return "&-"
    digits = base64.b64encode(match[0].encode("utf-16-be", "surrogatepass")).rstrip(b"=")
    return "&" + digits.replace(b"/", b",").decode("ascii") + "-"


def folder_name(path: bytes, layout: str) -> str:
    """The name of the folder at `path` (relative to the spool): `INBOX`, `Sent`, `Archives.2012`.

    The name is not made safe to show. A folder inside a maildir++ folder keeps its slashes.
    """
    if not path:
        return INBOX
    if layout == MAILDIRPP:
        parts = [part[1:] if part.startswith(b".") else part for part in path.split(b"/")]
    else:
        parts = path.split(b"/")
    return "/".join(decode_folder(part) for part in parts)


def folder_path(name: str, layout: str) -> bytes:
    """The path of the folder with this name, relative to the spool; the inverse of
    `folder_name`."""
    if name == INBOX:
        return b""
    path = b"/".join(encode_folder(part) for part in name.split("/"))
    return b"." + path if layout == MAILDIRPP else path
