"""`scan-all`: every spool below a directory, worst first, and one that fails stops no other."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import types
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.cli import screen
from mailsurgeon.cli.commands import scan_all
from mailsurgeon.procedures import survey_many
from mailsurgeon.survey.workers import pool
from mailsurgeon.survey.workers.pool import start_executor
from tests.cli.conftest import Run, Tree
from tests.support.protects import protects

KEYS = ["spool", "layout", "messages", "bytes", "folders", "problems", "worst", "not_examined",
        "seconds", "error"]  # fmt: skip


@pytest.fixture
def vmail(tmp_path: Path) -> Path:
    """anna is healthy, bert has two wrong sizes, carla one, dirk only what is info."""
    top = tmp_path / "vmail" / "example.org"
    for number, name in enumerate(("anna", "bert", "carla", "dirk")):
        tree = Tree(top / name)
        tree.folder(".Sent")
        tree.add(f"cur/160000000{number}.M1P1.host:2,S")
    sized = b"From: a@example.org\nMessage-ID: <%d@example.org>\nSubject: s\n\nText.\n"
    for name, number in (("bert", 1), ("bert", 2), ("carla", 3)):
        Tree(top / name).add(f"cur/161000000{number}.M1P1.host,S=3:2,S", sized % number)
    Tree(top / "dirk").add("cur/1620000000.M1P1.host:2,S", b"From: a@example.org\n\nText.\n")
    return top.parent


def names(outcome: Any) -> list[str]:
    return [os.path.basename(row["spool"]) for row in outcome.json["spools"]]


def test_the_worst_is_first(run: Run, vmail: Path) -> None:
    outcome = run("scan-all", vmail, "--format", "json")
    assert outcome.code == 1
    assert outcome.err == ""
    found = outcome.json
    assert list(found) == ["schema", "directory", "spools", "totals", "not_searched"]
    assert found["directory"] == str(vmail)
    assert names(outcome) == ["bert", "carla", "dirk", "anna"]
    bert, carla, dirk, anna = found["spools"]
    assert all(list(row) == KEYS for row in found["spools"])
    assert bert["problems"]["size-mismatch"] == 2
    assert [row["worst"] for row in (bert, carla, dirk, anna)] == ["error", "error", "info", None]
    assert (anna["messages"], anna["folders"], anna["layout"]) == (1, 2, "maildir++")
    assert found["totals"]["spools"] == 4
    assert found["totals"]["messages"] == 8
    assert found["totals"]["problems"]["size-mismatch"] == 3


@protects(
    "users' spools are not repaired as one",
    where="cli/open_spool.py",
    seen="seen failing without the question",
)
def test_what_changes_something_wants_one_of_them(run: Run, vmail: Path) -> None:
    """As folders of one spool, one user's mail would be judged by another's."""
    before = sorted(path.name for path in vmail.rglob("*"))
    outcome = run("fix", vmail, "--yes")
    assert outcome.code == 2
    assert outcome.err.count("\n") == 1
    assert f"{vmail}: holds several spools; name one of them" in outcome.err
    assert sorted(path.name for path in vmail.rglob("*")) == before
    assert run("fix", vmail / "example.org" / "bert", "--yes").code == 0


@pytest.mark.parametrize(
    "words",
    [
        "scan", "fix --dry-run", "undo --yes", "redo --yes", "log", "verify", "quarantine list",
    ],
)  # fmt: skip
def test_every_command_wants_one_of_them(run: Run, vmail: Path, words: str) -> None:
    command, *options = words.split(" --")
    outcome = run(*command.split(), vmail, *(f"--{option}" for option in options))
    assert outcome.code == 2
    assert f"{vmail}: holds several spools; name one of them, such as {vmail}/" in outcome.err
    assert "scan-all lists them" in outcome.err


def test_a_home_with_two_maildirs_is_refused_and_a_mail_root_with_users_is_not(
    run: Run, tmp_path: Path
) -> None:
    for path in ("Maildir", "mail", "mail/.Sent", "mail/example.org/anna", "mail/example.org/bert"):
        for part in ("cur", "new", "tmp"):
            (tmp_path / "home" / path / part).mkdir(parents=True)
    for command in ("scan", "fix"):
        assert "holds several spools" in run(command, tmp_path / "home").err
        assert run(command, tmp_path / "home" / "mail").err == ""


def test_that_they_are_folders_of_one_can_be_said(run: Run, vmail: Path) -> None:
    outcome = run("fix", vmail, "--layout", "fs", "--dry-run", "--format", "json")
    assert outcome.code == 1


def test_the_table_names_them_with_their_badges(run: Run, vmail: Path) -> None:
    head, *rows, total = run("scan-all", vmail).out.splitlines()
    assert head.split() == ["spool", "messages", "problems"]
    assert rows[0].split()[:4] == [str(vmail / "example.org" / "bert"), "3", "SIZE", "2"]
    assert rows[-1].split() == [str(vmail / "example.org" / "anna"), "1", "none"]
    assert total.startswith(f"{vmail}: 4 spools, 8 messages, ")


def test_lines_and_cells_say_the_same(run: Run, vmail: Path) -> None:
    spools = run("scan-all", vmail, "--format", "json").json["spools"]
    for row in spools:
        del row["seconds"]
    out = run("scan-all", vmail, "--format", "jsonl").out
    lines = [json.loads(line) for line in out.split("\n") if line]
    assert [{k: v for k, v in line.items() if k != "seconds"} for line in lines] == spools
    cells = list(csv.DictReader(io.StringIO(run("scan-all", vmail, "--format", "csv").out)))
    assert [row["spool"] for row in cells] == [row["spool"] for row in spools]
    assert json.loads(cells[0]["problems"]) == spools[0]["problems"]
    assert [row["worst"] for row in cells] == ["error", "error", "info", ""]


def test_each_row_is_what_scan_says_of_that_spool(run: Run, vmail: Path, broken: Tree) -> None:
    broken.root.rename(vmail / "example.org" / "emil")
    for row in run("scan-all", vmail, "--format", "json").json["spools"]:
        alone = run("scan", row["spool"], "--format", "json").json
        assert row["problems"] == alone["totals"]["problems"], row["spool"]
        for key in ("messages", "bytes"):
            assert row[key] == alone["totals"][key], row["spool"]
        assert row["layout"] == alone["layout"]
        assert row["not_examined"] == len(alone["not_examined"])


def test_nothing_above_info_ends_with_0(run: Run, vmail: Path) -> None:
    assert run("scan-all", vmail / "example.org" / "dirk").code == 0
    assert run("scan-all", vmail, "--only", "no-message-id").code == 0
    assert run("scan-all", vmail, "--only", "size-mismatch").code == 1


def test_only_counts_what_is_named(run: Run, vmail: Path) -> None:
    found = run("scan-all", vmail, "--only", "no-message-id", "--format", "json")
    assert names(found)[0] == "dirk"
    assert found.json["totals"]["problems"] == {"no-message-id": 1}


def test_quick_opens_nothing_and_says_so(run: Run, vmail: Path) -> None:
    outcome = run("scan-all", vmail, "--quick")
    assert outcome.out.splitlines()[-1].endswith("(quick: no content was opened)")


def test_what_is_left_out_is_told_and_ends_with_1(run: Run, vmail: Path) -> None:
    outcome = run("scan-all", vmail / "example.org", "--exclude", "bert", "--exclude", "carla")
    assert outcome.code == 1
    assert f"not searched  {vmail / 'example.org' / 'bert'}: excluded" in outcome.out


# What goes wrong


def test_one_that_cannot_be_read_stops_no_other(
    run: Run, vmail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = survey_many.open_spool

    def forbidding(path: bytes, options: Any) -> Any:  # for root, too
        if path.endswith(b"carla"):
            os.scandir(path + b"/gone")
        if path.endswith(b"bert"):
            raise ValueError("\x1b[31mred")
        return opened(path, options)

    monkeypatch.setattr(survey_many, "open_spool", forbidding)
    outcome = run("scan-all", vmail, "--format", "json")
    assert outcome.code == 1
    bert, carla, *_ = outcome.json["spools"]
    assert bert["error"] == "a fault of mailsurgeon: ValueError: \\x1b[31mred"
    assert carla["error"].endswith("carla/gone: No such file or directory")
    assert bert["worst"] is None and bert["problems"] == {}
    assert names(outcome) == ["bert", "carla", "dirk", "anna"]
    assert outcome.json["totals"]["errors"] == 2
    assert "2 spools could not be looked at" in run("scan-all", vmail).out


def test_where_none_can_be_looked_at_it_ends_with_2(run: Run, vmail: Path) -> None:
    inside = vmail / "example.org" / "anna" / ".Sent"
    outcome = run("scan-all", inside)
    assert outcome.code == 2
    assert "lies inside another Maildir" in outcome.out


@pytest.mark.parametrize("name", ["missing", "file", "empty"])
def test_a_directory_without_spools_is_one_line(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"")
    outcome = run("scan-all", tmp_path / name)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint.startswith(f"{tmp_path / name}: ")


@pytest.mark.parametrize("option", ["--control", "--index", "--quarantine"])
def test_what_belongs_to_one_spool_is_refused(run: Run, vmail: Path, option: str) -> None:
    outcome = run("scan-all", vmail, option, vmail)
    assert outcome.code == 2
    assert f"{option} {vmail}: belongs to one spool" in outcome.complaint


@protects("nothing from a message reaches the terminal raw", where="text.py")
def test_names_reach_the_terminal_as_text(run: Run, tmp_path: Path) -> None:
    top = tmp_path / "vmail"
    Tree(top / "a\x1b]0;x\x07\u202eb").folder(".Sent")
    for format in ("table", "json", "jsonl", "csv"):
        out = run("scan-all", top, "--format", format).out
        assert out.replace("\n", "").isprintable() and "\u202e" not in out
        assert "u202e" in out


def test_an_interrupt_keeps_what_was_looked_at(
    run: Run, vmail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = scan_all.look_at

    def look_at(path: bytes, order: Any, *more: Any) -> Any:
        if path.endswith(b"carla"):
            return None  # cancelled in the middle of it
        return looked(path, order, *more)

    monkeypatch.setattr(scan_all, "look_at", look_at)
    outcome = run("scan-all", vmail, "--format", "json")
    assert outcome.code == 130
    assert names(outcome) == ["bert", "anna"]
    assert "2 of 4 spools were looked at" in outcome.complaint


def started_and_warm(jobs: int | None) -> tuple[Executor, list[Future[int]]]:
    executor, warm = start_executor(jobs)
    wait(warm)
    return executor, warm


def test_until_readers_are_warm_the_program_reads_by_itself(
    run: Run, vmail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for processes to start."""
    started: list[bool] = []

    def never_warm(_jobs: int | None) -> tuple[Executor, list[Future[int]]]:
        started.append(True)
        nobody = ThreadPoolExecutor(1)
        nobody.shutdown()  # raises when it is given work
        return nobody, [Future[int]()]

    alone = run("scan", vmail / "example.org" / "bert", "--format", "csv", "--jobs", 1).out
    monkeypatch.setattr(pool, "_WORTH_IT", 0.0)
    monkeypatch.setattr(pool, "start_executor", never_warm)
    outcome = run("scan", vmail / "example.org" / "bert", "--format", "csv", "--fresh", "--jobs", 2)
    assert (outcome.out, started) == (alone, [True])


