"""Every way to survey a spool (again, in part, quickly, in processes) finds the same."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from random import Random

import pytest

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.workers.pool import make_executor

from .combine import build_spool
from .looking import looking
from .spool import STYLES, Build
from .truth import Expected, Truth, differences, expected

BY_NAME = {
    "name-clash", "bad-flags", "uid-clash", "missing-subdir", "nested-folder", "linked",
    "uidlist-damaged", "big-uid", "stale-lock", "bloated-index", "unknown-keyword",
    "keywords-damaged", "sync-state-damaged", "bad-folder-name", "foreign-store",
}  # fmt: skip
BY_CONTENT = {
    "truncated", "not-mail", "header-only", "no-message-id", "from-line", "duplicate-id",
}  # fmt: skip


@pytest.mark.parametrize("seed", [1000, 1001])
def test_a_second_survey_finds_the_same(seed: int, tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), seed)
    with looking(tmp_path / "spool") as look:
        look.survey()
        assert not look.wrong(truth)


@pytest.mark.parametrize("seed", [1002, 1003])
def test_looking_again_at_some_folders_changes_nothing(seed: int, tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), seed)
    with looking(tmp_path / "spool") as look:
        look.survey()
        paths = [row.path for row in look.index.folders()]
        for _ in range(3):
            some = Random(seed).sample(paths, len(paths) // 3)
            assert not look.wrong(truth, folders=some)


def test_a_quick_survey_and_then_a_full_one_find_all(tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), 1004)
    with looking(tmp_path / "spool") as look:
        look.survey(quick=True)
        assert not look.wrong(truth)


def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), 1005)
    with looking(tmp_path / "spool") as look, make_executor(2) as executor:
        assert not look.wrong(truth, executor=executor)


@pytest.mark.parametrize("seed", [1006, 1007])
def test_a_quick_survey_judges_names_only(seed: int, tmp_path: Path) -> None:
    truth = build_spool(os.fsencode(tmp_path / "spool"), seed)
    with looking(tmp_path / "spool") as look:
        found = look.survey(quick=True)
    told = {(row.code, row.path) for row in found}
    named = {(one.code, one.path) for one in truth.problems if one.code in BY_NAME}
    assert {pair for pair in told if pair[0] in BY_NAME} == named
    assert not {pair for pair in told if pair[0] in BY_CONTENT}
    for row in found:
        if row.code in ("size-mismatch", "misfiled"):
            assert row.remedy is None
            assert row.detail["pending"] is True
        if row.code == "size-mismatch":
            assert "W" not in row.detail


def test_a_message_that_came_and_one_that_went_are_noticed(tmp_path: Path) -> None:
    """Copies elsewhere are compared anew when one of them goes."""
    build = Build(os.fsencode(tmp_path / "spool"), 0, STYLES[0], time.time())
    here, there = build.new_folder(private=True), build.new_folder(private=True)
    message = build.mail("lf")
    filed, stray = build.draft(here, message), build.draft(here, message, place=b"")
    for draft in (filed, stray, build.draft(there)):
        build.put(draft)
    with looking(tmp_path / "spool") as look:
        remedies = {row.path: row.remedy for row in look.survey() if row.code == "misfiled"}
        assert remedies == {stray.path: "quarantine"}
        os.remove(build.full(filed.path))
        again = look.survey(folders=[here.path])
    assert {(row.code, row.path, row.remedy) for row in again} == {("misfiled", stray.path, "file")}


def test_uidlists_kept_elsewhere_are_read_there(tmp_path: Path) -> None:
    build = Build(os.fsencode(tmp_path / "spool"), 0, STYLES[0], time.time())
    folder = build.new_folder(private=True)
    letters = [build.draft(folder, build.mail("lf")) for _ in range(3)]
    message = build.mail("lf")
    twins = [build.draft(folder, message) for _ in range(3)]
    for draft in letters + twins:
        build.put(draft)
    control = tmp_path / "control" / os.fsdecode(folder.path)
    control.mkdir(parents=True)
    lines = [f"{uid} S7 :{draft.base.decode()}\n" for uid, draft in enumerate(letters[:1], 1)]
    lines += [f"{uid} :{draft.base.decode()}\n" for uid, draft in enumerate(reversed(twins), 5)]
    (control / "dovecot-uidlist").write_text(f"3 V1 N20 G{1:032x}\n" + "".join(lines))
    truth = [
        expected(
            "size-mismatch", letters[0].path, "error", "fix-size",
            S=[7, letters[0].size], in_="uidlist",
        ),
        *(expected("duplicate-id", draft.path, "warning", "quarantine") for draft in twins[:2]),
        expected("duplicate-id", twins[2].path, "warning", None),
    ]  # fmt: skip
    options = Options(control=os.fsencode(tmp_path / "control"))
    with looking(tmp_path / "spool", options) as look:
        assert not differences(truth, look.survey())


def test_a_leftover_that_a_process_has_open_is_left_alone(tmp_path: Path) -> None:
    build = Build(os.fsencode(tmp_path / "spool"), 0, STYLES[0], time.time())
    folder = build.new_folder()
    draft = build.draft(folder, build.mail("lf"), place=b"tmp")
    draft.mtime, draft.stem = build.now - 9e6, b"1100000000.M1P1.host"
    build.put(draft)
    with open(build.full(draft.path), "rb") as file, looking(tmp_path / "spool") as look:
        holder = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[file.fileno()])
        file.close()
        try:
            found = look.survey()
        finally:
            holder.communicate()
        assert [(row.code, row.severity, row.remedy) for row in found] == [
            ("in-tmp", Severity.INFO, None)
        ]
        if os.geteuid() == 0:  # others may not see all processes
            assert found[0].detail["open_by"] == [holder.pid]
        released = look.survey()
    assert [(row.severity, row.remedy) for row in released] == [(Severity.ERROR, "file")]


@pytest.mark.parametrize("age, remedy", [(12.0, "file"), (48.0, None)])
def test_the_age_of_leftovers_is_an_option(age: float, remedy: str | None, tmp_path: Path) -> None:
    build = Build(os.fsencode(tmp_path / "spool"), 0, STYLES[0], time.time())
    draft = build.draft(build.new_folder(), build.mail("lf"), place=b"tmp")
    draft.mtime, draft.stem = build.now - 24 * 3600, b"upload"
    build.put(draft)
    with looking(tmp_path / "spool", Options(tmp_age=age)) as look:
        assert [row.remedy for row in look.survey()] == [remedy]


def test_what_cannot_be_read_is_told() -> None:
    """As somebody who is not root: the owner of the spool, with one file shut and one foreign."""
    with tempfile.TemporaryDirectory() as directory:  # pytest's own are root's alone
        if os.geteuid() == 0:
            os.chown(directory, 65534, 65534)
        build = Build(os.fsencode(directory) + b"/spool", 0, STYLES[0], time.time())
        folder = build.new_folder(mails=4)
        drafts = [build.draft(folder)]
        drafts[0].mode = 0o000
        if os.geteuid() == 0:
            build.owner = (65534, 65534)
            drafts.append(build.draft(folder))
            build.owners[drafts[1].path] = (0, 0)
        truth: list[Expected] = []
        for draft in drafts:
            build.put(draft)
            truth.append(expected("unreadable", draft.path, "error", "fix-permissions", errno=13))
            truth.append(expected("bad-permissions", draft.path, "warning", "fix-permissions"))
        build.settle()
        wrong = _as_nobody(Path(directory), Truth(truth, set(), []))
    assert not wrong, "\n".join(wrong)


def _as_nobody(place: Path, truth: Truth) -> list[str]:
    """What a survey run by nobody (where this is root) finds wrong, from a child process."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(readable)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            with looking(place / "spool") as look:
                lines = look.wrong(truth)
        except BaseException as error:
            lines = [repr(error)]
        with open(writable, "w") as pipe:
            json.dump(lines, pipe)
        os._exit(0)
    os.close(writable)
    with open(readable) as pipe:
        lines = json.load(pipe)
    os.waitpid(child, 0)
    return lines
