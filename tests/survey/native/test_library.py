"""Which reader is used, and what happens where there is no native one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailsurgeon
from mailsurgeon.survey.native import library
from mailsurgeon.survey.native.reader import NativeReader
from tests.support.native import ROOT, compiled
from tests.support.protects import protects


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """No test uses the reader that another has found."""
    library.native_reader.cache_clear()
    yield
    library.native_reader.cache_clear()
    sys.modules.pop("mailsurgeon_fast", None)


def installed(place: Path, monkeypatch: pytest.MonkeyPatch, text: str | None = None) -> None:
    """Makes the package with the library, as if it were installed; `text`: another `__init__`."""
    package = place / "mailsurgeon_fast"
    package.mkdir()
    own = (ROOT / "native" / "mailsurgeon_fast" / "__init__.py").read_text()
    (package / "__init__.py").write_text(own if text is None else text)
    monkeypatch.syspath_prepend(place)
    monkeypatch.delitem(sys.modules, "mailsurgeon_fast", raising=False)
    monkeypatch.delenv(library.VARIABLE, raising=False)


def test_an_installed_one_is_used_unless_it_is_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch)
    if compiled(tmp_path / "mailsurgeon_fast" / "reader.so") is None:
        pytest.skip("no C compiler")
    given = os.environ.get("MAILSURGEON_TEST_READER")
    if given:
        shutil.copy(given, tmp_path / "mailsurgeon_fast" / "reader.so")
    assert isinstance(library.native_reader(), NativeReader)
    library.native_reader.cache_clear()
    monkeypatch.setenv(library.VARIABLE, "python")
    assert library.native_reader() is None


@protects("without the native reader the program reads in Python", where="survey/native/library.py")
@pytest.mark.parametrize(
    "text",
    [
        None, "", "raise ImportError", "LIBRARY = None", "LIBRARY = '/nonexistent/reader.so'",
        "LIBRARY = __file__", "LIBRARY = 'libc.so.6'",
    ],
)  # fmt: skip
def test_one_that_does_not_work_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    installed(tmp_path, monkeypatch, text)
    assert library.native_reader() is None


def test_one_of_another_version_is_not_used(tmp_path: Path) -> None:
    path = compiled(tmp_path / "reader.so", ("-Dmailsurgeon_reader=other",))
    if path is None or os.environ.get("MAILSURGEON_TEST_READER"):
        pytest.skip("no C compiler")
    with pytest.raises(OSError, match="mailsurgeon_reader"):
        NativeReader(path)


def test_both_packages_have_one_version() -> None:
    for path in (ROOT / "pyproject.toml", ROOT / "native" / "pyproject.toml"):
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        assert project["version"] == mailsurgeon.__version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["optional-dependencies"]["fast"] == [
        f"mailsurgeon-fast=={mailsurgeon.__version__}"
    ]


def test_the_version_tells_the_reader(tmp_path: Path) -> None:
    place = tmp_path / "mailsurgeon_fast"
    place.mkdir()
    (place / "__init__.py").write_text(f"LIBRARY = {str(place / 'reader.so')!r}\n")
    path = compiled(place / "reader.so")
    if path is None:
        pytest.skip("no C compiler")
    (place / "__init__.py").write_text(f"LIBRARY = {path!r}\n")
    version = mailsurgeon.__version__
    for reader, told in (("", f"{version} (native reader)"), ("python", version)):
        done = subprocess.run(
            [sys.executable, "-c", "from mailsurgeon.cli import main; main()", "--version"],
            env={**os.environ, "PYTHONPATH": str(tmp_path), library.VARIABLE: reader},
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        assert done.stdout == told + "\n"
