"""Rules for a single message: pure functions of its facts.

Each rule returns a Finding or None. `judge` applies them all and decides which may go together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from errno import EACCES, EPERM
from typing import Any

from mailsurgeon.diagnosis.facts import PLAIN, Finding, FolderFacts, MessageFacts, Moment
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.filename import (
    FOREIGN,
    GOOD,
    LONGEST_NAME,
    MAX_DIGITS,
    NONE,
    name_faults,
    parse_info,
    size_fields,
    sorted_flags,
    split,
)
from mailsurgeon.maildir.message import Traits
from mailsurgeon.maildir.message_fast import Glance, Peek

MINUTE = 60
DAY = 86_400
YEAR = 365 * DAY


def judge(facts: MessageFacts, folder: FolderFacts, moment: Moment) -> list[Finding]:
    """All problems of a file that do not depend on other files.

    A file in tmp/ has none here, because its problem depends on its age.
    """
    if facts.place == "tmp":
        return []
    if facts.kind != "file":
        return [linked(facts)] if facts.place in ("cur", "new") else []
    if not moment.full:
        facts = _unread(facts)
    if facts.traits & Traits.MBOX and facts.place in ("cur", "new"):
        # No message at all: only flags that a server misreads are worth a repair.
        flags = bad_flags(facts, folder)
        lost = flags if flags and flags.detail["info"] else None
        return [finding for finding in (from_line(facts), lost) if finding]
    found = [rule(facts, folder) for rule in FILE_RULES]
    if facts.size == 0:
        found += [size_mismatch(facts, folder, moment, hopeless=True), empty(facts)]
    elif facts.errno is None:
        cut, junk = truncated(facts, folder), not_mail(facts)
        hopeless = cut is not None or junk is not None
        found += [broken_packing(facts), size_mismatch(facts, folder, moment, hopeless=hopeless)]
        if facts.read:
            found += _judge_content(facts, moment, cut, junk)
    return [finding for finding in found if finding]


# A healthy name: seconds, S=, W=, the fields of mbsync and offlineimap, the info.
_SOUND = re.compile(
    rb"(?:(\d{1,10})\.|(?!\d+(?:\.|\Z))(?![.:]))[^:,/\x00-\x1f\x7f]*(?:,S=(\d{1,18}))?(?:,W=(\d{1,18}))?"
    rb"(?:,U=\d+)?(?:,FMD5=[0-9a-f]+)?(:2,D?F?P?R?S?T?([a-z]*))?\Z"
)


def sound(
    name: bytes,
    place: str,
    size: int,
    mtime_ns: int,
    folder: FolderFacts,
    moment: Moment,
    content: Peek | Glance | None = None,
) -> bool:
    """Whether a readable regular file is certainly healthy: the only test that most messages need.

    When it returns False, `judge` finds out what is wrong, if anything. `content`: the facts in
    the text; None in a quick survey. `size` is in bytes, `mtime_ns` in nanoseconds.
    """
    match = _SOUND.match(name)
    if match is None or not size or len(name) > LONGEST_NAME:
        return False
    seconds, named, named_virtual, info, keywords = match.groups()
    if info is None:
        if place == "cur" or parse_info(name, neighbours=folder.neighbours).kind != NONE:
            return False
    elif folder.separator is not None or (keywords and keywords != sorted_flags(keywords)):
        return False
    if folder.sizes and (named is None or named_virtual is None):
        return False
    if named is not None and int(named) != size:
        return False
    if content is None:
        return not moment.full
    virtual, identity, _, _, date = content
    if identity is None or (named_virtual is not None and int(named_virtual) != virtual):
        return False
    mtime = mtime_ns // 1_000_000_000
    if date is not None and not -DAY <= mtime - date <= DAY:
        named_date = None if seconds is None else int(seconds)
        if is_far(mtime, date, named_date):
            return False
    late = moment.now + DAY
    return mtime <= late and (seconds is None or int(seconds) <= late)


# Names in cur that `_SOUND` has, one after another: nearly all.
_USUAL_NAMES = re.compile(
    rb"\d{1,10}\.[^:,/\x00-\x1f\x7f]*(?:,S=(\d{1,18}))?(?:,W=\d{1,18})?(?:,U=\d+)?"
    rb"(?:,FMD5=[0-9a-f]+)?(:2,)D?F?P?R?S?T?\0|[^\0]*\0"
)


def not_surely_sound(names: Sequence[bytes], sizes: Sequence[int]) -> list[int]:
    """As `sound` for many files in the cur of a folder with usual facts, in a quick survey: the
    places in these lists of those that need a closer look."""
    if max(map(len, names), default=0) > LONGEST_NAME:
        return list(range(len(names)))
    found = _USUAL_NAMES.findall(b"\0".join(names) + b"\0")
    return [
        place
        for place, ((named, info), size) in enumerate(zip(found, sizes, strict=True))
        if not (info and size and (not named or int(named) == size))
    ]


def _unread(facts: MessageFacts) -> MessageFacts:
    """The facts without those that an earlier full survey read from the file's content."""
    return replace(
        facts, encoding=PLAIN, traits=0, plain_size=None, virtual_size=None, broken=None,
        errno=None,
    )  # fmt: skip


