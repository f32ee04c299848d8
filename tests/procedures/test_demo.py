"""The sample spool: built only in its place, always the same, and as its list of problems says."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.errors import SpoolError
from mailsurgeon.procedures import demo
from mailsurgeon.procedures.demo import CLOCK_AHEAD, build_sample, sample_source
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey
from mailsurgeon.text import visible
from tests.support.protects import protects

NOW = 1_800_000_000.0


def truth() -> dict[str, Any]:
    return json.loads((sample_source() / "expected.json").read_text("utf-8"))


def expected_problems() -> list[dict[str, Any]]:
    """The problems this user can see: root may read everything."""
    problems = truth()["problems"]
    if os.geteuid() == 0:
        return [problem for problem in problems if problem.get("only") != "unprivileged"]
    return problems


def everything(root: Path) -> dict[str, tuple[object, ...]]:
    """Every path below `root` with type, mode and, for files, time and content."""
    found: dict[str, tuple[object, ...]] = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            fact: tuple[object, ...] = (oct(status.st_mode),)
            if stat.S_ISLNK(status.st_mode):
                fact += (os.readlink(path),)
            elif stat.S_ISREG(status.st_mode):
                fact += (status.st_mtime_ns, status.st_size, content_of(path))
            found[os.path.relpath(path, root)] = fact
    return found


def content_of(path: str) -> bytes:
    if not os.access(path, os.R_OK):
        return b"(not for this user)"
    with open(path, "rb") as file:
        return file.read()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return build_sample(tmp_path / "sample", now=NOW)


def test_the_copy_is_a_directory_named_maildir_inside_the_place_given(spool: Path) -> None:
    assert spool.name == "Maildir"
    assert (spool / "cur").is_dir()
    assert stat.S_IMODE(spool.stat().st_mode) == 0o700


@protects("the demo's builder stays inside its place", where="procedures/demo.py")
def test_nothing_is_written_outside_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("as it was")
    monkeypatch.chdir(elsewhere)
    kept, source = everything(elsewhere), everything(sample_source())
    build_sample(tmp_path / "sample")
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "sample"]
    assert os.listdir(tmp_path / "sample") == ["Maildir"]
    assert everything(elsewhere) == kept
    assert everything(sample_source()) == source


def test_no_link_in_the_copy_leads_out_of_it(spool: Path) -> None:
    links = [path for path in spool.rglob("*") if path.is_symlink()]
    assert links
    for link in links:
        assert (link.parent / os.readlink(link)).resolve().is_relative_to(spool.resolve())


def test_two_copies_are_alike(tmp_path: Path, spool: Path) -> None:
    again = build_sample(tmp_path / "again", now=NOW)
    assert everything(again) == everything(spool)


def test_the_umask_of_the_user_changes_nothing(tmp_path: Path, spool: Path) -> None:
    before = os.umask(0o077)
    try:
        again = build_sample(tmp_path / "again", now=NOW)
    finally:
        os.umask(before)
    assert everything(again) == everything(spool)


def test_a_place_already_taken_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "Maildir").mkdir()
    (tmp_path / "Maildir" / "mine").write_text("precious")
    with pytest.raises(SpoolError, match=r"Maildir: exists already"):
        build_sample(tmp_path)
    assert everything(tmp_path / "Maildir").keys() == {"mine"}


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolError, match=r"cannot be built here"):
        build_sample(tmp_path / "file" / "below")


@pytest.mark.parametrize("path", ["../escaped", "cur/../../escaped", "/escaped"])
@protects(
    "the demo's builder stays inside its place",
    where="procedures/demo.py",
    seen="a manifest with `..` or an absolute path is refused; everything beside the "
    "place is compared before and after",
)
def test_a_manifest_that_leads_out_of_the_spool_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    manifest: dict[str, Any] = {
        "default_mtime": 0, "folders": {"": ["cur"]}, "directories": {}, "fifos": [],
        "symlinks": {}, "files": {path: {"text": "out"}},
    }  # fmt: skip
    source = tmp_path / "source"
    (source / "tree").mkdir(parents=True)
    (source / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(demo, "sample_source", lambda: source)
    with pytest.raises(ValueError, match="leads out of the spool"):
        build_sample(tmp_path / "sample")
    assert not (tmp_path / "escaped").exists()
    assert not (tmp_path / "sample" / "escaped").exists()


def test_a_message_has_the_time_its_name_tells(spool: Path) -> None:
    message = next((spool / ".Archives.2003" / "cur").glob("1065348000.*"))
    assert message.stat().st_mtime == 1065348000


def test_a_leftover_told_to_be_fresh_is_younger_than_the_moment_of_building(spool: Path) -> None:
    fresh = [path for path in (spool / "tmp").iterdir() if path.stat().st_mtime > NOW]
    assert len(fresh) == 2
    assert {path.stat().st_mtime for path in fresh} == {NOW + 47 * 3600}


def test_there_is_one_of_each_kind_of_problem() -> None:
    assert {problem["code"] for problem in truth()["problems"]} == set(CATALOGUE)


def test_the_truth_keeps_to_the_catalogue() -> None:
    for problem in truth()["problems"]:
        kind = CATALOGUE[problem["code"]]
        severity = Severity[problem["severity"].upper()]
        assert severity <= kind.severity, problem
        assert problem["remedy"] is None or problem["remedy"] in kind.remedies, problem


def test_the_table_of_the_sample_names_every_damaged_file() -> None:
    table = (sample_source() / "README.md").read_text("utf-8")
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    told = {
        (path.strip().strip("`"), code.strip().removesuffix(" (info)").strip("`"))
        for _, path, codes, *_ in (row.split("|") for row in rows)
        for code in codes.split(",")
        if code.strip().removesuffix(" (info)").strip("`") in CATALOGUE
    }
    assert told == {(visible(problem["path"]), problem["code"]) for problem in truth()["problems"]}


def surveyed(spool: Path, directory: Path, clock_ahead: float) -> Index:
    options = Options(clock_ahead=clock_ahead)
    index = Index.open(directory / "index.sqlite3")
    run_survey(open_spool(spool, options), index, options)
    return index


@pytest.mark.parametrize("clock_ahead", [CLOCK_AHEAD, 0.0], ids=["the demo's clock", "today"])
@protects(
    "the sample holds exactly what it says",
    where="sample-spool/expected.json",
    seen="compares a survey, problem by problem, with what was written by hand from the "
    "definitions",
)
def test_a_survey_finds_what_the_sample_says_and_nothing_else(
    tmp_path: Path, clock_ahead: float
) -> None:
    index = surveyed(build_sample(tmp_path), tmp_path, clock_ahead)
    expected = expected_problems()
    wanted = {(problem["path"], problem["code"]): problem for problem in expected}
    names = {folder.id: folder.name for folder in index.folders()}
    found: list[tuple[str, str]] = []
    for problem in index.problems():
        key = (os.fsdecode(problem.path), problem.code)
        found.append(key)
        want = wanted.get(key)
        if want is None:
            continue
        verdict = (Severity(problem.severity).word, problem.remedy)
        assert (key, verdict) == (key, (want["severity"], want["remedy"]))
        if "folder" in want and problem.folder is not None:
            assert (key, names[problem.folder]) == (key, want["folder"])
        certain = {name: problem.detail.get(name, "absent") for name in want["detail"]}
        assert (key, certain) == (key, want["detail"])
    assert sorted(found) == sorted(wanted)
    told = truth()
    assert [os.fsdecode(item.path) for item in index.not_examined()] == told["not_examined"]
    assert len(names) == told["folders"]
    assert sum(folder.messages for folder in index.folders()) == told["messages"]
    index.close()
