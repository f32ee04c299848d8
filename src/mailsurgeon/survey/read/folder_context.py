"""Facts about all names of a folder together: separator, name clashes, sizes in the uidlist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

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
from mailsurgeon.survey.walk.walk import without_prefix

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


class NamesTogether(NamedTuple):
    """What all names of a folder show together.

    `kept` is the part of `context` that the comparison of messages needs; the sizes of a whole
    folder would take much memory. `usual`: any folder with usual names has this context.
    """

    context: FolderContext
    kept: FolderContext
    usual: bool


def names_together(
    spool: Spool,
    folder: bytes,
    files: Sequence[list[bytes]],
    sizes: Mapping[bytes, tuple[int | None, int | None]],
    letters: Mapping[int, bytes] | None,
    owner: tuple[int, int] | None,
    store: bytes | None,
) -> NamesTogether:
    """What the names of the regular files in a folder's cur and new (`files`, each sorted) show.
    `letters`: the names of Dovecot's keyword letters there, None if they are not known."""
    cur, new = (without_prefix(names, b".") for names in files)
    context = folder_context(spool, folder, cur, new, sizes, owner, store)
    # A message with a leading dot in its name has these flags once it is renamed.
    lettered = () if letters is None else tuple(lettered_files(folder, files, letters))
    kept = FolderContext(
        folder, FolderFacts(neighbours=context.facts.neighbours), context.marked, context.clashes,
        lettered=lettered,
    )  # fmt: skip
    return NamesTogether(context, kept, _is_usual(context, owner, files))


def base_names(files: Iterable[Iterable[bytes]]) -> set[bytes]:
    """The base names in several directories, those of names that begin with a dot left out."""
    return {
        name.partition(b":")[0] for names in files for name in names if not name.startswith(b".")
    }


def _is_usual(
    context: FolderContext, owner: tuple[int, int] | None, files: Sequence[Sequence[bytes]]
) -> bool:
    """Whether any folder with names like these, those in cur and those in new, has this context:
    nothing but the names and the list of UIDs decides."""
    filed, new = (b"\0".join(names) for names in files)
    return (
        context.facts == FolderFacts(owner=owner)
        and not (context.sizes or context.clashes or context.marked)
        and filed.count(b":2,") == len(files[0])
        and b":" not in new
        and not _is_lettered(filed)
    )


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
    folder: bytes, files: Sequence[Sequence[bytes]], letters: Mapping[int, bytes]
) -> Iterator[tuple[bytes, str]]:
    """The paths of a folder's files that have keyword letters without a name, and these letters.

    `files`: the names in cur, and those in new. `letters`: the names that Dovecot has.
    """
    for subdir, names in zip((b"cur", b"new"), files, strict=True):
        together = b"\0".join(names)
        if together.count(b":2,") == len(names) and not _is_lettered(together):
            continue  # as in most folders, and much faster than a look at each name
        for name in names:
            info = name[name.rfind(b":") + 1 :]
            if info != info.upper():
                found = nameless(parse_info(name).flags, letters)
                if found:
                    yield join(folder, subdir + b"/" + name), found


def _is_lettered(names: bytes) -> bool:
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
