"""Rules for folders and directories: pure functions of what a directory holds."""

from __future__ import annotations

import re
import stat
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.lists.uidlist import BadLine
from mailsurgeon.maildir.reserved import SUBDIRS

_BACKUP_NAMES = ("backup*", "*.bak", "*.old", "*~", "*-backup*", "*.backup*", "*.converted")
_REASON_NUMBERS = re.compile(r"\d+")
ALIKE = 0.9
FEWEST = 20


def missing_subdir(present: Collection[bytes]) -> Finding | None:
    """A folder that lacks cur, new or tmp."""
    missing = [name.decode() for name in SUBDIRS if name not in present]
    if not missing:
        return None
    return Finding("missing-subdir", Severity.ERROR, {"missing": missing}, "make-subdirs")


def nested_folder(path: bytes) -> Finding | None:
    """In maildir++: a Maildir that is not `.NAME` directly under the spool."""
    if not path or (path.startswith(b".") and b"/" not in path):
        return None
    becomes = lifted(path)
    detail = {"becomes": becomes.decode("utf-8", "surrogateescape")}
    return Finding("nested-folder", Severity.ERROR, detail, "lift-folder")


def lifted(path: bytes) -> bytes:
    """Where a nested folder belongs in maildir++: `.A/B` becomes `.A.B`."""
    return b"." + b".".join(part.removeprefix(b".") for part in path.split(b"/"))


def stray_directory(path: bytes, layout: str) -> Finding:
    """A directory with no mail and no folder in it.

    No remedy for `.NAME` in the root of a maildir++ spool: Dovecot lists it as a folder.
    """
    listed = layout == "maildir++" and path.startswith(b".") and b"/" not in path
    return Finding("stray-directory", Severity.INFO, {}, None if listed else "quarantine")


def bad_permissions(
    mode: int, owner: int, group: int, reference: tuple[int, int] | None
) -> Finding | None:
    """Owner, group or mode would keep a server out, or let others write.

    `mode` is that of stat; `reference`: owner and group of most cur directories, None where that
    is root and ownership is not judged.
    """
    needed = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR
    permissions = stat.S_IMODE(mode)
    should_be = (permissions | needed) & ~stat.S_IWOTH
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
    return Finding("bad-permissions", Severity.WARNING, detail, "fix-permissions")


_NEEDED = stat.S_IRUSR
_JUDGED = stat.S_IRUSR | stat.S_IWOTH


def fit_permissions(mode: int, owner: int, group: int, reference: tuple[int, int] | None) -> bool:
    """Whether `bad_permissions` finds nothing at a regular file."""
    return mode & _JUDGED == _NEEDED and (reference is None or (owner, group) == reference)


LINES_SHOWN = 20


def uidlist_damaged(bad: Sequence[BadLine]) -> Finding | None:
    """Lines of a uidlist for which Dovecot throws the whole list away."""
    if not bad:
        return None
    reasons = list(dict.fromkeys(_REASON_NUMBERS.sub("…", line.reason) for line in bad))
    detail = {
        "reason": bad[0].reason if len(bad) == 1 else "; ".join(reasons[:3]),
        "lines": [line.number for line in bad[:LINES_SHOWN]],
        "count": len(bad),
    }
    headless = any(line.number == 1 for line in bad)
    return Finding("uidlist-damaged", Severity.ERROR, detail, None if headless else "fix-uidlist")


def uidlist_unknown(reason: str) -> Finding:
    """A uidlist whose header line is the bad one: nothing can be said of its UIDs."""
    detail = {"reason": reason, "lines": [1], "count": 1}
    return Finding("uidlist-damaged", Severity.ERROR, detail, None)


def big_uid(highest: int) -> Finding | None:
    """UIDs that clients with signed numbers wrap to negative ones."""
    if highest < 2**31:
        return None
    return Finding("big-uid", Severity.WARNING, {"highest": highest}, None)


def stale_lock(pid: int, age_seconds: int) -> Finding:
    """A dotlock whose process on this host is gone."""
    detail = {"pid": pid, "age_seconds": age_seconds}
    return Finding("stale-lock", Severity.INFO, detail, "quarantine")


def bloated_index(size: int, limit: int) -> Finding | None:
    """An index so large that the server slows down or fails on it."""
    if size <= limit:
        return None
    return Finding("bloated-index", Severity.WARNING, {"bytes": size}, "quarantine")


def named_like_backup(path: bytes) -> bool:
    """Whether the last component of a folder's path is named like a backup."""
    last = path.rpartition(b"/")[2].removeprefix(b".").lower().decode("latin-1")
    return any(fnmatchcase(last, pattern) for pattern in _BACKUP_NAMES)


def backup_folder(because: str, elsewhere: int | None, messages: int) -> Finding:
    """A folder named like a backup, or a copy of another. `elsewhere`: messages filed twice."""
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


def copies_of_each_other(
    shared: Mapping[tuple[int, int], tuple[int, int]], sizes: Mapping[int, int]
) -> list[tuple[int, int]]:
    """Pairs of folders that are to over 90 % identical copies of each other, 20 messages at least.

    `shared`: for a pair of folders how many of the first's messages the second has, and the other
    way round; `sizes`: how many messages each folder has.
    """
    found: list[tuple[int, int]] = []
    for (first, second), (of_first, of_second) in shared.items():
        a, b = sizes[first], sizes[second]
        if min(a, b) >= FEWEST and of_first > ALIKE * a and of_second > ALIKE * b:
            found.append((first, second))
    return found