def _judge_content(
    facts: MessageFacts, moment: Moment, cut: Finding | None, junk: Finding | None
) -> list[Finding | None]:
    if facts.traits & Traits.MBOX:
        return [from_line(facts)]
    if junk:
        return [junk]
    found = [cut, from_line(facts), bad_date(facts, moment)]
    no_header = not facts.traits & (Traits.FIRST_FIELD | Traits.KNOWN_FIELD)
    if cut is None or not (no_header or facts.traits & Traits.HEADER_CUT):
        found += [header_only(facts), no_message_id(facts)]
    return found


def _size(facts: MessageFacts) -> int:
    """The size of the text in bytes, decompressed if the file is compressed."""
    return facts.size if facts.plain_size is None else facts.plain_size


def size_mismatch(
    facts: MessageFacts, folder: FolderFacts, moment: Moment, *, hopeless: bool
) -> Finding | None:
    """`,S=` or `,W=` in the name is not the real size; without them the uidlist's S or W counts.

    `hopeless`: the file is empty, truncated or no mail, so that its name is the only trace of what
    was lost.
    """
    if moment.full and not facts.read and facts.size:
        return None
    size = _size(facts)
    virtual = 0 if moment.full and not facts.size else facts.virtual_size
    named = size_fields(facts.filename, size, virtual, folder.neighbours)
    listed = folder.sizes.get(split(facts.filename)[0], (None, None))
    detail: dict[str, Any] = {}
    in_name = False
    for key, said, record, actual in zip("SW", named, listed, (size, virtual), strict=True):
        claim = record if said is None else said
        if claim is None or actual is None or claim == actual:
            continue
        detail[key] = [claim, actual]
        in_name = in_name or said is not None
    if not detail:
        return None
    if not in_name:
        detail["in"] = "uidlist"
    if not moment.full:
        detail["pending"] = True
    remedy = "fix-size" if moment.full and not hopeless else None
    return Finding("size-mismatch", Severity.ERROR, detail, remedy)


def broken_packing(facts: MessageFacts) -> Finding | None:
    """The file is compressed or encrypted, and a server that unpacks it fails."""
    if facts.broken is None or facts.place == "tmp":
        return None
    detail = {"packing": facts.encoding, "reason": facts.broken}
    return Finding("broken-packing", Severity.ERROR, detail, None)


def empty(facts: MessageFacts) -> Finding | None:
    """A file of 0 bytes in cur or new."""
    return empty_file() if facts.size == 0 and facts.place in ("cur", "new") else None


def empty_file() -> Finding:
    """The finding for a file of 0 bytes, in cur, in new or left in tmp."""
    return Finding("empty", Severity.ERROR, {}, "quarantine")


CUT_HEADER = "the header breaks off without a line end"
CUT_BODY = "the closing boundary is missing"
CUT_ZEROS = "zeros"
"""The reason of a file that a crash has left full of NULs, wholly or from some place on."""


def truncated(facts: MessageFacts, folder: FolderFacts) -> Finding | None:
    """The name gives another size, and the text ends in the middle of its header or a multipart; or
    the text ends in NULs, whatever the name gives."""
    if not facts.read:
        return None
    if facts.traits & Traits.ZEROS:
        return Finding("truncated", Severity.WARNING, {"reason": CUT_ZEROS}, None)
    size = _size(facts)
    named, _ = size_fields(facts.filename, size, facts.virtual_size, folder.neighbours)
    if named is None or named == size:
        return None
    if facts.traits & Traits.HEADER_CUT:
        return Finding("truncated", Severity.WARNING, {"reason": CUT_HEADER}, None)
    open_end = facts.traits & Traits.MULTIPART and not facts.traits & Traits.CLOSED
    if named > size and open_end:
        return Finding("truncated", Severity.WARNING, {"reason": CUT_BODY}, None)
    return None


def not_mail(facts: MessageFacts) -> Finding | None:
    """The file does not begin with a header field, and has none of the fields that mail has."""
    if facts.place not in ("cur", "new") or not facts.read:
        return None
    if facts.traits & (Traits.FIRST_FIELD | Traits.KNOWN_FIELD | Traits.MBOX | Traits.ZEROS):
        return None
    return Finding("not-mail", Severity.WARNING, {"looks_like": facts.looks_like}, "quarantine")


