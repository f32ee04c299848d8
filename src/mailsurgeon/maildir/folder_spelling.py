"""Finds names of folders that a server lists but cannot open, and the names they should have. Pure.

The rules are those of Dovecot 2.3.19, tried with `doveadm mailbox list` and `status`: it opens a
folder only by the path that it makes from the name (mailbox-list.c), so every other spelling on the
disk is hidden. Courier-IMAP 5 keeps names in UTF-8 and refuses empty parts.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import NamedTuple

from mailsurgeon.maildir.folder_names import FS, INBOX, MAILDIRPP, encode_folder

EMPTY_PART = "a part of the name is empty"
RAW_UTF8 = "bytes above 0x7f: UTF-8 instead of modified UTF-7"
NOT_UTF8 = "bytes that are not UTF-8"
CONTROL = "control characters"
NOT_DECODED = "modified UTF-7 that does not decode"
NOT_CANONICAL = "modified UTF-7, but not the one form of it that servers look for"
TILDE = "begins with ~"
BEHIND_INBOX = "a server hides it behind INBOX"

_INBOX = INBOX.encode()
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_LONGEST = 255  # NAME_MAX of Linux's file systems


@dataclass(frozen=True, slots=True)
class SpellingRules:
    """How the server that opens a spool's folders reads their names.

    `utf8`: names are in UTF-8 on the disk, not in modified UTF-7. `one_inbox`: every spelling of
    INBOX at the top stands for the root, as in Dovecot. `leading_empty`: the first part may be
    empty, as in mbsync's `..NAME` for a folder below INBOX (`SubFolders Maildir++`).
    `root_is_inbox`: the root is a folder itself.
    """

    layout: str = MAILDIRPP
    utf8: bool = False
    one_inbox: bool = True
    leading_empty: bool = False
    root_is_inbox: bool = True


class BadSpelling(NamedTuple):
    """A name that hides a folder: why, and the path it should have, None if it cannot have one.

    `merge`: its messages belong in INBOX.
    """

    reason: str
    becomes: bytes | None
    merge: bool = False


def bad_spelling(
    path: bytes, rules: SpellingRules, *, is_folder: bool = True
) -> BadSpelling | None:
    """Judges the last component of a directory's path (relative to the spool); None if it is sound.

    In maildir++ only `.NAME` directly under the spool is judged. In fs the directory may have
    folders below it and be none itself (`is_folder`).
    """
    if rules.layout == FS:
        return _in_fs(path, rules, is_folder=is_folder)
    if not path.startswith(b".") or b"/" in path:
        return None
    parts = path[1:].split(b".")
    kept = parts[:1] if rules.leading_empty and not parts[0] else []
    reasons = [EMPTY_PART] if b"" in parts[len(kept) :] else []
    sound = [_sound(part, rules, reasons) for part in parts if part]
    if not sound:
        return BadSpelling(EMPTY_PART, None)
    if not kept:
        sound[0] = _without_tilde(sound[0], rules, reasons)
    if rules.one_inbox and not kept and sound[0].upper() == _INBOX:
        if len(sound) == 1:
            return BadSpelling("; ".join([*reasons, BEHIND_INBOX]), None, merge=True)
        if sound[0] != _INBOX:
            reasons.append(BEHIND_INBOX)
            sound[0] = _INBOX
    return _spelling(reasons, b"." + b".".join([*kept, *sound]))


def _in_fs(path: bytes, rules: SpellingRules, *, is_folder: bool) -> BadSpelling | None:
    parent, slash, name = path.rpartition(b"/")
    reasons: list[str] = []
    sound = _sound(name, rules, reasons)
    if not slash:
        sound = _without_tilde(sound, rules, reasons)
        if rules.one_inbox and sound.upper() == _INBOX:
            if rules.root_is_inbox and is_folder:
                return BadSpelling("; ".join([*reasons, BEHIND_INBOX]), None, merge=True)
            if sound != _INBOX:
                reasons.append(BEHIND_INBOX)
            sound = _INBOX
    return _spelling(reasons, parent + slash + sound)


def _spelling(reasons: list[str], becomes: bytes) -> BadSpelling | None:
    if not reasons:
        return None
    fits = len(becomes.rpartition(b"/")[2]) <= _LONGEST
    return BadSpelling("; ".join(dict.fromkeys(reasons)), becomes if fits else None)


def _without_tilde(part: bytes, rules: SpellingRules, reasons: list[str]) -> bytes:
    """Dovecot and Courier take `~` at the start for a home directory, and refuse it."""
    if not rules.leading_empty and part.startswith(b"~"):
        reasons.append(TILDE)
        return b"_" + part[1:]
    return part


def _sound(part: bytes, rules: SpellingRules, reasons: list[str]) -> bytes:
    """The one spelling of a component by which a server opens it. Adds what is wrong with it to
    `reasons`."""
    try:
        text = part.decode("utf-8")
    except UnicodeDecodeError:
        reasons.append(NOT_UTF8)
        text = part.decode("cp1252", "replace")  # names of old systems are mostly in this
    if rules.utf8:
        return text.encode("utf-8")
    plain, whole = _unshifted(text)
    sound = encode_folder(plain)
    if sound != part and NOT_UTF8 not in reasons:
        reasons.append(_why(part, whole=whole))
    return sound


def _why(part: bytes, *, whole: bool) -> str:
    if not part.isascii():
        return RAW_UTF8
    if any(byte < 0x20 or byte == 0x7F for byte in part):
        return CONTROL
    return NOT_CANONICAL if whole else NOT_DECODED


def _unshifted(text: str) -> tuple[str, bool]:
    """The text with each shift of modified UTF-7 decoded, and whether all of them could be. What
    cannot be decoded stands for itself."""
    whole = "&" not in _SHIFTED.sub("", text)

    def unshift(match: re.Match[str]) -> str:
        nonlocal whole
        meant = _meant_by(match[1])
        whole = whole and meant is not None
        return match[0] if meant is None else meant

    return _SHIFTED.sub(unshift, text), whole


def _meant_by(digits: str) -> str | None:
    """What a shift stands for; None if it is damaged, or would be a separator."""
    if not digits:
        return "&"
    padded = digits.replace(",", "/") + "=" * (-len(digits) % 4)
    try:
        meant = base64.b64decode(padded, validate=True).decode("utf-16-be")
    except (ValueError, binascii.Error):
        return None
    return meant if meant and not set(meant) & {"/", ".", "\0"} else None
