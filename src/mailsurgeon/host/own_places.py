"""Where the program keeps what is its own: never inside a spool.

Servers would take a journal or an index there for mail, and a repair could put it away. That
matters where a user's home is his spool (Dovecot's `maildir:~`), because the usual directories lie
in the home. Then root uses `/var/lib/mailsurgeon`; any other user's journal lies beside the home,
if that can be written to, and his index is made anew each time.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path, user_state_path

NAME = "mailsurgeon"
SYSTEM_STATE = Path("/var/lib") / NAME
SYSTEM_CACHE = SYSTEM_STATE / "index"
_TEMPORARY = ("/var/tmp", "/tmp")


def maildir_around(path: bytes, root: bytes) -> bytes | None:
    """The spool `root`, or the outermost Maildir, that `path` lies in or is; None if in neither.

    `path` need not exist; symlinks on the way are followed.
    """
    path = os.path.realpath(path)
    if os.path.join(path, b"").startswith(os.path.join(root, b"")):
        return root
    found = None
    while path != os.path.dirname(path):
        if all(os.path.isdir(os.path.join(path, name)) for name in (b"cur", b"new")):
            found = path
        path = os.path.dirname(path)
    return found


def state_home(root: bytes) -> Path:
    """The directory for journals, used for the spool `root`."""
    usual = user_state_path(NAME)
    around = maildir_around(os.fsencode(usual), root)
    if around is None:
        return usual
    if os.geteuid() == 0:
        return SYSTEM_STATE
    above, name = os.path.split(around)
    return Path(os.fsdecode(os.path.join(above, b"." + name + b"." + NAME.encode())))


def cache_home(root: bytes) -> Path | None:
    """The directory for indexes, used for the spool `root`; None if there is none outside it."""
    usual = user_cache_path(NAME)
    if maildir_around(os.fsencode(usual), root) is None:
        return usual
    return SYSTEM_CACHE if os.geteuid() == 0 else None


def temporary_home(root: bytes) -> str:
    """The directory for temporary files, used for the spool `root`. `TMPDIR` may be `~/tmp`, and
    with it a directory of the spool."""
    import tempfile

    for place in (tempfile.gettempdir(), *_TEMPORARY):
        if maildir_around(os.fsencode(place), root) is None and os.access(place, os.W_OK):
            return place
    return tempfile.gettempdir()
