"""Finds the databases of notmuch that index a spool."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.config.notmuch_config import notmuch_database

_LARGEST = 1 << 20
_DATABASE = os.path.join(b".notmuch", b"xapian")


def notmuch_databases(root: bytes, owner: int) -> list[bytes]:
    """The directories of notmuch's databases that index the spool at `root`, as far as can be seen:
    those in the spool and in the directories above it, and those that the settings of its owner (a
    user id), or of this process, name."""
    around = (os.path.join(place, _DATABASE) for place in _upwards(root))
    found = [place for place in around if _belongs_to(place, (owner, os.geteuid()))]
    for settings, home in _settings(owner):
        text = read_small(settings, _LARGEST)
        known = notmuch_database(text.decode("utf-8", "surrogateescape"), home) if text else None
        if known is not None and _near(os.path.realpath(known.mail), root):
            found.append(known.xapian)
    real = dict.fromkeys(os.path.realpath(place) for place in found if os.path.isdir(place))
    return list(real)


def _upwards(path: bytes) -> Iterator[bytes]:
    while True:
        yield path
        above = os.path.dirname(path)
        if above == path:
            return
        path = above


def _settings(owner: int) -> Iterator[tuple[bytes, bytes]]:
    """Files of settings (notmuch-config(1)), each with the home that its paths are relative to."""
    environ = os.environb
    own = environ.get(b"HOME", b"/")
    if named := environ.get(b"NOTMUCH_CONFIG"):
        yield named, own
    homes: list[tuple[bytes, bytes]] = []
    if owner == os.geteuid():
        homes.append((own, environ.get(b"XDG_CONFIG_HOME") or os.path.join(own, b".config")))
    with suppress(KeyError):
        home = os.fsencode(pwd.getpwuid(owner).pw_dir)
        homes.append((home, os.path.join(home, b".config")))
    for home, configuration in homes:
        yield os.path.join(home, b".notmuch-config"), home
        directory = os.path.join(configuration, b"notmuch")
        with suppress(OSError):
            for profile in sorted(os.listdir(directory))[:100]:
                yield os.path.join(directory, profile, b"config"), home


def _belongs_to(path: bytes, users: tuple[int, int]) -> bool:
    """Whether one of these made it: anybody may put a locked file into `/tmp`."""
    try:
        return os.lstat(path).st_uid in users
    except OSError:
        return False


def _near(mail: bytes, root: bytes) -> bool:
    """Whether one of two directories lies in the other."""
    one, other = os.path.join(mail, b""), os.path.join(root, b"")
    return one.startswith(other) or other.startswith(one)
