"""Asks this host's Dovecot how it is configured. A hint only: where it cannot be asked, nothing."""

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
    """What `doveconf -n` says; None where there is none, or it fails or takes longer than so many
    seconds."""
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
    """Where a configuration keeps the lists and indexes of the spool at `root` (without symlinks),
    whose owner has the user id `owner`: directories that exist, None for one that does not or is
    the spool itself. None when no location is this spool's."""
    found = dovecot_config.find(known, root, _person(owner), os.path.realpath)
    if found is None:
        return None
    return SpoolLocation(_there(found.control, root), _there(found.index, root), found.layout)


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
