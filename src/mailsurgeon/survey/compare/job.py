"""The input of a comparison, in one object."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.writer import IndexWriter
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.read.folder_context import FolderContext
from mailsurgeon.survey.uidlists.cache import Lists
from mailsurgeon.survey.walk.found import Walk


@dataclass(slots=True)
class Comparison:
    """One comparison, at the end of a survey.

    `contexts`: of the folders that this survey examined; `abandoned`: the folders it gave up on;
    `owner`: owner and group of the spool, None when ownership is not judged; `now`: unix seconds.
    `full`: the contents of the whole spool have been read. `changed`: something differs from the
    last comparison.
    """

    spool: Spool
    index: Index
    writer: IndexWriter
    options: Options
    walk: Walk
    lists: Lists
    contexts: Mapping[bytes, FolderContext]
    abandoned: Collection[bytes | None]
    owner: tuple[int, int] | None
    now: float
    full: bool
    changed: bool