def test_a_reader_that_dies_is_one_spools_error(
    run: Run, vmail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next spool gets new readers."""
    monkeypatch.setattr(pool, "_WORTH_IT", 0.0)
    monkeypatch.setattr(pool, "start_executor", started_and_warm)
    survey = survey_many.looked_at
    died: list[bytes] = []

    def dying(spool: Any, order: Any) -> Any:
        if not died:
            died.append(spool.root)
            order.readers(spool).submit(os._exit, 1).result()
        return survey(spool, order)

    monkeypatch.setattr(survey_many, "looked_at", dying)
    outcome = run("scan-all", vmail, "--format", "json", "--jobs", 2)
    errors = {row["spool"]: row["error"] for row in outcome.json["spools"] if row["error"]}
    assert errors == {os.fsdecode(died[0]): "a process that read messages has died; look again"}


def test_each_spool_keeps_an_index_of_its_own(run: Run, vmail: Path) -> None:
    run("scan-all", vmail)
    kept = {path.name for path in (vmail.parent / "cache" / "mailsurgeon").glob("*.index")}
    status = [(vmail / "example.org" / name).stat() for name in ("anna", "bert", "carla", "dirk")]
    assert kept == {f"{one.st_dev:x}-{one.st_ino:x}.index" for one in status}


def test_the_help_says_what_counts_as_a_spool() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "from mailsurgeon.cli import main; main()", "scan-all", "--help"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "symlinks are not followed" in " ".join(result.stdout.split())


# The list on the screen


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What the screen was opened on; it is left at once."""
    calls: list[tuple[str, Any]] = []

    def run_spools(directory: bytes, order: Any, surgeon: Any, **more: Any) -> int:
        del order, surgeon
        calls.append((os.fsdecode(directory), more))
        return 0

    def run_app(spool: Any, *_more: Any, **more: Any) -> int:
        calls.append((spool.shown, more))
        return 0

    app = types.ModuleType("mailsurgeon.tui.app")
    app.run_spools, app.run_app = run_spools, run_app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mailsurgeon.tui.app", app)
    monkeypatch.setattr(screen, "terminal_needed", lambda: None)
    return calls


def test_a_directory_of_several_spools_opens_as_a_list(
    run: Run, vmail: Path, lists: list[tuple[str, Any]]
) -> None:
    for words in ((vmail,), (vmail / "example.org" / "anna", "--all"), (vmail, "--read-only")):
        assert run(*words, "--jobs", 1).code == 0
    assert [directory for directory, _ in lists] == [
        str(vmail), str(vmail / "example.org" / "anna"), str(vmail),
    ]  # fmt: skip
    assert [more["read_only"] for _, more in lists] == [False, False, True]
    assert all("mouse" in more and "theme" in more for _, more in lists)


def test_one_spool_opens_as_itself(
    run: Run, tmp_path: Path, vmail: Path, lists: list[tuple[str, Any]]
) -> None:
    """Also a directory of Maildirs that are one user's folders, and one where --layout says so."""
    folders = tmp_path / "folders"
    for name in ("INBOX", "Sent", "lists/debian"):
        Tree(folders / name)
    plain = tmp_path / "plain"
    for name in ("debian", "work"):
        Tree(plain / name)
    for words in (
        (vmail / "example.org" / "anna",),
        (folders,),
        (plain,),
        (vmail, "--layout", "fs"),
    ):
        lists.clear()
        assert run(*words, "--jobs", 1).code == 0
        ((shown, more),) = lists
        assert shown == str(words[0])
        assert "read_only" in more


def test_a_list_of_nothing_is_one_line(
    run: Run, tmp_path: Path, vmail: Path, lists: list[tuple[str, Any]]
) -> None:
    (tmp_path / "empty").mkdir()
    outcome = run(tmp_path / "empty", "--all")
    assert outcome.code == 2
    assert outcome.complaint == f"{tmp_path / 'empty'}: no spool is here or below"
    assert "belongs to one spool" in run(vmail, "--quarantine", tmp_path).complaint
    assert lists == []
