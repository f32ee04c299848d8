"""A small real spool with its index, and short words to ask what a survey found in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import every_id
from mailsurgeon.survey.index.rows import ProblemRow
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.run import SurveyResult, run_survey
from tests.support.spool import NS, SUBDIRECTORIES, SpoolTree

DAY = 86_400
DATE = 1_300_000_000
"""The time in every message's header, and the mtime of its file."""


def text(number: int = 1, *, body: bytes = b"Text.\n", message_id: bytes = b"") -> bytes:
    """A message unlike those of other numbers."""
    message_id = message_id or b"<%d@example.org>" % number
    return (
        b"From: a@example.org\nDate: Sun, 13 Mar 2011 07:06:40 +0000\nSubject: %d\n"
        b"Message-ID: %s\n\n%s" % (number, message_id, body)
    )


class SurveyMaildir:
    """`spool/` is the mail root; paths are relative to it. INBOX is there unless `layout` is fs."""

    def __init__(self, home: Path, layout: str = "maildir++", options: Options | None = None):
        self.home = home
        self.root = home / "spool"
        self.tree = SpoolTree(os.fsencode(self.root))
        self.root.mkdir(mode=0o700)
        if layout == "maildir++":
            self.folder(b"")
        self.spool = self.tree.spool(layout)
        self.options = options or Options()
        self._index: Index | None = None

    @property
    def index(self) -> Index:
        if self._index is None:
            self._index = Index.open(self.home / "cache" / "index")
        return self._index

    def close(self) -> None:
        if self._index is not None:
            self._index.close()

    # Building

    def path(self, path: bytes) -> Path:
        return self.tree.path(path)

    def at(self, path: bytes) -> bytes:
        return self.tree.at(path)

    def folder(self, path: bytes, *parts: str) -> bytes:
        """A folder with cur, new and tmp, or with `parts` only."""
        named = [part.encode() for part in parts] or SUBDIRECTORIES
        return self.tree.folder(path, named, mode=0o700)

    def file(self, path: bytes, data: bytes, *, mtime: float = DATE) -> bytes:
        """A file with these bytes; what is above it is made too."""
        return self.tree.file(path, data, mtime_ns=int(mtime * NS), mode=0o600, above=0o700)

    def mail(self, path: bytes, number: int = 1, **options: Any) -> bytes:
        return self.file(path, text(number, **options))

    # Looking

    def survey(self, **options: Any) -> SurveyResult:
        return run_survey(self.spool, self.index, self.options, **options)

    def problems(self) -> dict[bytes, dict[str, ProblemRow]]:
        """Problems by path and code; one code stands once at a path."""
        found: dict[bytes, dict[str, ProblemRow]] = {}
        for row in self.index.problems():
            mine = found.setdefault(row.path, {})
            assert row.code not in mine
            mine[row.code] = row
        return found

    def codes(self) -> dict[bytes, set[str]]:
        return {path: set(rows) for path, rows in self.problems().items()}

    def problem(self, path: bytes, code: str) -> ProblemRow:
        return self.problems()[path][code]

    def not_examined(self) -> dict[bytes, str]:
        rows = self.index.not_examined()
        found = {row.path: row.reason for row in rows}
        assert len(found) == len(rows), rows
        return found

    def surveyed_paths(self) -> set[bytes]:
        """The files the index knows."""
        ids = every_id(self.index)
        return {entry.path for entry in self.index.entries(ids) if entry.place != "folder"}

    def contents(self) -> dict[str, Any]:
        """All the index says, without its own numbers and the time that has passed."""
        return contents(self.index)

    def fresh_contents(self, **options: Any) -> dict[str, Any]:
        """What a new index of the spool as it is now would say."""
        index = Index.open(self.home / "fresh" / "index", fresh=True)
        try:
            run_survey(self.spool, index, self.options, **options)
            return contents(index)
        finally:
            index.close()


def contents(index: Index) -> dict[str, Any]:
    """All an index says, without its own numbers and the time that has passed."""
    rows = index.folders()
    folders = {row.id: row.path for row in rows}
    ids = every_id(index)
    entries = {
        entry.path: (folders.get(entry.folder), *entry[2:3], *entry[4:])
        for entry in index.entries(ids)
    }
    problems = sorted(
        (row.path, row.code, row.severity, row.remedy, folders.get(row.folder or 0, b"none"),
         sorted((key, repr(value)) for key, value in row.detail.items() if key != "age_seconds"))
        for row in index.problems()
    )  # fmt: skip
    return {
        "folders": [row[1:] for row in rows],
        "entries": entries,
        "problems": problems,
        "not examined": index.not_examined(),
        "depth": index.meta("depth"),
        "notes": index.notes(),
    }
