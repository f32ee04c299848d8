"""Rules for folders and directories: pure functions of what a directory contains."""

from __future__ import annotations

import re
import stat
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.message_rules import LINKED
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.folder_names import INBOX
from mailsurgeon.maildir.folder_spelling import (
    RAW_UTF8,
    BadSpelling,
    SpellingRules,
    bad_spelling,
)
from mailsurgeon.maildir.lists.uidlist import BadLine
from mailsurgeon.maildir.reserved import SUBDIRS

_BACKUP_NAMES = ("backup*", "*.bak", "*.old", "*~", "*-backup*", "*.backup*", "*.converted")
_REASON_NUMBERS = re.compile(r"\d+")
BAD_PERMISSIONS = "bad-permissions"
ALIKE = 0.9
FEWEST = 20


def missing_subdir(present: Collection[bytes], taken: Collection[bytes] = ()) -> Finding | None:
    """`missing-subdir` for a folder that lacks cur, new or tmp; else None.

    `present`: those that it has, as directories or symlinks to directories. `taken`: those in whose
    place lies something else, so that they cannot be made.
    """
    missing = [name.decode() for name in SUBDIRS if name not in present]
    if not missing:
        return None
    detail: dict[str, object] = {"missing": missing}
    in_the_way = [name for name in missing if name.encode() in taken]
    if in_the_way:
        detail["in_the_way"] = in_the_way
    remedy = "make-subdirs" if missing != in_the_way else None
    return Finding("missing-subdir", Severity.ERROR, detail, remedy)


def nested_folder(path: bytes, rules: SpellingRules | None = None) -> Finding | None:
    """`nested-folder` for a Maildir in a maildir++ spool that is not `.NAME` directly under the
    root; else None.

    It becomes a folder whose name servers can open by `rules`, if given; without such a name, as
    for one called INBOX, there is no remedy. Raw UTF-8 stays as it is: that the name is bad is a
    problem of its own, and one repair does one thing.
    """
    if not path or (path.startswith(b".") and b"/" not in path):
        return None
    becomes = lifted(path)
    bad = bad_spelling(becomes, rules) if rules else None
    if bad and bad.becomes is not None:
        becomes, bad = becomes if bad.reason == RAW_UTF8 else bad.becomes, None
    detail = {"becomes": becomes.decode("utf-8", "surrogateescape")}
    if bad and bad.merge:
        detail["merge"] = INBOX
    return Finding("nested-folder", Severity.ERROR, detail, None if bad else "lift-folder")


def bad_name_of_nested(path: bytes, rules: SpellingRules) -> Finding | None:
    """`bad-folder-name` for a nested Maildir that keeps a name in raw UTF-8 when it is lifted."""
    bad = bad_spelling(lifted(path), rules)
    if bad is None or bad.reason != RAW_UTF8:
        return None
    detail = {"reason": bad.reason, "becomes": None, "nested": True}
    return Finding("bad-folder-name", Severity.ERROR, detail, None)


def bad_folder_name(
    bad: BadSpelling, becomes: str | None, merge: str | None, *, served: bool = True
) -> Finding:
    """`bad-folder-name`, for a folder that servers cannot open by its name.

    `becomes`: the path it should have. `merge`: the folder that its messages belong in (its path,
    or INBOX), if that is there already; then no remedy is proposed. `served`: a server opens these
    folders; else other programs may well open the name, and it is only worth knowing.
    """
    reason = bad.reason
    if merge is not None and merge == becomes:
        reason += "; another folder has the name it should have, and a server shows only that one"
    detail: dict[str, object] = {"reason": reason, "becomes": becomes}
    if merge is not None:
        detail["merge"] = merge
    remedy = "rename-folder" if becomes is not None and merge is None else None
    return Finding("bad-folder-name", Severity.ERROR if served else Severity.INFO, detail, remedy)


def linked_folder(*, own: bool) -> Finding:
    """`linked`, for a symlink `.NAME` in the root that leads to no Maildir. `own`: it belongs to a
    server, which needs it."""
    detail: dict[str, object] = {"kind": "symlink"}
    if own:
        detail["own"] = True
    return Finding(LINKED, Severity.WARNING, detail, None if own else "quarantine")


def lifted(path: bytes) -> bytes:
    """The path that a nested folder gets in maildir++: `.A/B` becomes `.A.B`."""
    return b"." + b".".join(part.removeprefix(b".") for part in path.split(b"/"))


def stray_directory(path: bytes, layout: str) -> Finding:
    """`stray-directory`, for a directory in a folder that contains no mail and no folder.

    `.NAME` in the root of a maildir++ spool gets no remedy, because Dovecot lists it as a folder.
    """
    listed = layout == "maildir++" and path.startswith(b".") and b"/" not in path
    return Finding("stray-directory", Severity.INFO, {}, None if listed else "quarantine")


def foreign_store(kind: str, messages: int | None) -> Finding:
    """`foreign-store`, for a mail store of another kind with this many messages; None: not
    counted."""
    return Finding("foreign-store", Severity.INFO, {"kind": kind, "messages": messages}, None)


