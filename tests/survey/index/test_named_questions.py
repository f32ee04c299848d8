"""SQL is written where the tables are defined; other modules call a function with a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailsurgeon

SOURCE = Path(mailsurgeon.__file__).parent
ROOMS = ("survey/index/", "surgery/journal/")
STATEMENT = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\b.+\bINTO\b|\bUPDATE\b.+\bSET\b|\bDELETE FROM\b"
    r"|\bJOIN\b.+\bON\b|\bkind = 'file'|\bplace (NOT )?IN \(",
    re.DOTALL,
)
HANDLES = {"db", "execute", "executemany", "executescript"}


def sql_in(source: str) -> Iterator[str]:
    """What a module holds of SQL: statements, connections, and what goes over them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if STATEMENT.search(node.value):
                yield f"line {node.lineno}: {node.value[:60]}"
        elif isinstance(node, ast.Attribute):
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in HANDLES or (of == "sqlite3" and not node.attr.endswith("Error")):
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom) and node.module == "sqlite3":
            yield f"line {node.lineno}: {ast.unparse(node)}"


def test_only_the_index_and_the_journal_speak_sql() -> None:
    found = {
        name: lines
        for path in sorted(SOURCE.rglob("*.py"))
        if not (name := path.relative_to(SOURCE).as_posix()).startswith(ROOMS)
        and (lines := list(sql_in(path.read_text())))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        'rows = index.db.execute("SELECT 1")',
        'sql = f"SELECT id FROM files WHERE id IN ({marks})"',
        'sql = "DELETE FROM files"',
        "where = \"kind = 'file' AND size > 0\"",
        "import sqlite3\nopened = sqlite3.connect(path)",
        "from sqlite3 import Connection",
        "def ask(db: sqlite3.Connection) -> None: ...",
    ],
)
def test_sql_is_noticed(source: str) -> None:
    assert list(sql_in(source))


def test_an_error_of_sqlite_may_be_caught_anywhere() -> None:
    assert not list(sql_in("import sqlite3\ntry: ...\nexcept sqlite3.Error: ..."))
