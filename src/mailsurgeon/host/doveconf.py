"""Reads the configuration of this host's Dovecot. It is only a hint, and may be missing."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess

from mailsurgeon.maildir.config import dovecot_config
from mailsurgeon.maildir.config.dovecot_config import ConfigBlock, Person, SpoolLocation

SECONDS = 5.0
FOUND_BY = "doveconf"


def configuration(seconds: float = SECONDS) -> ConfigBlock | None:
    """The output of `doveconf -n` as blocks; None if the program is missing, fails, or takes longer
    than `seconds`."""
    program = shutil.which("doveconf", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
    if program is None:
        return None
    try:
        asked = subprocess.run(
            [program, "-n"],
            capture_output=True, check=False, timeout=seconds, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return dovecot_config.read_configuration(asked.stdout) if asked.returncode == 0 else None


def location_in(known: ConfigBlock, root: bytes, owner: int) -> SpoolLocation | None:
    """The directories in which Dovecot keeps the lists and indexes of the spool at `root`.

    `root` is without symlinks; `owner` is the user id of the spool's owner. A directory is None if
    it does not exist or is the spool itself. Returns None when no location in the configuration is
    this spool's.
    """
    found = dovecot_config.find(known, root, _person(owner), os.path.realpath)
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
    try:
        entry = pwd.getpwuid(owner)
    except KeyError:
        return None
    return Person(entry.pw_name, entry.pw_dir)
