"""Reads the configuration of this host's Dovecot. It is only a hint, and may be missing."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsurgeon.maildir.config.dovecot_config import ConfigBlock, Person, SpoolLocation

SECONDS = 5.0
FOUND_BY = "doveconf"


def configuration(seconds: float = SECONDS) -> ConfigBlock | None:
    """The output of `doveconf -n` as blocks; None if the program is missing, fails, or takes longer
    than `seconds`."""
    program = _program()
    if program is None:
        return None
    import subprocess  # only where there is something to run

    from mailsurgeon.maildir.config.dovecot_config import read_configuration

    try:
        asked = subprocess.run(
            [program, "-n"],
            capture_output=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return read_configuration(asked.stdout) if asked.returncode == 0 else None


def _program() -> str | None:
    """The program of this name in PATH, or where systems install it."""
    for directory in f"{os.environ.get('PATH', '')}:/usr/bin:/usr/sbin".split(":"):
        path = os.path.join(directory, "doveconf")
        if directory and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def location_in(known: ConfigBlock, root: bytes, owner: int) -> SpoolLocation | None:
    """The directories in which Dovecot keeps the lists and indexes of the spool at `root`.

    `root` is without symlinks; `owner` is the user id of the spool's owner. A directory is None if
    it does not exist or is the spool itself. Returns None when no location in the configuration is
    this spool's.
    """
    from mailsurgeon.maildir.config.dovecot_config import SpoolLocation, find

    found = find(known, root, _person(owner), os.path.realpath)
    if found is None:
        return None
    return SpoolLocation(
        _there(found.control, root), _there(found.index, root), found.layout, found.utf8
    )


def _there(path: bytes | None, root: bytes) -> bytes | None:
    if path is None or not os.path.isdir(path):
        return None
    real = os.path.realpath(path)
    return None if real == root else real


def _person(owner: int) -> Person | None:
    from mailsurgeon.maildir.config.dovecot_config import Person

    try:
        entry = pwd.getpwuid(owner)
    except KeyError:
        return None
    return Person(entry.pw_name, entry.pw_dir)