def misplaced(kind: str, *, holds_mail: bool, to_file: bool) -> Finding:
    """`linked`, for what is no regular file in the place of a server's file.

    `holds_mail`: mail or a folder lies in it. `to_file`: it leads to a regular file, which a server
    may use in spite of the link.
    """
    detail = {"kind": kind, "server_file": True, "leads_to_file": to_file}
    remedy = None if holds_mail or to_file else "quarantine"
    return Finding(LINKED, Severity.WARNING, detail, remedy)


def bad_permissions(
    mode: int,
    owner: int,
    group: int,
    reference: tuple[int, int] | None,
    usual: int | None = None,
) -> Finding | None:
    """`bad-permissions` when owner, group or mode would keep a server out or let other users
    write, or when a folder's directory has another mode than most (`usual`); else None.

    `mode` is `st_mode`. `reference` is the owner and group of most cur directories; None when root
    owns most of them, so that ownership cannot be judged. `usual`: the permissions of most such
    directories, None when the mode is not compared.
    """
    permissions = stat.S_IMODE(mode)
    should_be = fit_mode(mode, permissions if usual is None else usual)
    foreign = reference is not None and (owner, group) != reference
    if should_be == permissions and not foreign:
        return None
    detail: dict[str, object] = {
        "mode": f"{permissions:04o}",
        "owner": owner,
        "group": group,
        "should_be": {
            "mode": f"{should_be:04o}",
            "owner": reference[0] if reference else owner,
            "group": reference[1] if reference else group,
        },
    }
    return Finding(BAD_PERMISSIONS, Severity.WARNING, detail, "fix-permissions")


def fit_mode(mode: int, permissions: int) -> int:
    """These permissions as far as they are fit for a file of this kind (`mode` is `st_mode`): its
    owner can use it and others cannot write it."""
    needed = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR
    return (permissions | needed) & ~stat.S_IWOTH


def most_usual(modes: Mapping[int, int]) -> int | None:
    """The permissions that more than half of some directories have, from how many have each; None
    if there are none.

    Only read, write and enter count, as in Dovecot's comparison of two mailboxes
    (mailbox-list-fs.c); of those that differ in other bits alone the most frequent is returned.
    """
    compared: dict[int, int] = {}
    for mode, count in modes.items():
        compared[mode & 0o777] = compared.get(mode & 0o777, 0) + count
    most = max(compared, key=lambda mode: compared[mode], default=0)
    if compared.get(most, 0) * 2 <= sum(modes.values()):
        return None
    alike = {mode: count for mode, count in modes.items() if mode & 0o777 == most}
    return max(alike, key=lambda mode: (alike[mode], -mode))


def message_mode(mode: int, usual: int | None) -> int:
    """The permissions that a message with bad ones should have: as most messages (`usual`), or
    narrower if its own are narrower and fit; its own, made fit, if all have bad ones (None).
    `mode` is `st_mode`."""
    permissions = stat.S_IMODE(mode)
    if usual is None:
        return fit_mode(mode, permissions)
    fits = fit_mode(mode, permissions) == permissions
    return fit_mode(mode, permissions & usual if fits else usual)


_NEEDED = stat.S_IRUSR
_JUDGED = stat.S_IRUSR | stat.S_IWOTH


def fit_permissions(mode: int, owner: int, group: int, reference: tuple[int, int] | None) -> bool:
    """Whether `bad_permissions` would return None for a regular file."""
    return mode & _JUDGED == _NEEDED and (reference is None or (owner, group) == reference)


LINES_SHOWN = 20


def uidlist_damaged(bad: Sequence[BadLine], *, more: bool = False) -> Finding | None:
    """`uidlist-damaged` for lines that make Dovecot throw the whole list away; None without any.

    `more`: the list has more bad lines than these. That many are no accident, so it gets no remedy.
    """
    if not bad:
        return None
    reasons = list(dict.fromkeys(_REASON_NUMBERS.sub("…", line.reason) for line in bad))
    reason = bad[0].reason if len(bad) == 1 else "; ".join(reasons[:3])
    detail: dict[str, object] = {
        "reason": f"{reason}, in {len(bad):,} lines at least" if more else reason,
        "lines": [line.number for line in bad[:LINES_SHOWN]],
        "count": len(bad),
    }
    if more:
        detail["more"] = True
    beyond = more or any(line.number == 1 for line in bad)
    return Finding("uidlist-damaged", Severity.ERROR, detail, None if beyond else "fix-uidlist")


def uidlist_unknown(reason: str, line: int = 1) -> Finding:
    """`uidlist-damaged` for a bad header line, without which no UID in the list can be read, or a
    line that is longer than any record."""
    detail = {"reason": reason, "lines": [line], "count": 1}
    return Finding("uidlist-damaged", Severity.ERROR, detail, None)


