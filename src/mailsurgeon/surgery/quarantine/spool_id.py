"""The file that gives a spool an id: `IDENTITY`, in its quarantine.

It holds a random id, which the journals note too, and names the journals of all users and hosts
that put something into this quarantine. The spool's owner can write to it, so it is only ever one
of several facts by which a journal is found.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mailsurgeon.host.files import read_small
from mailsurgeon.surgery.fsops import at
from mailsurgeon.text import visible

IDENTITY = b"IDENTITY"
_FRESH = b"IDENTITY.new"
_LIMIT = 1 << 16  # bytes: some 300 journals
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class JournalNamed:
    """A journal with things in this quarantine. Others may have written it: show it by `visible`.

    `name` is the journal's random name.
    """

    name: str
    path: str
    user: str
    host: str

    @property
    def shown(self) -> str:
        """Whose it is and where, safe to show, and whether it is to be seen from here."""
        lost = "" if os.path.lexists(self.path) else ", which is not to be found here"
        whose = f"{visible(self.user, 60)} on {visible(self.host, 60)}"
        return f"{whose}, with the journal {visible(self.path, 300)}{lost}"


@dataclass(frozen=True, slots=True)
class SpoolId:
    """The id of a spool, and the journals that know it."""

    id: str
    journals: tuple[JournalNamed, ...] = ()

    @property
    def paths(self) -> Sequence[Path]:
        """Where the journals are, as seen by the user and host that keep each."""
        return [Path(one.path) for one in self.journals]

    def known_to(self, journal: JournalNamed) -> SpoolId:
        """With this journal among those that know it."""
        others = tuple(one for one in self.journals if one.name != journal.name)
        return replace(self, journals=(*others, journal))


def new_id() -> str:
    """A random id."""
    return secrets.token_hex(16)


def read_spool_id(quarantine: bytes) -> SpoolId | None:
    """The id in the quarantine at this path; None without a sound one."""
    data = read_small(os.path.join(quarantine, IDENTITY), _LIMIT)
    if data is None:
        return None
    try:
        said = json.loads(data)
        journals = tuple(
            JournalNamed(*(str(one[key]) for key in ("name", "path", "user", "host")))
            for one in said["journals"]
        )
        return SpoolId(str(said["id"]), journals)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def write_spool_id(directory: int, spool: SpoolId, owner: tuple[int, int]) -> None:
    """Writes the id into the quarantine open as `directory`, durably. Raises OSError."""
    journals = [
        {"name": one.name, "path": one.path, "user": one.user, "host": one.host}
        for one in spool.journals
    ]
    text = json.dumps({"id": spool.id, "journals": journals}, indent=1) + "\n"
    with at.as_its_owner(directory, owner):
        with suppress(FileNotFoundError):
            os.unlink(_FRESH, dir_fd=directory)
        with os.fdopen(os.open(_FRESH, _NEW, 0o600, dir_fd=directory), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        os.rename(_FRESH, IDENTITY, src_dir_fd=directory, dst_dir_fd=directory)
        at.sync(directory)


def remove_lonely_id(directory: int, path: bytes, journal: str, besides: Collection[bytes]) -> bool:
    """Removes the id if the quarantine, open as `directory`, holds nothing else but `besides`, and
    no journal but the one of this name knows it; returns whether it did. Raises OSError."""
    names = {os.fsencode(name) for name in os.listdir(directory)} - set(besides)
    if not names or not names <= {IDENTITY, _FRESH}:
        return False
    known = read_spool_id(path)
    if known is not None and any(one.name != journal for one in known.journals):
        return False
    for name in names:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)
    return True
