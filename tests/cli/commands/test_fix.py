"""`fix`, `file`, `flags`, `undo`, `redo`: from damage to repair and back."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.cli import execute
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.surgery.surgeon import Surgeon
from tests.cli.conftest import MTIME, Run, Tree
from tests.support.host import FakeHost

MISFILED = ".Sent/1600000003.M1P1.host:2,S"
FILED = ".Sent/cur/1600000003.M1P1.host:2,S"
UNSORTED = ".Sent/cur/1600000004.M1P1.host:2,SR"
SORTED = ".Sent/cur/1600000004.M1P1.host:2,RS"
WRONG_SIZE = "cur/1600000002.M1P1.host,S=7:2,S"
EMPTY = "cur/1600000005.M1P1.host:2,S"


def right_size(tree: Tree) -> str:
    return f"cur/1600000002.M1P1.host,S={os.path.getsize(tree.root / WRONG_SIZE)}:2,S"


def test_a_dry_run_shows_the_plan_and_changes_nothing(run: Run, broken: Tree) -> None:
    before = broken.picture()
    outcome = run("fix", broken, "--dry-run")
    assert (outcome.code, outcome.err) == (1, "")
    assert f"{MISFILED} -> {FILED}" in outcome.out
    assert "mailsurgeon fix" in outcome.out
    assert "--only empty" in outcome.out
    assert broken.picture() == before
    assert os.listdir(broken.root.parent) == ["Maildir"]


def test_what_is_left_of_what_was_asked_for_makes_the_exit_code_1(run: Run, clean: Tree) -> None:
    cut = clean.root / "cur" / "1600000009.M1P1.host,S=49089:2,S"
    head = "From: a@example.org\nSubject: cut\nMessage-ID: <cut@example.org>\n"
    cut.write_text(f"{head}Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n")
    assert run("fix", clean, "--yes").code == 0  # a plain fix does not take this on
    left = run("fix", clean, "--only", "size-mismatch", "--yes")
    assert left.code == 1
    assert "correcting the size would hide" in left.out
    assert run("fix", clean, "--only", "bad-flags", "--yes").code == 0


def test_without_a_terminal_it_needs_yes(run: Run, broken: Tree) -> None:
    before = broken.picture()
    outcome = run("fix", broken)
    assert outcome.code == 1
    assert f"{MISFILED} -> {FILED}" in outcome.out
    assert outcome.complaint == "nothing was changed; --yes does what the plan says"
    assert broken.picture() == before


def test_fix_repairs_and_reports(run: Run, broken: Tree) -> None:
    expected = broken.names() - {MISFILED, UNSORTED, WRONG_SIZE}
    expected |= {FILED, SORTED, right_size(broken)}
    outcome = run("fix", broken, "--yes")
    assert (outcome.code, outcome.err) == (0, "")
    assert broken.names() == expected
    assert os.stat(broken.root / FILED).st_mtime_ns == MTIME
    assert "done      1 file" in outcome.out
    assert f"Operation 1. mailsurgeon undo {broken} 1 takes it back." in outcome.out


def test_a_second_fix_has_nothing_to_do(run: Run, broken: Tree) -> None:
    run("fix", broken, "--yes")
    outcome = run("fix", broken, "--dry-run", "--format", "json")
    assert outcome.code == 0
    assert outcome.json["plan"]["acts"] == []
    assert {code for left in outcome.json["left"] for code in left["codes"]} == {"empty"}


def test_undo_all_gives_the_tree_back(run: Run, broken: Tree) -> None:
    before = broken.picture()
    run("fix", broken, "--yes")
    run("fix", broken, "--only", "empty", "--yes")
    run("flags", broken, "cur/1600000000.M1P1.host:2,S", "--set", "FS", "--yes")
    assert broken.picture() != before
    outcome = run("undo", broken, "--all", "--yes")
    assert (outcome.code, outcome.err) == (0, "")
    assert broken.picture() == before
    again = run("undo", broken, "--all", "--yes")
    assert again.code == 1
    assert "nothing to undo" in again.complaint


def test_undo_all_tells_what_it_would_take_back(run: Run, broken: Tree) -> None:
    run("fix", broken, "--yes")
    run("fix", broken, "--only", "empty", "--yes")
    repaired = broken.picture()
    for words in (("--dry-run",), ()):
        outcome = run("undo", broken, "--all", *words)
        assert outcome.code == 1
        assert [line.split(":")[0] for line in outcome.out.splitlines()] == ["undo 2", "undo 1"]
    found = run("undo", broken, "--all", "--dry-run", "--format", "json").json
    assert [row["id"] for row in found["undoable"]] == [2, 1]
    assert broken.picture() == repaired


def test_undo_all_in_json_is_one_document(run: Run, broken: Tree) -> None:
    run("fix", broken, "--yes")
    run("fix", broken, "--only", "empty", "--yes")
    found = run("undo", broken, "--all", "--yes", "--format", "json").json
    assert found["schema"] == 1
    assert [row["kind"] for row in found["operations"]] == ["undo", "undo"]


def test_undo_and_redo_of_the_last_and_of_a_named_operation(run: Run, broken: Tree) -> None:
    start = broken.picture()
    run("fix", broken, "--only", "misfiled", "--yes")
    filed = broken.picture()
    run("fix", broken, "--only", "bad-flags", "--yes")
    both = broken.picture()
    assert run("undo", broken, "--yes").code == 0
    assert broken.picture() == filed
    assert run("redo", broken, "--yes").code == 0
    assert broken.picture() == both
    assert run("undo", broken, 2, "--yes").code == 0
    assert run("undo", broken, 1, "--yes").code == 0
    assert broken.picture() == start


def test_the_journal_knows_what_was_undone_and_redone(run: Run, clean: Tree) -> None:
    for number in range(1100):  # three batches
        clean.add(f".Sent/17{number:08}.M1P1.host:2,S")

    def state() -> str:
        return run("log", clean, "--format", "json").json["operations"][0]["state"]

    run("fix", clean, "--yes", "--max", 1100)
    for command, expected in (("undo", "undone"), ("redo", "applied"), ("undo", "undone")):
        assert run(command, clean, "--yes").code == 0
        assert state() == expected


def test_undo_refuses_by_name_what_has_moved_on(run: Run, broken: Tree) -> None:
    run("fix", broken, "--only", "bad-flags", "--yes")
    os.rename(broken.root / SORTED, broken.root / (SORTED + "T"))
    outcome = run("undo", broken, "--yes", "--format", "json")
    assert outcome.code == 1
    told = outcome.json["refused"] + outcome.json["left"]
    assert any(SORTED in row["path"] for row in told)


def test_json_of_a_plan_and_of_a_report(run: Run, broken: Tree) -> None:
    words = ("fix", broken, "--only", "bad-flags", "--format", "json")
    planned = run(*words, "--dry-run").json
    assert planned["operation"] is None
    assert (planned["kind"], planned["state"], planned["done"]) == ("fix", "planned", {})
    (act,) = planned["plan"]["acts"]
    assert (act["verdict"], act["path"], act["codes"]) == ("fix-flags", UNSORTED, ["bad-flags"])
    assert [(step["action"], step["source"], step["target"]) for step in act["steps"]] == [
        ("rename", UNSORTED, SORTED)
    ]
    done = run(*words, "--yes").json
    assert set(done) == {
        "schema", "operation", "kind", "state", "summary", "done", "refused", "left", "effects",
        "not_examined", "servers",
    }  # fmt: skip
    assert (done["schema"], done["operation"], done["state"]) == (1, 1, "applied")
    assert done["done"] == {"fix-flags": 1}
    assert done["refused"] == []


def test_json_without_consent_is_the_plan(run: Run, broken: Tree) -> None:
    outcome = run("fix", broken, "--format", "json")
    assert outcome.code == 1
    assert outcome.json["state"] == "planned"
    assert "--yes" in outcome.complaint


def test_quiet_says_nothing_when_all_went_well(run: Run, broken: Tree) -> None:
    assert run("fix", broken, "--yes", "-q") == type(run("--version"))(0, "", "")


def test_verbose_names_every_step(run: Run, clean: Tree) -> None:
    for number in range(9):
        clean.add(f".Sent/160000010{number}.M1P1.host:2,S")
    short = run("fix", clean, "--dry-run").out
    whole = run("fix", clean, "--dry-run", "-v").out
    assert "and 6 more" in short
    assert all(f"rename .Sent/160000010{number}." in whole for number in range(9))


def test_fix_takes_paths_of_every_sort(
    run: Run, broken: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planned(path: object) -> list[str]:
        found = run("fix", broken, path, "--dry-run", "--format", "json").json
        return [act["path"] for act in found["plan"]["acts"]]

    assert planned(UNSORTED) == [UNSORTED]
    assert planned(broken.root / UNSORTED) == [UNSORTED]
    assert planned(EMPTY) == [EMPTY]  # named by its path, though not taken on unasked
    monkeypatch.chdir(broken.root / ".Sent" / "cur")
    assert planned(os.path.basename(UNSORTED)) == [UNSORTED]
    assert planned("../cur/" + os.path.basename(UNSORTED)) == [UNSORTED]


def test_fix_of_one_folder_leaves_the_others(run: Run, broken: Tree) -> None:
    run("fix", broken, "--folder", "Sent", "--yes")
    assert {FILED, SORTED, WRONG_SIZE} <= broken.names()


def test_file_moves_into_cur_of_the_folder_named(run: Run, broken: Tree) -> None:
    outcome = run("file", broken, MISFILED, "--to", "Entwürfe", "--yes")
    assert outcome.code == 0
    assert ".Entw&APw-rfe/cur/1600000003.M1P1.host:2,S" in broken.names()


def test_flags_are_set_sorted(run: Run, broken: Tree) -> None:
    outcome = run("flags", broken, "cur/1600000000.M1P1.host:2,S", "--set", "SF", "--yes")
    assert outcome.code == 0
    assert "cur/1600000000.M1P1.host:2,FS" in broken.names()
    assert run("flags", broken, "cur/1600000000.M1P1.host:2,FS", "--set", "", "--yes").code == 0
    assert "cur/1600000000.M1P1.host:2," in broken.names()


def test_on_a_terminal_it_asks(run: Run, broken: Tree) -> None:
    before = broken.picture()
    for answer in ("n\n", "\n", "", "what\n"):
        outcome = run("fix", broken, answers=answer)
        assert outcome.code == 1
        assert " changes? [y/N]" in outcome.err
        assert MISFILED in outcome.err
        assert broken.picture() == before
    assert run("fix", broken, answers="y\n").code == 0
    assert FILED in broken.names()


@pytest.fixture
def crowded(clean: Tree) -> Tree:
    """60 of 61 messages of INBOX have flags out of order."""
    for number in range(60):
        clean.add(f"cur/16000001{number:02}.M1P1.host:2,SR")
    return clean


def test_the_brake_asks_for_the_number(run: Run, crowded: Tree) -> None:
    before = crowded.picture()
    for answers in ("y\n", "59\ny\n", "60\nn\n"):
        outcome = run("fix", crowded, answers=answers)
        assert outcome.code == 1
        assert "Type 60 to go on" in outcome.err
        assert crowded.picture() == before
    assert run("fix", crowded, answers="60\ny\n").code == 0
    assert crowded.picture() != before
    assert run("undo", crowded, answers="y\n").code == 0  # taking back is exempt
    assert crowded.picture() == before


def test_yes_covers_the_rule_of_the_half(run: Run, crowded: Tree) -> None:
    assert run("fix", crowded, "--yes").code == 0


def test_max_refuses_a_larger_plan(run: Run, crowded: Tree) -> None:
    before = crowded.picture()
    outcome = run("fix", crowded, "--yes", "--max", 59)
    assert outcome.code == 1
    assert "--max allows 59" in outcome.complaint
    assert crowded.picture() == before
    assert run("fix", crowded, "--yes", "--max", 60).code == 0


def test_over_a_thousand_need_max(run: Run, clean: Tree) -> None:
    for number in range(1001):
        clean.add(f".Sent/17{number:08}.M1P1.host:2,S")
    outcome = run("fix", clean, "--yes")
    assert outcome.code == 1
    assert "--max 1001 allows it" in outcome.complaint
    assert os.listdir(clean.root.parent) == ["Maildir"]
    assert run("fix", clean, "--yes", "--max", 1001).code == 0
    assert run("undo", clean, "--yes").code == 0


def test_a_message_that_vanishes_before_the_repair_is_refused_by_name(
    run: Run, broken: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(surgeon: Surgeon, plan: Plan, *rest: Any) -> tuple[Report, bool]:
        os.unlink(broken.root / UNSORTED)
        return applied(surgeon, plan, *rest)

    applied = execute.run_plan
    monkeypatch.setattr(execute, "run_plan", vanish)
    outcome = run("fix", broken, "--yes", "--format", "json")
    assert outcome.code == 1
    assert [row["path"] for row in outcome.json["refused"]] == [UNSORTED]
    assert FILED in broken.names()


def test_an_interrupt_ends_with_the_batch_and_can_be_taken_back(
    run: Run, clean: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(700):
        clean.add(f".Sent/17{number:08}.M1P1.host:2,S")
    before = clean.picture()
    really = Surgeon.apply

    def interrupted(self: Surgeon, plan: Plan, **how: Any) -> Report:
        def on_progress(*_figures: int) -> None:
            signal.raise_signal(signal.SIGINT)

        return really(self, plan, **{**how, "on_progress": on_progress})

    with monkeypatch.context() as patch:
        patch.setattr(Surgeon, "apply", interrupted)
        outcome = run("fix", clean, "--yes", "--format", "json")
    assert outcome.code == 130
    assert outcome.json["state"] == "partial"
    assert 0 < sum(outcome.json["done"].values()) < 700
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert run("undo", clean, "--yes").code == 0
    assert clean.picture() == before


def test_another_state_dir_has_another_journal(run: Run, broken: Tree, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    outcome = run("fix", broken, "--yes", "--state-dir", elsewhere)
    assert outcome.code == 0
    assert f"--state-dir {elsewhere}" in outcome.out
    assert "nothing to undo" in run("undo", broken, "--yes").err
    assert run("undo", broken, "--yes", "--state-dir", elsewhere).code == 0


def test_the_journal_is_private(run: Run, broken: Tree, tmp_path: Path) -> None:
    run("fix", broken, "--yes")
    for path in (tmp_path / "state").rglob("*"):
        if "journal" in path.name:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_offered_to_be_taken_back_where_nothing_was_done(run: Run, clean: Tree) -> None:
    one, two = "cur/1700000001.M1P1.host:2,S", "new/1700000001.M1P1.host"
    clean.add(one)
    clean.add(two)
    outcome = run("flags", clean, two, "--set", "F", "--yes")
    assert outcome.code == 1
    assert "its base name is taken" in outcome.out
    assert "takes it back" not in outcome.out


def test_where_the_lists_were_found_is_told_on_request(
    run: Run, broken: Tree, tmp_path: Path
) -> None:
    control = tmp_path / "control"
    (control / ".INBOX").mkdir(parents=True)
    host = FakeHost(dovecot=f"mail_location = maildir:{broken}:CONTROL={control}\n")
    quiet = run("fix", broken, "--dry-run", host=host)
    verbose = run("fix", broken, "--dry-run", "-v", host=host)
    assert quiet.err == ""
    assert verbose.complaint == f"{broken}: uidlists in {control} (by doveconf)"
    for outcome in (quiet, verbose):
        assert f"uses      uidlists in {control} (by doveconf)" in outcome.out
        assert f"no uidlist is in {control}/.INBOX (by doveconf)" in outcome.out