def keywords_damaged(bad: Sequence[tuple[int, str]]) -> Finding | None:
    """`keywords-damaged` for lines (number, reason) of Dovecot's names of keyword letters that it
    skips, or that break the answers that clients get; None without any."""
    if not bad:
        return None
    detail = {
        "reason": bad[0][1],
        "lines": [number for number, _ in bad[:LINES_SHOWN]],
        "count": len(bad),
    }
    return Finding("keywords-damaged", Severity.WARNING, detail, "fix-keywords")


def keywords_too_large(size: int) -> Finding:
    """`keywords-damaged` for a file larger than the names of all letters can be."""
    reason = f"{size:,} bytes are no list of 26 names"
    detail: dict[str, object] = {"reason": reason, "lines": [], "count": 0, "more": True}
    return Finding("keywords-damaged", Severity.WARNING, detail, None)


UNKNOWN_KEYWORD = "unknown-keyword"


def unknown_keyword(letters: str) -> Finding | None:
    """`unknown-keyword` for letters in a message's flags that have no name in its folder; None
    without any."""
    if not letters:
        return None
    return Finding(UNKNOWN_KEYWORD, Severity.WARNING, {"letters": letters}, None)


def big_uid(highest: int) -> Finding | None:
    """`big-uid` from 2**31 on: clients with signed 32-bit numbers see such UIDs as negative."""
    if highest < 2**31:
        return None
    return Finding("big-uid", Severity.WARNING, {"highest": highest}, None)


def stale_lock(pid: int, age_seconds: int) -> Finding:
    """`stale-lock`, for a dotlock whose process ran on this host and is gone; age in seconds."""
    detail = {"pid": pid, "age_seconds": age_seconds}
    return Finding("stale-lock", Severity.INFO, detail, "quarantine")


def bloated_index(size: int, limit: int) -> Finding | None:
    """`bloated-index` when `size` is above `limit` (bytes), where servers slow down or fail."""
    if size <= limit:
        return None
    return Finding("bloated-index", Severity.WARNING, {"bytes": size}, "quarantine")


def named_like_backup(path: bytes) -> bool:
    """Whether the last component of a folder's path looks like the name of a backup."""
    last = path.rpartition(b"/")[2].removeprefix(b".").lower().decode("latin-1")
    return any(fnmatchcase(last, pattern) for pattern in _BACKUP_NAMES)


def backup_folder(because: str, elsewhere: int | None, messages: int) -> Finding:
    """`backup-folder`, for a folder that has a backup's name or is a copy of another folder.

    `elsewhere`: how many of its `messages` are also filed elsewhere; None while that is unknown,
    and then no remedy is proposed.
    """
    detail: dict[str, object] = {
        "because": because,
        "elsewhere": elsewhere,
        "messages": messages,
    }
    if elsewhere is None:
        detail["pending"] = True
    return Finding(
        "backup-folder", Severity.INFO, detail, None if elsewhere is None else "quarantine"
    )


HOUR = 3600
_FEWEST_DATED = 3


def copied_without_dates(messages: int, first_date: int, last_date: int) -> str | None:
    """A remark on a folder in which all files have times within an hour although the dates in their
    headers (seconds since 1970) do not; None for any other. `messages`: how many have such a
    date."""
    apart = last_date - first_date
    if messages < _FEWEST_DATED or apart <= HOUR:
        return None
    span = f"{apart // 86_400:,} days" if apart >= 2 * 86_400 else f"{apart // HOUR:,} hours"
    return (
        f"copied without dates: the times of all files lie within an hour, the dates in"
        f" {messages:,} headers within {span}"
    )


PACKINGS = ("gzip", "bzip2", "xz", "zstd", "lz4", "encrypted")
"""The ways in which servers pack messages."""
TWICE = "twice"


def packed(counts: Mapping[str, int], missing: Sequence[str]) -> Finding | None:
    """`packed`, for a folder with compressed or encrypted messages; None without any.

    `counts`: how many messages are packed in which way, and under TWICE how many of them are packed
    twice. `missing`: the names of Dovecot's plugins that read them and that this host does not
    load; empty also where that is not known.
    """
    if not any(counts.get(kind) for kind in PACKINGS):
        return None
    detail: dict[str, object] = {kind: counts.get(kind, 0) for kind in (*PACKINGS, TWICE)}
    if missing:
        detail["plugins"] = list(missing)
    return Finding("packed", Severity.ERROR if missing else Severity.INFO, detail, None)


def copies_of_each_other(
    shared: Mapping[tuple[int, int], tuple[int, int]], sizes: Mapping[int, int]
) -> list[tuple[int, int]]:
    """Pairs of folders with at least 20 messages each, over 90 % of which the other folder has too.

    `shared` gives for a pair of folders how many messages of the first are in the second, and how
    many of the second are in the first; `sizes` gives the number of messages in each folder.
    """
    found: list[tuple[int, int]] = []
    for (first, second), (of_first, of_second) in shared.items():
        a, b = sizes[first], sizes[second]
        if min(a, b) >= FEWEST and of_first > ALIKE * a and of_second > ALIKE * b:
            found.append((first, second))
    return found
