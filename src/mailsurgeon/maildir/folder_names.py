"""Folder names: from the bytes on the disk to what a person reads, and back.

Mailbox names are in modified UTF-7 (RFC 3501 5.1.3), in plain UTF-8 where the server is so
configured, and may hold Dovecot's `\\2e` for a dot that is no separator.
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
    """One component of a folder's path, decoded; bytes that make no sense stay as they are."""
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
    """One component of a folder's name in modified UTF-7; bytes that are not UTF-8 as they are."""
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

    Not made visible. A folder nested where maildir++ has none keeps its slashes.
    """
    if not path:
        return INBOX
    if layout == MAILDIRPP:
        parts = [part[1:] if part.startswith(b".") else part for part in path.split(b"/")]
    else:
        parts = path.split(b"/")
    return "/".join(decode_folder(part) for part in parts)


def folder_path(name: str, layout: str) -> bytes:
    """Where a folder of this name lies, relative to the spool; the reverse of `folder_name`."""
    if name == INBOX:
        return b""
    path = b"/".join(encode_folder(part) for part in name.split("/"))
    return b"." + path if layout == MAILDIRPP else path
