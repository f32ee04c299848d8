"""Rules for folders and directories: pure functions of what a directory holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.problem import Severity
from mailsurgeon.maildir.reserved import SUBDIRS

_BACKUP_NAMES = ("backup*", "*.bak", "*.old", "*~", "*-backup*", "*.backup*", "*.converted")
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
    """A directory with no mail and no folder in it; `.NAME` in a maildir++ root is listed by Dovecot."""
    listed = layout == "maildir++" and path.startswith(b".") and b"/" not in path
    return Finding("stray-directory", Severity.INFO, {}, None if listed else "quarantine")


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
