"""Finds in notmuch's settings where its database is (notmuch-config(1), 0.37). Pure."""

from __future__ import annotations

import os
from configparser import Error, RawConfigParser
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotmuchDatabase:
    """`mail`: the directory above all mail that it indexes. `xapian`: the database's directory."""

    mail: bytes
    xapian: bytes


def notmuch_database(settings: str, home: bytes) -> NotmuchDatabase | None:
    """The database that these settings name; None if they name none.

    `database.path` holds the mail, and the database in `.notmuch/xapian` below; with
    `database.mail_root`, that is the mail, and the database is in `xapian` below the path. Both
    may be relative to `home`.
    """
    parser = RawConfigParser(strict=False, allow_no_value=True, comment_prefixes=("#",))
    try:
        parser.read_string(settings)
        path = parser.get("database", "path", fallback="") or ""
        root = parser.get("database", "mail_root", fallback="") or ""
    except Error:
        return None
    if not path:
        return None
    place = _absolute(path, home)
    if not root:
        return NotmuchDatabase(place, os.path.join(place, b".notmuch", b"xapian"))
    return NotmuchDatabase(_absolute(root, home), os.path.join(place, b"xapian"))


def _absolute(path: str, home: bytes) -> bytes:
    written = path.encode("utf-8", "surrogateescape")
    return os.path.join(home, written.removeprefix(b"~/"))
