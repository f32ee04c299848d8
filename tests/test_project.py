"""The project as a whole: imports, versions, documents."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import mailsurgeon
from tests.support.protects import protects

ROOT = Path(__file__).parents[1]
WRITTEN = (".py", ".md", ".toml", ".json", ".tcss", ".yml")


def written_files() -> list[Path]:
    """Every text file that somebody wrote for the project."""
    found = [path for path in ROOT.iterdir() if path.suffix in WRITTEN]
    found.append(ROOT / ".ci" / "run")
    for part in ("src", "tests", "scripts", "docs", "sample-spool"):
        found += [path for path in (ROOT / part).rglob("*") if path.suffix in WRITTEN]
    return [path for path in found if "__pycache__" not in path.parts and path.is_file()]


def imported_by(*arguments: str) -> set[str]:
    """The top-level modules that are loaded once a command line has run."""
    program = (
        "import sys\n"
        "from mailsurgeon.cli import run\n"
        "run(sys.argv[1:])\n"
        "print('\\nLOADED', *sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return set(result.stdout.rpartition("LOADED")[2].split())


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for part in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / part).mkdir(parents=True)
    message = tmp_path / "Maildir" / "cur" / "1700000000.M1P1.mx1,S=1:2,S"
    message.write_text("From: anna@example.org\nMessage-ID: <1@example.org>\n\nHello\n")
    return tmp_path / "Maildir"


@pytest.mark.parametrize("command", ["scan", "fix", "log"])
@protects(
    "the commands start without Textual and mail-parser",
    where="cli/",
    seen="runs them and looks at what was imported",
)
def test_a_command_loads_neither_textual_nor_the_mail_parser(spool: Path, command: str) -> None:
    loaded = imported_by(command, str(spool), "--jobs", "1")
    assert "mailsurgeon" in loaded
    assert not loaded & {"textual", "mailparser"}


def test_the_version_is_told_once_and_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == mailsurgeon.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert not released or released[0] == mailsurgeon.__version__


def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "scripts" / "tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@protects(
    "the README's tables are the program's", where="scripts/tables.py", seen="makes them anew"
)
def test_what_documents_take_from_the_program_is_up_to_date() -> None:
    module = tables()
    assert module.old(module.documents()) == [], "run python scripts/tables.py"


def test_a_document_without_a_place_for_a_table_is_noticed() -> None:
    with pytest.raises(ValueError, match="no place for the table of problems"):
        tables().with_tables("# A page without tables\n")


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "docs/protections.md", "sample-spool/README.md"]
)
def test_what_a_document_links_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", text)
    missing = [
        target
        for target in targets
        if "://" not in target and not ((ROOT / page).parent / target).exists()
    ]
    assert missing == []


def test_no_file_names_somebodys_machine_or_leaves_work_undone() -> None:
    places = "|".join(("/work" + "/", "/root" + "/", "/tmp" + "/venv", r"\.\./shared"))
    undone = "|".join(("TO" + "DO:", "FIX" + "ME", "XX" + "X:"))
    pattern = re.compile(f"{places}|{undone}")
    guilty = {
        str(path.relative_to(ROOT)): found
        for path in written_files()
        if (found := pattern.findall(path.read_text("utf-8", "replace")))
    }
    assert guilty == {}


def test_the_pictures_fetch_nothing_from_anywhere() -> None:
    pictures = sorted((ROOT / "screenshots").glob("*.svg"))
    assert [picture.stem for picture in pictures] == ["help", "journal", "main", "plan"]
    for picture in pictures:
        text = picture.read_text("utf-8")
        assert set(re.findall(r"url\((.)", text)) == {"#"}
        assert "href" not in text
        assert picture.with_suffix(".png").is_file()


def test_the_licence_is_the_one_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "GPL-3.0-or-later"
    assert "GNU GENERAL PUBLIC LICENSE" in (ROOT / "LICENSE").read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
def test_the_commands_of_the_readme_are_one_line_each_and_parse() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    section = readme.partition("## Try it")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    for block in blocks:
        subprocess.run(["sh", "-n", "-c", block], check=True, timeout=10)