def bad_flags(facts: MessageFacts, folder: FolderFacts) -> Finding | None:
    """The info is missing in cur, or is not in the one form that all programs read.

    A folder with a separator of its own is left as it is; there, a colon is the odd one.
    """
    own = folder.separator
    info = parse_info(facts.filename, _size(facts), facts.virtual_size, folder.neighbours)
    if info.kind == NONE and facts.place != "cur":
        return None
    if info.kind == GOOD and (own is None or folder.served):
        return None
    usual = own is not None and (
        info.kind == NONE or (info.kind == FOREIGN and info.separator == own and not info.torn)
    )
    should_be = info.should_be
    if own is not None and not usual and not folder.served:
        should_be = own.upper() + should_be[1:]
    detail = {"info": os.fsdecode(info.info), "should_be": os.fsdecode(should_be)}
    if usual or info.kind == GOOD:
        return Finding("bad-flags", Severity.INFO, detail, None)
    return Finding("bad-flags", Severity.WARNING, detail, "fix-flags")


def bad_name(facts: MessageFacts, _folder: FolderFacts) -> Finding | None:
    """Servers skip, misread or cannot change the name."""
    if facts.place not in ("cur", "new"):
        return None
    faults = name_faults(facts.filename)
    if not faults:
        return None
    return Finding("bad-name", Severity.WARNING, {"reason": "; ".join(faults)}, "rename")


def header_only(facts: MessageFacts) -> Finding | None:
    """The message ends after its header block, which is legal (RFC 5322 3.5)."""
    if facts.traits & Traits.HEADER_ONLY:
        return Finding("header-only", Severity.INFO, {}, None)
    return None


def no_message_id(facts: MessageFacts) -> Finding | None:
    """The message has no Message-ID."""
    if facts.has_message_id:
        return None
    return Finding("no-message-id", Severity.INFO, {}, None)


def from_line(facts: MessageFacts) -> Finding | None:
    """The file begins with the From line of an mbox."""
    if facts.traits & Traits.FROM_LINE:
        return Finding("from-line", Severity.INFO, {}, None)
    return None


BAD_DATE = "bad-date"


def bad_date(facts: MessageFacts, moment: Moment) -> Finding | None:
    """The file's time is in the future or far from the header's date, or the time in the name is in
    the future."""
    mtime = facts.mtime_ns // 1_000_000_000
    named = seconds_named(facts.filename)
    late = mtime > moment.now + DAY
    far = facts.date is not None and is_far(mtime, facts.date, named)
    if not (late or far or (named is not None and named > moment.now + DAY)):
        return None
    detail = {"mtime": mtime, "header_date": facts.date, "name_date": named}
    remedy = "fix-date" if (late or far) and _can_be_set(facts.date, moment.now) else None
    return Finding(BAD_DATE, Severity.INFO, detail, remedy)


_EARLIEST = -(2**31)  # ext4 and XFS hold no earlier time


def _can_be_set(header: int | None, now: float) -> bool:
    """Whether a header's date may be a file's time: not one in the future, which would be odd too,
    nor one before file systems begin to count. Both in seconds since 1970."""
    return header is not None and _EARLIEST <= header <= now + DAY


def seconds_named(filename: bytes) -> int | None:
    """The seconds since 1970 before the first dot of a name; None when something else is there."""
    digits = filename.partition(b".")[0]
    return int(digits) if digits.isdigit() and len(digits) <= MAX_DIGITS else None


def is_far(mtime: int, header: int, named: int | None) -> bool:
    """Whether a file's time is too far from its header's date: over a year, or over a day when the
    time in the name confirms the header within a day. All in seconds since 1970."""
    apart = abs(mtime - header)
    return apart > YEAR or (apart > DAY and named is not None and abs(named - header) <= DAY)


def offered_date(filename: bytes, mtime_ns: int, header: int | None, now: float) -> Finding | None:
    """`bad-date` for a file that the operator names although its time is near enough to its
    header's date: any difference over a minute. `header` and `now` are in seconds since 1970."""
    mtime = mtime_ns // 1_000_000_000
    if header is None or abs(mtime - header) <= MINUTE or not _can_be_set(header, now):
        return None
    detail = {"mtime": mtime, "header_date": header, "name_date": seconds_named(filename)}
    return Finding(BAD_DATE, Severity.INFO, detail, "fix-date")


def unreadable(facts: MessageFacts, _folder: FolderFacts) -> Finding | None:
    """The file cannot be opened or read."""
    if facts.errno is None:
        return None
    detail = {"errno": facts.errno, "error": os.strerror(facts.errno)}
    remedy = "fix-permissions" if facts.errno in (EACCES, EPERM) else None
    return Finding("unreadable", Severity.ERROR, detail, remedy)


LINKED = "linked"


def linked(facts: MessageFacts) -> Finding:
    """The finding for an entry of cur or new that is not a regular file."""
    remedy = None if facts.holds_mail else "quarantine"
    return Finding(LINKED, Severity.WARNING, {"kind": facts.kind}, remedy)


FILE_RULES: tuple[Callable[[MessageFacts, FolderFacts], Finding | None], ...] = (
    unreadable,
    bad_flags,
    bad_name,
)
"""The rules for every regular file that is not `sound`, whether or not it has been read."""
