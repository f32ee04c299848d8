"""The house's rules: names, sizes, imports, and the tiers of the tests."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support import source, tiers

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "mailsurgeon"
TESTS = ROOT / "tests"

SHARED_NAMES = {
    "main": "what a module that is run as a program starts with",
    "run": "the command line as a function: defined in `cli.program`, imported late by `cli`",
    "verify": "the procedure and the command of its word",
}
"""Public names that more than one module may define, and why."""

LONG_MODULES: frozenset[str] = frozenset()
"""Modules that are too long, and have yet to be divided."""

ROOM_CIRCLES: frozenset[frozenset[str]] = frozenset()
"""Rooms that import each other, and have yet to be untied; no two modules do."""

ANY_ALLOWED = {
    "JSON that a command or a report writes": """
        cli.commands.undo cli.execute report.follow_up.left report.follow_up.outlook
        report.not_examined report.outcome report.output report.plan report.quarantine report.scan
        report.scan_all report.verify
    """,
    "JSON that is read: the detail of a problem, the data of a step, the sample's list": """
        diagnosis.facts diagnosis.group_rules diagnosis.kind diagnosis.message_rules
        diagnosis.phrases procedures.demo surgery.plan.remedies.fix_permissions
        surgery.plan.selection surgery.steps.attributes surgery.steps.base surgery.steps.directory
        surgery.steps.conditions surgery.steps.lists.keywords
        surgery.steps.lists.keywords_text surgery.steps.lists.maildirsize
        surgery.steps.lists.uidlist surgery.steps.lists.uidlist_lines surgery.steps.purge
        surgery.steps.registry surgery.steps.rename survey.uidlists.cache
    """,
    "rows of SQLite": """
        surgery.journal.journal surgery.journal.records surgery.journal.settle survey.index.rows
    """,
    "libraries without types: the cluster's client, what a worker elsewhere runs": """
        survey.workers.cluster survey.workers.cluster_probe survey.workers.scheduler
    """,
    "a library without types: the mail parser": "tui.text.message",
    "what a help page is made from: any of rich's renderables": "cli.help_pages",
}
"""The modules that may use `Any`, by the reason."""


def any_allowed() -> set[str]:
    return {f"mailsurgeon.{name}" for text in ANY_ALLOWED.values() for name in text.split()}


# Names, sizes, imports


def test_a_public_name_has_one_meaning() -> None:
    shared = source.shared_names(PACKAGE)
    assert {name: where for name, where in shared.items() if name not in SHARED_NAMES} == {}


def test_a_module_is_read_in_one_sitting() -> None:
    assert source.long_modules(PACKAGE, 400).keys() - LONG_MODULES == set()


def test_a_function_fits_on_a_screen() -> None:
    assert source.long_functions(PACKAGE, 60) == {}
    assert source.long_functions(TESTS, 60) == {}


def test_a_folder_is_seen_at_a_glance() -> None:
    assert source.full_folders(PACKAGE, 14) == {}


def test_any_is_kept_to_the_edges() -> None:
    assert source.modules_naming(PACKAGE, "Any") - any_allowed() == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert source.circles(source.imports(PACKAGE)) == []


def test_no_room_imports_itself_by_way_of_others() -> None:
    assert set(source.room_circles(source.imports(PACKAGE))) - ROOM_CIRCLES == set()


def test_no_exception_is_kept_longer_than_it_is_needed() -> None:
    kept = {
        "SHARED_NAMES": SHARED_NAMES.keys() - source.shared_names(PACKAGE).keys(),
        "LONG_MODULES": LONG_MODULES - source.long_modules(PACKAGE, 400).keys(),
        "ROOM_CIRCLES": ROOM_CIRCLES - set(source.room_circles(source.imports(PACKAGE))),
        "ANY_ALLOWED": any_allowed() - source.modules_naming(PACKAGE, "Any"),
    }
    assert {name: rest for name, rest in kept.items() if rest} == {}, "take these off the lists"


# The same rules, on offences


def planted(place: Path, **files: str) -> Path:
    """A package `house` with these modules; `__` in a name stands for a folder."""
    for name, text in files.items():
        path = place / "house" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return place / "house"


def test_a_name_defined_twice_is_found(tmp_path: Path) -> None:
    house = planted(
        tmp_path,
        a="class Order: ...\n_hidden = other = 1\n",
        b="from house.a import Order as Order\n_hidden: int = 2\ndef other(): ...\n",
        c__d="Order: type = int\n",
    )
    assert source.shared_names(house) == {
        "Order": {"house.a", "house.c.d"},
        "other": {"house.a", "house.b"},
    }


def test_what_is_too_long_or_too_full_is_found(tmp_path: Path) -> None:
    longest = "def f():\n" + "    x = 1\n" * 2
    house = planted(tmp_path, a=longest, b="class C:\n    " + longest.replace("\n", "\n    "))
    assert source.long_functions(house, 3) == {}
    assert source.long_functions(house, 2) == {"house.a.f": 3, "house.b.f": 3}
    assert source.long_modules(house, 3) == {"house.b": 4}
    assert source.full_folders(house, 2) == {}
    assert source.full_folders(house, 1) == {"house": 2}


def test_any_is_found_where_it_is_used(tmp_path: Path) -> None:
    house = planted(
        tmp_path, a="from typing import Any\n", b="x: dict[str, Any] = {}\n", c='"""Any."""\n'
    )
    assert source.modules_naming(house, "Any") == {"house.b"}


@pytest.mark.parametrize(
    "files, found",
    [
        ({"a": "import house.b\n", "b": "from house import c\n", "c": "from . import a\n"}, "abc"),
        ({"a": "def f():\n    from .b import x\n", "b": "from house.a import f\n"}, "ab"),
        ({"a": "if TYPE_CHECKING:\n    from house import b\n", "b": "import house.a\n"}, ""),
        ({"a": "from house import b, c\n", "b": "from house.c import x\n", "c": ""}, ""),
    ],
)
def test_a_circle_is_found(files: dict[str, str], found: str, tmp_path: Path) -> None:
    house = planted(tmp_path, **files)
    wanted = [frozenset(f"house.{name}" for name in found)] if found else []
    assert source.circles(source.imports(house)) == wanted


def test_a_circle_of_rooms_is_found(tmp_path: Path) -> None:
    house = planted(
        tmp_path,
        one__a="from house.two import b\n",
        one__c="",
        two__b="",
        two__d="import house.one.c",
    )
    graph = source.imports(house)
    assert source.circles(graph) == []
    assert source.room_circles(graph) == [frozenset({"house.one", "house.two"})]


# The tiers of the tests


def marks_declared() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines: Iterable[str] = settings["tool"]["pytest"]["ini_options"]["markers"]
    return {line.partition(":")[0].partition("(")[0] for line in lines}


def jobs(checks: str) -> set[str]:
    """The tiers that a script of checks runs."""
    named = re.search(r"^tiers='([\w ]+)'$", checks, re.MULTILINE)
    return set(named[1].split(" or ")) if named else set()


def test_the_checks_run_every_tier_and_the_everyday_tests() -> None:
    checks = (ROOT / ".ci" / "run").read_text("utf-8")
    assert jobs(checks) == set(tiers.TIERS)
    assert set(tiers.TIERS) <= marks_declared() <= {*tiers.TIERS, "smoke", "protects"}
    assert "tests 'everyday, by the command of the README' \"$command\"" in checks
    assert "pytest -q -n auto -m '($tiers) and not smoke'" in checks
    assert jobs(checks.replace("crash or ", "")) == set(tiers.TIERS) - {"crash"}


def test_each_tier_has_one_smoke_test() -> None:
    smoke = [
        tier
        for module in source.modules(TESTS)
        for marks in source.marks_of_tests(module).values()
        if "smoke" in marks
        for tier in marks & set(tiers.TIERS)
    ]
    assert sorted(smoke) == sorted(tiers.TIERS)


@pytest.mark.parametrize("tier", ["servers", "crash"])
def test_a_tier_with_a_folder_has_all_of_its_tests(tier: str) -> None:
    missing = [
        f"{module.name}::{name}"
        for module in source.modules(TESTS)
        if module.name.startswith(f"tests.{tier}.")
        for name, marks in source.marks_of_tests(module).items()
        if tier not in marks
    ]
    assert missing == []


def test_an_everyday_run_leaves_out_the_tiers_but_for_their_smoke_tests() -> None:
    assert tiers.is_everyday(["parametrize"])
    assert not tiers.is_everyday(["crash", "usefixtures"])
    assert tiers.is_everyday(["crash", "smoke"])
    assert tiers.fault_of(["crash", "smoke"]) == ""
    assert "more than one tier" in tiers.fault_of(["crash", "process"])
    assert "no tier" in tiers.fault_of(["smoke"])


def screens_below_screens(sources: Iterable[str]) -> set[str]:
    """The classes that stand two or more below `BaseScreen` or `Dialog`."""
    bases = {
        node.name: {name for base in node.bases for name in re.findall(r"\w+", ast.unparse(base))}
        for text in sources
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
    }
    screens = {name for name, above in bases.items() if above & {"BaseScreen", "Dialog"}}
    return {name for name, above in bases.items() if above & screens}


def test_a_screen_stands_one_class_below_its_base() -> None:
    texts = [path.read_text("utf-8") for path in (PACKAGE / "tui").rglob("*.py")]
    assert screens_below_screens(texts) == set()
    offence = "class A(BaseScreen[None]): ...\nclass B(A): ..."
    assert screens_below_screens([offence]) == {"B"}
