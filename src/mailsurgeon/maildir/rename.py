"""Composes the new name of a message from all remedies chosen for it. Pure.

Parts that no remedy changes stay the same, byte for byte. A message gets a fresh base name only if
it must: another message has the base name, servers cannot use it, or the result would be too long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count

from mailsurgeon.maildir.filename import (
    GOOD,
    LONGEST_NAME,
    LOST_COLON,
    NO_NEIGHBOURS,
    NONE,
    Info,
    Neighbours,
    name_faults,
    parse_info,
    set_sizes,
    sizes_in,
    sizes_of,
    sorted_flags,
    split,
    strip_uid,
    uid_field,
    without_uid,
)

NAME_MAX = 255
"""The longest file name, in bytes (NAME_MAX of Linux file systems)."""
BASE_LIMIT = 160
"""The longest fresh base name, in bytes: leaves room for all flags and keywords in LONGEST_NAME."""
OWN_HOST = b"mailsurgeon"
"""The host in a fresh name if the old name has none."""

_FIRST = re.compile(rb"\d[!-+\--9;-~]{0,19}\Z")
_UNFIT = re.compile(rb"[\x00-\x20\x7f:/]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_OWN_MARK = re.compile(rb"R[0-9a-f]{12}\Z")
_LATER_SIZE = re.compile(rb",([SW])=[^,]*")
_UID_FIELD = re.compile(rb",(?:U=\d+|FMD5=[^,:]*)")
_BEFORE_FLAGS = re.compile(rb"(?i).*?2(?:,|%2c)", re.DOTALL)
_KEPT_FIELD = re.compile(rb",([SWU]=\d{1,18}|FMD5=[0-9a-f]{32})(?=,|\Z)")


@dataclass(frozen=True, slots=True)
class NameChange:
    """What to change in a filename.

    `sizes`: the file's real S and W (bytes; None if unknown); `set_sizes` writes them into the
    fields that the name has. `usable`: drops repeated `,S=` and `,W=` and colons at the start, and
    makes a fresh base name if servers still cannot use it. `repair_info`: corrects the info by the
    rules of `bad-flags`. `set_flags`: sets exactly these capitals (and exactly
    these keywords, if it has any). `add_flags`: adds these. `keywords`: maps each keyword letter to
    its new one and drops the others; None leaves all. `strip_uid`: drops `,U=` and `,FMD5=`.
    `fresh`: makes a new unique base name in any case.
    """

    sizes: tuple[int | None, int | None] = (None, None)
    set_sizes: bool = False
    usable: bool = False
    repair_info: bool = False
    set_flags: bytes | None = None
    add_flags: bytes = b""
    keywords: Mapping[int, int] | None = None
    strip_uid: bool = False
    fresh: bool = False

    @property
    def touches_info(self) -> bool:
        """Whether the change concerns the info."""
        asked = self.repair_info or self.set_flags is not None or self.keywords is not None
        return asked or bool(self.add_flags)


@dataclass(frozen=True, slots=True)
class Name:
    """A composed name. `replaced`: it has a fresh base name although the change did not require
    one."""

    filename: bytes
    replaced: bool = False


def compose(
    filename: bytes,
    change: NameChange,
    *,
    taken: Callable[[bytes], bool],
    arrives: bool = False,
    neighbours: Neighbours = NO_NEIGHBOURS,
    separator: bytes = b":",
    seconds: int = 0,
    seed: bytes = b"",
) -> Name:
    """The filename after all of `change`.

    `taken`: whether another message in the target folder has a base name. `arrives`: the message
    comes from elsewhere, so even an unchanged base name must be free and usable. `neighbours`: of
    the folder that it is in. `separator`: what the target folder has in the place of the colon.
    `seconds` (since 1970) begin a fresh base name if the old one has no time; `seed` makes it
    unique.
    """
    parts = parse_info(filename, *change.sizes, neighbours)
    head, info = _changed(parts, change)
    if separator != b":" and info.startswith(b":2,") and (arrives or info != parts.info):
        info = separator + info[1:]
    plain = head + info
    base = split(plain)[0]
    moved = arrives or base != split(filename)[0]
    unfit = (
        len(plain) > NAME_MAX
        or (is_unfit(plain) and (arrives or change.usable or not is_unfit(filename)))
        or (moved and (not base or taken(base)))
    )
    if not (change.fresh or unfit):
        return Name(plain)
    if parts.kind == LOST_COLON and info == parts.info:
        info = parts.should_be
    if _CONTROL.search(info) or len(info) > NAME_MAX - BASE_LIMIT:
        info = _short_info(info)
    fresh = fresh_base(
        head, seconds=seconds, seed=seed, taken=lambda made: taken(split(made + info)[0])
    )
    if len(fresh) + len(info) > LONGEST_NAME:
        info = _short_info(info)
    info = _told_apart(fresh, info, change)
    return Name(fresh + info, replaced=not (change.fresh or change.usable))


def _changed(parts: Info, change: NameChange) -> tuple[bytes, bytes]:
    """Base name and info after the change."""
    head, info = parts.base, _repaired(parts, change)
    if change.usable:
        head = one_size(head.lstrip(b":"))
    if change.strip_uid:
        head, rest = strip_uid(head, info)
        if rest != info:
            info = parse_info(b"x" + rest).should_be
        if uid_field(head + info) is not None:  # mbsync also reads `:2,U=5`
            info = b":2," + sorted_flags(parts.flags)
    info = _told_apart(head, info, change)
    if change.set_sizes:
        head, info = set_sizes(head, info, *change.sizes)
    # The digits before a lost colon count as a size once the colon is back, and so does a field
    # without digits at the end of a name once something follows.
    if info != parts.info:
        before = sizes_of(parts, *change.sizes)
        for key, (old, now) in enumerate(zip(before, sizes_in(head, info), strict=True)):
            if old is None and now is not None:
                head, info = _with_real(head, info, key, change.sizes[key])
    if parts.kind == LOST_COLON and head != parts.base and info == parts.info:
        info = parts.should_be
    return head, info


def _told_apart(head: bytes, info: bytes, change: NameChange) -> bytes:
    """The info, not empty if the end of the base name would be taken for one."""
    if info or parse_info(head, *change.sizes).kind == NONE:
        return info
    return b":2,"


def _with_real(head: bytes, info: bytes, key: int, actual: int | None) -> tuple[bytes, bytes]:
    """The name with the real S (`key` 0) or W (1); without the field if that is not known."""
    if actual is None:
        return re.sub(rb",[SW]=\Z", b"", head), info
    return set_sizes(head, info, actual) if key == 0 else set_sizes(head, info, None, actual)


def followed(
    source: bytes, target: bytes, now: bytes, *, stays: bool, served: bool
) -> bytes | None:
    """The path to rename a message to, when it was to go from `source` to `target`, but clients
    have meanwhile renamed it to the path `now`; None if no client gives such a name.

    Flags that were added or removed since are added to or removed from the target's name. `served`:
    the target is in cur or new of a folder; a message that has been seen goes to cur. `stays`: it
    is the same folder, where a `,U=` that mbsync has written into the name is kept.
    """
    before, after = source.rpartition(b"/"), now.rpartition(b"/")
    directory, slash, name = target.rpartition(b"/")
    old_base, new_base = split(before[2])[0], split(after[2])[0]
    renamed = name
    if old_base != new_base:
        if without_uid(old_base) != without_uid(new_base):
            return None
        if stays:
            own, info = split(without_uid(name))
            renamed = own + b"".join(_UID_FIELD.findall(new_base)) + info
    renamed = _with_changed_flags(renamed, _flags_seen(before[2]), _flags_seen(after[2]))
    seen = before[0] != after[0] or split(renamed)[1] != split(name)[1]
    if seen and served and directory.rpartition(b"/")[2] == b"new":
        directory = directory[:-3] + b"cur"
        if parse_info(renamed).kind == "none" and parse_info(after[2]).info:
            renamed += b":2,"  # as clients write the name of one without flags
    return directory + slash + renamed


def _flags_seen(name: bytes) -> frozenset[int]:
    """The flags that servers read from a name: none behind a foreign separator or a lost colon."""
    info = parse_info(name)
    return frozenset(info.flags) if info.kind in ("good", "bad") else frozenset()


def _with_changed_flags(name: bytes, old: frozenset[int], new: frozenset[int]) -> bytes:
    """`name` with the flags added that are in `new` alone, and without those in `old` alone."""
    info = parse_info(name)
    flags = sorted_flags(bytes((set(info.flags) - (old - new)) | (new - old)))
    if old == new or (info.kind == "none" and not flags):
        return name
    if info.kind in ("foreign", "lost-colon") and (head := _BEFORE_FLAGS.match(info.info)):
        return info.base + head[0] + flags
    _, comma, more = info.should_be[3:].partition(b",")
    return info.base + b":2," + flags + comma + more


def is_unfit(filename: bytes) -> bool:
    """Whether servers would skip a file with this name in cur/, misread it, or fail to rename
    it."""
    return bool(name_faults(filename)) or not split(filename)[0]


def fresh_base(base: bytes, *, seconds: int, seed: bytes, taken: Callable[[bytes], bool]) -> bytes:
    """A base name that no message has, as similar to `base` as possible.

    The leading seconds (servers number new mail by them), the host and the fields stay, each field
    of a size once; the middle gets `R` and hexadecimal digits. The same `seed` gives the same name.
    """
    head, comma, fields = one_size(base.lstrip(b":")).partition(b",")
    fields = comma + fields
    first, _, rest = head.partition(b".")
    if not _FIRST.match(first):
        first, rest = b"%d" % max(seconds, 0), b""
    unique, _, host = rest.partition(b".")
    unique = _OWN_MARK.sub(b"", _UNFIT.sub(b"", unique))[:32]
    host = _UNFIT.sub(b"", host)[:64] or OWN_HOST
    if _UNFIT.search(fields) or len(fields) + len(first + unique + host) > BASE_LIMIT - 16:
        kept = {match[1][:1]: match[0] for match in reversed([*_KEPT_FIELD.finditer(fields)])}
        fields = b"".join(reversed(kept.values()))
        unique, host = unique[:8], host[:16]
    for attempt in count():
        mark = blake2b(b"%d %s" % (attempt, seed + base), digest_size=6).hexdigest().encode()
        made = b"%s.%sR%s.%s%s" % (first, unique, mark, host, fields)
        if not taken(made):
            return made
    raise AssertionError("counting does not end")


def _repaired(info: Info, change: NameChange) -> bytes:
    """The info after the change."""
    if not change.touches_info:
        return info.info
    kept = info.should_be if change.repair_info or info.kind != GOOD else info.info
    letters, comma, more = kept[3:].partition(b",")
    flags = _flags(letters, change)
    if not (flags or info.info or change.repair_info or change.set_flags is not None):
        return info.info  # nothing to write: a name in new/ needs no info
    return b":2," + flags + comma + more


def _flags(letters: bytes, change: NameChange) -> bytes:
    """The letters of an info after the change, sorted."""
    keywords = bytes(letter for letter in letters if 0x61 <= letter <= 0x7A)
    capitals = bytes(letter for letter in letters if letter not in keywords)
    if change.keywords is not None:
        mapping = change.keywords
        keywords = bytes(mapping[letter] for letter in keywords if letter in mapping)
    if change.set_flags is not None:
        chosen = sorted_flags(change.set_flags)
        unknown = bytes(letter for letter in capitals if letter not in b"DFPRST")
        capitals = unknown + bytes(letter for letter in chosen if letter < 0x61)
        keywords = bytes(letter for letter in chosen if letter >= 0x61) or keywords
    return sorted_flags(capitals + keywords + change.add_flags)


def one_size(base: bytes) -> bytes:
    """`base` with only the first `,S=` and the first `,W=`, which are the ones that count."""
    seen: set[bytes] = set()

    def first_only(match: re.Match[bytes]) -> bytes:
        if match[1] in seen:
            return b""
        seen.add(match[1])
        return match[0]

    return _LATER_SIZE.sub(first_only, base)


def _short_info(info: bytes) -> bytes:
    """The info up to a second comma; only a hostile name has more."""
    separator = info[: max(info.find(b"2,"), 0)]
    if not separator or _CONTROL.search(separator):
        separator = b":"
    return separator + b"2," + sorted_flags(parse_info(b"x" + info).flags)
