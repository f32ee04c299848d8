"""A spool of a plain user: servers serve nobody's mail as root."""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support.spool import NS, SpoolTree


@dataclass(frozen=True, slots=True)
class Owner:
    """The plain user whose mail it is."""

    uid: int
    gid: int

    @property
    def switch(self) -> dict[str, object]:
        """What makes a child process of root this user's; nothing when we are it already."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def plain_user() -> Owner:
    """The user to run servers as: ourselves, or, as root, `nobody`."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Owner(65534, 65534)
    return Owner(nobody.pw_uid, nobody.pw_gid)


class OwnedSpool:
    """A spool in `home`, which belongs to `owner` and can be reached by him."""

    def __init__(self, home: Path, owner: Owner, spool: str) -> None:
        self.home = home
        self.owner = owner
        self.spool = home / spool

    def replace(self, place: Path, content: bytes) -> None:
        """Puts a new file in the place of a server's own, with its owner and mode."""
        draft = place.with_name(f"{place.name}.draft")
        draft.write_bytes(content)
        shutil.copymode(place, draft)
        self.give(draft)
        draft.rename(place)

    def put(self, path: str, content: bytes, mtime: int = 1_300_000_000) -> Path:
        """Writes a file into the spool as its owner would."""
        tree = SpoolTree(os.fsencode(self.spool))
        name = tree.file(os.fsencode(path), content, mtime_ns=mtime * NS, mode=0o600)
        return self.give(tree.path(name))

    def make_directory(self, path: str) -> Path:
        """Makes a directory of the spool as its owner would, its parents being there."""
        place = self.spool / path
        place.mkdir(mode=0o700)
        return self.give(place)

    def give(self, place: Path) -> Path:
        if os.geteuid() == 0:
            os.chown(place, self.owner.uid, self.owner.gid)
        return place

    def names(self) -> set[str]:
        """Every message file of the spool, by path."""
        return {
            str(path.relative_to(self.spool))
            for path in self.spool.rglob("*")
            if path.is_file() and path.parent.name in ("cur", "new")
        }
