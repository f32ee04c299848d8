"""What a walk finds: folders, the directories with files, and what it passes over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from mailsurgeon.survey.index.rows import NotExamined, Place
from mailsurgeon.survey.walk.foreign_stores import ForeignStore
from mailsurgeon.survey.walk.listing import Listing


@dataclass(slots=True)
class Directory:
    """A directory whose files a survey examines.

    `path` and `folder` are relative to the spool; `folder` is the nearest enclosing folder (b""
    is the root), None without one. `files` is the number of entries to examine. `unchanged`: it was
    not listed. `whole`: nor were these subdirectories of the folder, this one the first of them,
    which a single reader may list.
    """

    path: bytes
    folder: bytes | None
    place: Place
    files: int = 0
    listing: Listing | None = None
    unchanged: bool = False
    whole: tuple[Place, ...] = ()

    def take_listing(self) -> Listing | None:
        """The walk's listing, returned once and then forgotten, because listings take memory."""
        listing, self.listing = self.listing, None
        return listing


@dataclass(slots=True)
class FoundFolder:
    """A folder, as `makes_folder` says.

    `present`: which of cur, new and tmp it has. `linked`: which are symlinks to directories, which
    servers use and a walk does not follow. `taken`: in whose place something else lies.
    """

    path: bytes
    present: frozenset[bytes]
    servers_files: tuple[bytes, ...] = ()
    linked: frozenset[bytes] = frozenset()
    taken: frozenset[bytes] = frozenset()


class Misplaced(NamedTuple):
    """Something that is no regular file in the place of a server's. `folder` is the nearest one
    around it."""

    path: bytes
    folder: bytes | None


@dataclass(slots=True)
class Walk:
    """The result of a walk. `loose`: directories that neither are folders nor contain any.

    `kept`: those with files of a server in them, such as its indexes. `stores`: mail stores of
    other kinds, each with the folder around it. `home`: the spool is somebody's home directory.
    `list_folder` lists the cur, new and tmp of a folder that the walk has left to a reader.
    """

    folders: dict[bytes, FoundFolder] = field(default_factory=dict)
    directories: list[Directory] = field(default_factory=list)
    loose: list[bytes] = field(default_factory=list)
    not_examined: list[NotExamined] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)
    stores: list[tuple[ForeignStore, bytes | None]] = field(default_factory=list)
    misplaced: list[Misplaced] = field(default_factory=list)
    home: bool = False
    list_folder: Callable[[bytes], list[Directory]] = lambda _folder: []
