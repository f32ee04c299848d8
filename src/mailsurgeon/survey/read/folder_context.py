"""What the names of one folder say together: its separator, its name clashes, its uidlist."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mailsurgeon.diagnosis.facts import FolderFacts
from mailsurgeon.diagnosis.message_rules import store_separator
from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.filename import parse_info, split
from mailsurgeon.maildir.lists.mbsync_state import highest_uid_given
from mailsurgeon.maildir.server_files import MBSYNC_UIDVALIDITY
from mailsurgeon.maildir.spool import Spool, join


@dataclass(slots=True)
class FolderContext:
    """`clashes`: base name to the paths (relative to the spool) that bear it.

    `sizes`: base name to the S and W of its uidlist record, where it has one of them. `marked`:
    some of its names bear `,U=`.
    """

    folder: bytes
    facts: FolderFacts
    marked: bool = False
    clashes: dict[bytes, list[bytes]] = field(default_factory=dict[bytes, list[bytes]])
    sizes: Mapping[bytes, tuple[int | None, int | None]] = field(
        default_factory=dict[bytes, tuple[int | None, int | None]]
    )

    def facts_for(self, names: Iterable[bytes]) -> FolderFacts:
        """The folder's facts as far as these names need them; small enough to send to a worker."""
        if not self.sizes:
            return self.facts
        bases = {split(name)[0] for name in names}
        sizes = {base: self.sizes[base] for base in bases if base in self.sizes}
        return replace(self.facts, sizes=sizes)


def folder_context(
    folder: bytes,
    cur: list[bytes],
    new: list[bytes],
    sizes: Mapping[bytes, tuple[int | None, int | None]],
    owner: tuple[int, int] | None,
) -> FolderContext:
    """Looks at all names of a folder (of regular files in cur and new) together."""
    parts = [name.partition(b":") for names in (cur, new) for name in names]
    facts = FolderFacts(_separator(parts), owner=owner)
    marked = any(b",U=" in b"\0".join(names) for names in (cur, new))
    bases = {base for base, _, _ in parts}
    clashes = _clashes(folder, cur, new) if len(bases) < len(parts) else {}
    return FolderContext(folder, facts, marked, clashes, sizes)


_USUAL = parse_info(b"x:2,")


def _separator(parts: list[tuple[bytes, bytes, bytes]]) -> bytes | None:
    """What stands for the colon in most names of a folder, None where that is the colon. The names
    are given as what lies before their colon, the colon, and the rest."""
    odd = [parse_info(name) for name, colon, _ in parts if not colon]
    if not odd:
        return None
    # A name with a colon has no foreign separator, whatever else it has.
    return store_separator(odd + [_USUAL] * (len(parts) - len(odd)))


def _clashes(folder: bytes, cur: list[bytes], new: list[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for subdir, names in ((b"cur", cur), (b"new", new)):
        for name in names:
            path = join(folder, subdir + b"/" + name)
            found.setdefault(name.partition(b":")[0], []).append(path)
    return {base: paths for base, paths in found.items() if len(paths) > 1}


def read_uidvalidity(spool: Spool, folder: bytes) -> int | None:
    """The highest UID mbsync has given out in this folder (isync's native scheme), or None."""
    data = read_small(os.path.join(spool.root, folder, MBSYNC_UIDVALIDITY), 4096)
    return highest_uid_given(data) if data else None
