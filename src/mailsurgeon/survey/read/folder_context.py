"""Facts about all names of a folder together: separator, name clashes, sizes in the uidlist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mailsurgeon.diagnosis.conventions import conventions_of
from mailsurgeon.diagnosis.facts import FolderFacts
from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.filename import parse_info, split
from mailsurgeon.maildir.lists.keywords import LARGEST_KEYWORDS, nameless, parse_keywords
from mailsurgeon.maildir.lists.mbsync_state import highest_uid_given
from mailsurgeon.maildir.server_files import (
    DOVECOT_KEYWORDS,
    DOVECOT_UIDLIST,
    MBSYNC_UIDVALIDITY,
    TABLE,
)
from mailsurgeon.maildir.spool import Spool, join, list_path

_LETTERED = re.compile(rb":2,[A-Z]*[a-z]")


@dataclass(slots=True)
class FolderContext:
    """The facts of one folder.

    `clashes`: the paths (relative to the spool) of files that share a base name, by base name.
    `sizes`: the S and W of uidlist records that have one of them, by base name. `marked`: at least
    one name has `,U=`. `lettered`: the paths of files with keyword letters that Dovecot has no name
    for in this folder, and these letters.
    """

    folder: bytes
    facts: FolderFacts
    marked: bool = False
    clashes: dict[bytes, list[bytes]] = field(default_factory=dict[bytes, list[bytes]])
    sizes: Mapping[bytes, tuple[int | None, int | None]] = field(
        default_factory=dict[bytes, tuple[int | None, int | None]]
    )
    lettered: tuple[tuple[bytes, str], ...] = ()

    def facts_for(self, names: Iterable[bytes]) -> FolderFacts:
        """The part of the folder's facts that these names need, small enough for a worker."""
        if not self.sizes:
            return self.facts
        bases = {split(name)[0] for name in names}
        sizes = {base: self.sizes[base] for base in bases if base in self.sizes}
        return replace(self.facts, sizes=sizes)


def folder_context(
    spool: Spool,
    folder: bytes,
    cur: list[bytes],
    new: list[bytes],
    sizes: Mapping[bytes, tuple[int | None, int | None]],
    owner: tuple[int, int] | None,
    store: bytes | None = None,
) -> FolderContext:
    """The context of a folder, from the names of the regular files in its cur and new.

    `store`: the separator of the whole spool, if it is not the colon.
    """
    parts = [name.partition(b":") for names in (cur, new) for name in names]
    odd = [name for name, colon, _ in parts if not colon]
    separator, served, neighbours = conventions_of(
        odd,
        len(parts) - len(odd),
        store,
        highest_uid=lambda: read_uidvalidity(spool, folder),
        served=lambda: _listed(spool, folder),
    )
    facts = FolderFacts(separator, owner=owner, served=served, neighbours=neighbours)
    marked = any(b",U=" in b"\0".join(names) for names in (cur, new))
    bases = {base for base, _, _ in parts}
    clashes = _clashes(folder, cur, new) if len(bases) < len(parts) else {}
    return FolderContext(folder, facts, marked, clashes, sizes)


def lettered_files(
    folder: bytes, files: list[list[bytes]], letters: Mapping[int, bytes]
) -> Iterator[tuple[bytes, str]]:
    """The paths of a folder's files that have keyword letters without a name, and these letters.

    `files`: the names in cur, and those in new. `letters`: the names that Dovecot has.
    """
    for subdir, names in zip((b"cur", b"new"), files, strict=True):
        together = b"\0".join(names)
        if together.count(b":2,") == len(names) and not lettered(together):
            continue  # as in most folders, and much faster than a look at each name
        for name in names:
            info = name[name.rfind(b":") + 1 :]
            if info != info.upper():
                found = nameless(parse_info(name).flags, letters)
                if found:
                    yield join(folder, subdir + b"/" + name), found


def lettered(names: bytes) -> bool:
    """Whether one of several names that are joined has a keyword letter in a usual info."""
    return _LETTERED.search(names) is not None


def _listed(spool: Spool, folder: bytes) -> bool:
    """Whether a server keeps a list of UIDs for the folder."""
    return any(os.path.lexists(list_path(spool, folder, name)) for name in TABLE.uidlists)


def _clashes(folder: bytes, cur: list[bytes], new: list[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for subdir, names in ((b"cur", cur), (b"new", new)):
        for name in names:
            path = join(folder, subdir + b"/" + name)
            found.setdefault(split(name)[0], []).append(path)
    return {base: paths for base, paths in found.items() if base and len(paths) > 1}


def read_uidvalidity(spool: Spool, folder: bytes) -> int | None:
    """The highest UID that mbsync has assigned in a folder, or None when it does not use isync's
    native scheme there."""
    data = read_small(os.path.join(spool.root, folder, MBSYNC_UIDVALIDITY), 4096)
    return highest_uid_given(data) if data else None


def read_letters(spool: Spool, folder: bytes) -> Mapping[int, bytes] | None:
    """The names of Dovecot's keyword letters in a folder; None if Dovecot has left no list there,
    or the names cannot be read."""
    path = list_path(spool, folder, DOVECOT_KEYWORDS)
    data = read_small(path, LARGEST_KEYWORDS)
    if data is not None:
        return parse_keywords(data).names
    numbered = os.path.lexists(list_path(spool, folder, DOVECOT_UIDLIST))
    return {} if numbered and not os.path.lexists(path) else None
