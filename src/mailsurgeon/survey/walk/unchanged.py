"""Which subdirectories of a folder a walk need not list: those that are as a survey has left them,
and those that a reader lists."""

from __future__ import annotations

from collections.abc import Callable, Collection

from mailsurgeon.maildir.spool import join
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.survey.walk.listing import Listing

UnchangedFiles = Callable[[bytes, Place], int | None]
"""Says how many files are in the cur, new or tmp at a path if it is unchanged, else None."""


def none_unchanged(_path: bytes, _place: Place) -> None:
    """An UnchangedFiles by which every directory is listed."""


ListedByReader = Callable[[bytes, Collection[bytes]], bool]
"""Says whether a single reader may list a folder's cur, new and tmp, of which these are there."""


def none_by_reader(_folder: bytes, _present: Collection[bytes]) -> bool:
    """A ListedByReader by which the walk lists all of them."""
    return False


def unchanged_in(
    folder: bytes,
    present: Collection[bytes],
    unchanged: UnchangedFiles,
    listing: Callable[[bytes], Listing | None],
) -> dict[bytes, int]:
    """The number of files in each of a folder's subdirectories that need not be listed.

    A cur and a new are left out unless both are unchanged or empty, because their names are
    compared with each other. `listing` lists the directory at a path relative to the spool.
    """
    known = {
        name: files
        for name in present
        if (files := unchanged(join(folder, name), Place(name.decode()))) is not None
    }
    filed = {name for name in present if name != b"tmp"}
    if filed - known.keys() == {b"new"}:  # an empty directory leaves nothing in the index
        found = listing(join(folder, b"new"))
        if found is not None and found.empty:
            known[b"new"] = 0
    if not filed <= known.keys():
        return {name: files for name, files in known.items() if name not in filed}
    return known
