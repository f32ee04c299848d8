"""What tests protect: promises that count because a test fails without what keeps them.

`@protects("what is promised", where="surgery/fsops/at.py")` goes above a test, a class of tests, or
into a module's `pytestmark`. docs/protections.md is the table of all (`scripts/protections.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


def protects(promise: str, *, where: str, seen: str = "") -> pytest.MarkDecorator:
    """Marks a test as the proof of a promise.

    `where` names what keeps it: paths from src/mailsurgeon/ or from the project's root, with a
    comma between. `seen` tells how the test was seen failing, or what it looks at.
    """
    return pytest.mark.protects(promise, where=where, seen=seen)


@dataclass(frozen=True, slots=True)
class Protection:
    """One mark: a promise, what keeps it, and the test that proves it (`tests/a.py::test_b`)."""

    promise: str
    where: tuple[str, ...]
    test: str
    seen: str


def protections(tests: Path) -> list[Protection]:
    """All the marks in the files of a directory of tests, read without running them."""
    found: list[Protection] = []
    for path in sorted(tests.rglob("test_*.py")):
        file = path.relative_to(tests.parent).as_posix()
        for name, node in _holders(ast.parse(path.read_text("utf-8"))):
            found += [_protection(call, f"{file}{name}") for call in _calls(node)]
    return found


def _holders(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Expressions that may bear marks, each with what stands behind the file to name its test."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield "", node.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from ((f"::{node.name}", decorator) for decorator in node.decorator_list)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and ast.unparse(one.func) == "protects":
            yield one


def _protection(call: ast.Call, test: str) -> Protection:
    (promise,) = (ast.literal_eval(one) for one in call.args)
    more = {one.arg: ast.literal_eval(one.value) for one in call.keywords}
    where = tuple(name.strip() for name in more["where"].split(","))
    return Protection(promise, where, test, more.get("seen", ""))


def missing(protection: Protection, root: Path) -> list[str]:
    """What a mark says keeps the promise, and is not there."""
    places = (root / "src" / "mailsurgeon", root)
    return [
        name for name in protection.where if not any((place / name).exists() for place in places)
    ]
