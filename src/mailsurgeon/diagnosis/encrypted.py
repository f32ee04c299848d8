"""Judges files that Dovecot's mail-crypt has encrypted, as far as that is possible without a key.

The header begins with a magic and a version; version 2 then gives flags and the length of the whole
header (istream-decrypt.c, Dovecot 2.3.19). What follows shows a cut only to those who have the key.
"""

from __future__ import annotations

from mailsurgeon.maildir.message import ZERO_RUN

_MAGIC = b"CRYPTED\x03\x07"
_LENGTH_AT = len(_MAGIC) + 1 + 4
_AEAD = 0x2  # a flag: the data ends in a tag
_TAG = 16


def encryption_fault(head: bytes, end: bytes, size: int) -> str | None:
    """Why Dovecot fails to read an encrypted file of `size` bytes, even with the right key; None
    when that cannot be seen. `head` and `end` are its first and last bytes."""
    if not head.startswith(_MAGIC) or len(head) == len(_MAGIC):
        return None  # Dovecot does not take it for encrypted
    version = head[len(_MAGIC)]
    if version not in (1, 2):
        return f"version {version} of the encryption is unknown"
    if len(head) < _LENGTH_AT + 4:
        return "ends in its header"
    if version == 2:
        flags = int.from_bytes(head[_LENGTH_AT - 4 : _LENGTH_AT], "big")
        length = int.from_bytes(head[_LENGTH_AT : _LENGTH_AT + 4], "big")
        if size < length:
            return "ends in its header"
        if flags & _AEAD and size < length + _TAG:
            return "ends in the middle"
    return "ends in NUL bytes" if end == ZERO_RUN else None
