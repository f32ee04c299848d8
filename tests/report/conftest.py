"""An index filled by hand, and a stream to write reports to."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.output import console_for
from mailsurgeon.survey.index.index import Index

SPOOL = Spool(b"/srv/mail/ann", 7, 9, "maildir++")


class Filling:
    """Puts rows into an index."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def _insert(self, table: str, **values: Any) -> int:
        """A row; columns that must have a value and are of no interest here get 0."""
        for _, name, _, needed, default, _ in self.index.db.execute(f"PRAGMA table_info({table})"):
            if needed and default is None:
                values.setdefault(name, 0)
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})"
        row = self.index.db.execute(sql, tuple(values.values()))
        assert row.lastrowid is not None
        return row.lastrowid

    def folder(self, path: bytes, name: str, messages: int = 0, size: int = 0) -> int:
        return self._insert(
            "folders", path=path, name=os.fsencode(name), messages=messages, bytes=size
        )

    def problem(
        self,
        folder: int | None,
        path: bytes,
        code: str,
        severity: Severity = Severity.ERROR,
        remedy: str | None = None,
        **detail: Any,
    ) -> None:
        directory, filename = os.path.split(path)
        number = self._directory(directory, folder or 0)
        entry = self._insert("files", directory=number, filename=filename)
        self._insert(
            "problems",
            entry=entry,
            folder=folder,
            code=code,
            severity=int(severity),
            detail=json.dumps(detail),
            remedy=remedy,
        )

    def _directory(self, path: bytes, folder: int) -> int:
        row = self.index.db.execute(
            "SELECT id FROM directories WHERE path = ? AND folder = ?", (path, folder)
        ).fetchone()
        return row[0] if row else self._insert("directories", path=path, place="cur", folder=folder)

    def not_examined(self, path: bytes, reason: str) -> None:
        self._insert("not_examined", path=path, reason=reason)


@pytest.fixture
def filling(tmp_path: Path) -> Iterator[Filling]:
    index = Index.open(tmp_path / "index")
    yield Filling(index)
    index.close()


@pytest.fixture
def shown() -> Callable[..., str]:
    """`shown(print_something, ...)`: what it prints where there is no terminal."""

    def show(printing: Callable[..., None], *arguments: Any, **more: Any) -> str:
        stream = io.StringIO()
        console: Console = console_for(stream)
        printing(*arguments, console, **more)
        return stream.getvalue()

    return show
