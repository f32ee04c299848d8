"""Makes a file of a session log: for its owner only, and never half of one."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable
from contextlib import suppress

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_WITHOUT_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def save_log(
    path: str | os.PathLike[str],
    pieces: Iterable[str],
    *,
    replace: bool = False,
    executable: bool = False,
) -> None:
    """Writes the pieces to a draft in the same directory, which gets the name when it is whole.

    Names and subjects are private, so only the owner may read it. `replace`: another file with that
    name is given up; a device or a pipe is written to. Raises OSError, FileExistsError without
    `replace`, and what `pieces` raises; whatever was there is then as it was.
    """
    place = os.path.realpath(path) if replace else os.path.abspath(path)
    if replace and os.path.lexists(place) and not os.path.isfile(place):
        _write(os.open(place, os.O_WRONLY | os.O_CLOEXEC), pieces)
        return
    if not replace and os.path.lexists(place):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), place)
    draft = os.path.join(os.path.dirname(place), f".mailsurgeon-{secrets.token_hex(6)}.draft")
    handle = os.open(draft, _NEW, 0o700 if executable else 0o600)
    try:
        _write(handle, pieces)
        if replace:
            os.replace(draft, place)
        else:
            _name(draft, place)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise


def _write(handle: int, pieces: Iterable[str]) -> None:
    with open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        for piece in pieces:
            file.write(piece)


def _name(draft: str, place: str) -> None:
    """Gives a draft its name, unless something has that name by now."""
    try:
        os.link(draft, place)
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS or os.path.lexists(place):
            raise
        os.rename(draft, place)
    else:
        os.unlink(draft)
