"""The marks that name what tests protect, and the table made of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.protects import Protection, missing, protections, protects

ROOT = Path(__file__).parents[1]


@pytest.fixture
def script() -> ModuleType:
    place = ROOT / "scripts" / "protections.py"
    spec = importlib.util.spec_from_file_location("protections", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_up_to_date(script: ModuleType) -> None:
    text = script.PAGE.read_text("utf-8")
    made = script.with_table(text, script.table(protections(ROOT / "tests")))
    assert made == text, "run python scripts/protections.py"
    assert made.count("\n| ") > 50


def test_what_keeps_a_promise_is_there() -> None:
    lost = {one.promise: missing(one, ROOT) for one in protections(ROOT / "tests")}
    assert {promise: names for promise, names in lost.items() if names} == {}


MARKED = """
pytestmark = [pytest.mark.crash, protects("all of it", where="a.py")]

@protects("one thing", where="text.py, lost.py", seen="seen failing")
@protects("another", where="cli/")
def test_it(): ...

class TestThem:
    @protects("one thing", where="text.py")
    async def test_one(self): ...
"""


def test_marks_are_read_from_functions_classes_and_modules(
    script: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(MARKED)
    found = protections(tmp_path / "tests")
    assert sorted((one.promise, one.test) for one in found) == [
        ("all of it", "tests/test_a.py"),
        ("another", "tests/test_a.py::test_it"),
        ("one thing", "tests/test_a.py::test_it"),
        ("one thing", "tests/test_a.py::test_one"),
    ]
    assert script.table(found).splitlines()[2:] == [
        "| all of it | `a.py` | [`test_a.py`](../tests/test_a.py) |",
        "| another | `cli/` | [`test_it`](../tests/test_a.py) |",
        "| one thing | `text.py`, `lost.py` | [`test_it`](../tests/test_a.py),"
        " [`test_one`](../tests/test_a.py): seen failing |",
    ]
    assert {name for one in found for name in missing(one, ROOT)} == {"a.py", "lost.py"}


def test_a_mark_says_what_it_was_given() -> None:
    mark = protects("one thing", where="text.py").mark
    assert (mark.name, mark.args, mark.kwargs["where"]) == ("protects", ("one thing",), "text.py")
    assert missing(Protection("one thing", ("text.py", "gone.py"), "", ""), ROOT) == ["gone.py"]


def test_a_page_without_a_place_for_the_table_is_noticed(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="no place for the table"):
        script.with_table("# A page\n", "")
