"""Reads which folders a mailbox's owner has subscribed to, from Dovecot's and Courier's lists.

Pure: bytes in, names like those of `folder_names.folder_name` out. Dovecot's `subscriptions`
(subscription-file.c) has one name per line. In version 2 it begins with `V<tab>2` and an empty
line, and the components of a name are escaped and separated by tabs. Courier's
`courierimapsubscribed` has lines `INBOX.NAME`.
"""

from __future__ import annotations

import re

from mailsurgeon.maildir.folder_names import FS, INBOX, decode_folder

_VERSION_2 = b"V\t2"
_ESCAPED = re.compile(rb"\x01(.)", re.DOTALL)
_MEANT = {b"0": b"\0", b"1": b"\x01", b"t": b"\t", b"r": b"\r", b"n": b"\n"}
_COURIERS_ROOT = b"INBOX."


def dovecot_subscriptions(data: bytes, layout: str) -> frozenset[str]:
    """The names in Dovecot's `subscriptions`, with the separator of `layout`."""
    first, *rest = data.split(b"\n")
    if first != _VERSION_2:
        return frozenset(decode_folder(line) for line in (first, *rest) if line)
    separator = "/" if layout == FS else "."
    return frozenset(
        separator.join(decode_folder(_unescaped(part)) for part in line.split(b"\t"))
        for line in rest
        if line
    )


def courier_subscriptions(data: bytes) -> frozenset[str]:
    """The names in Courier's `courierimapsubscribed`, without the `INBOX.` before them."""
    return frozenset(
        decode_folder(line.removeprefix(_COURIERS_ROOT)) for line in data.split(b"\n") if line
    )


def is_subscribed(name: str, names: frozenset[str]) -> bool:
    """Whether a folder of this name is among the names. `INBOX` matches in upper and lower case
    (RFC 3501 5.1)."""
    if name == INBOX:
        return any(listed.upper() == INBOX for listed in names)
    return name in names


def _unescaped(component: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: _MEANT.get(found[1], found[1]), component)
