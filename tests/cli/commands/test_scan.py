"""`mailsurgeon scan`: what it lists, in which form, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from mailsurgeon.survey.read import directories
from tests.cli.conftest import Below, Run, Tree

MISFILED = ".Sent/1600000003.M1P1.host:2,S"
WRONG_SIZE = "cur/1600000002.M1P1.host,S=7:2,S"
BAD_FLAGS = ".Sent/cur/1600000004.M1P1.host:2,SR"
EMPTY = "cur/1600000005.M1P1.host:2,S"


def test_a_clean_spool_ends_with_0(run: Run, clean: Tree) -> None:
    outcome = run("scan", clean)
    assert (outcome.code, outcome.err) == (0, "")
    assert "3 folders, 2 messages" in outcome.out
    assert "0 problems, 0 not examined" in outcome.out


def test_json_is_what_the_contract_says(run: Run, broken: Tree) -> None:
    outcome = run("scan", broken, "--format", "json")
    found = outcome.json
    assert outcome.code == 1
    assert isinstance(found.pop("seconds"), float)
    size = os.path.getsize(broken.root / WRONG_SIZE)
    problems = {
        (row["path"], row["code"], row["severity"], row["folder"], row["remedy"])
        for row in found.pop("problems")
    }
    assert problems == {
        (WRONG_SIZE, "size-mismatch", "error", "INBOX", "fix-size"),
        (MISFILED, "misfiled", "error", "Sent", "file"),
        (BAD_FLAGS, "bad-flags", "warning", "Sent", "fix-flags"),
        (EMPTY, "empty", "error", "INBOX", "quarantine"),
    }
    mail = {name: os.path.getsize(broken.root / name) for name in broken.names()}
    sent = sum(size for name, size in mail.items() if name.startswith(".Sent"))
    everything = {"size-mismatch": 1, "misfiled": 1, "bad-flags": 1, "empty": 1}
    found.pop("notes")  # whether root owns it
    assert size and found == {
        "schema": 1,
        "spool": str(broken),
        "layout": "maildir++",
        "layout_because": "the root is a Maildir, and so is .Entw&APw-rfe in it",
        "depth": "full",
        "folders": [
            {"name": "INBOX", "path": ".", "messages": 3, "bytes": sum(mail.values()) - sent,
             "problems": {"size-mismatch": 1, "empty": 1}},
            {"name": "Entwürfe", "path": ".Entw&APw-rfe", "messages": 0, "bytes": 0,
             "problems": {}},
            {"name": "Sent", "path": ".Sent", "messages": 3, "bytes": sent,
             "problems": {"misfiled": 1, "bad-flags": 1}},
        ],
        "totals": {"folders": 3, "messages": 6, "bytes": sum(mail.values()),
                   "problems": everything},
        "not_examined": [],
    }  # fmt: skip


def test_a_problem_tells_its_evidence(run: Run, broken: Tree) -> None:
    found = run("scan", broken, "--only", "size-mismatch", "--format", "json").json
    (problem,) = found["problems"]
    assert set(problem) == {"code", "severity", "folder", "path", "detail", "remedy"}
    assert problem["detail"]["S"] == [7, os.path.getsize(broken.root / WRONG_SIZE)]


def test_only_limits_what_is_listed_and_counted(run: Run, broken: Tree) -> None:
    found = run("scan", broken, "--only", "misfiled", "--only", "empty", "--format", "json").json
    assert {row["code"] for row in found["problems"]} == {"misfiled", "empty"}
    assert found["totals"]["problems"] == {"misfiled": 1, "empty": 1}
    assert found["folders"][0]["problems"] == {"empty": 1}


def test_only_takes_several_codes_at_once(run: Run, broken: Tree) -> None:
    separate = run("scan", broken, "--only", "misfiled", "--only", "empty", "--format", "csv")
    together = run("scan", "--only", "misfiled", "empty", broken, "--format", "csv")
    commas = run("scan", broken, "--only=misfiled,empty", "--format", "csv")
    assert separate.out == together.out == commas.out


def test_only_something_harmless_ends_with_0(run: Run, clean: Tree) -> None:
    clean.add("cur/1600000009.M1P1.host:2,S", b"From: a@example.org\nSubject: x\n\ntext\n")
    assert run("scan", clean, "--format", "json").json["totals"]["problems"] == {"no-message-id": 1}
    assert run("scan", clean).code == 0


def test_folder_limits_what_is_listed(run: Run, broken: Tree) -> None:
    found = run("scan", broken, "--folder", "Sent", "--format", "json").json
    assert [row["name"] for row in found["folders"]] == ["Sent"]
    assert {row["path"] for row in found["problems"]} == {MISFILED, BAD_FLAGS}
    assert found["totals"]["messages"] == 3


def test_a_folder_is_known_by_its_decoded_name(run: Run, broken: Tree) -> None:
    found = run("scan", broken, "--folder", "Entwürfe", "--format", "json")
    assert found.code == 0
    assert found.json["problems"] == []


def test_jsonl_is_one_problem_a_line(run: Run, broken: Tree) -> None:
    whole = run("scan", broken, "--format", "json").json["problems"]
    lines = run("scan", broken, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == whole


def test_a_detail_comes_from_the_index_as_the_library_writes_it(run: Run, broken: Tree) -> None:
    lines = run("scan", broken, "--format", "jsonl").out.splitlines()
    assert lines == [json.dumps(json.loads(line)) for line in lines]
    assert any(json.loads(line)["detail"] for line in lines)


def test_csv_has_the_columns_of_the_contract(run: Run, broken: Tree) -> None:
    rows = list(csv.DictReader(io.StringIO(run("scan", broken, "--format", "csv").out)))
    assert list(rows[0]) == ["code", "severity", "folder", "path", "remedy", "detail"]
    by_code = {row["code"]: row for row in rows}
    assert by_code["misfiled"]["path"] == MISFILED
    assert json.loads(by_code["misfiled"]["detail"])["target"] == "Sent"


def test_the_table_names_each_problem_and_the_totals(run: Run, broken: Tree) -> None:
    out = run("scan", broken).out
    assert f"{MISFILED}  (belongs in Sent)  -> file" in out
    assert "MISF  Misfiled" in out
    assert "4 problems, 0 not examined" in out
    assert "\x1b" not in out


def test_mail_that_lies_in_no_folder_is_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    spool = Tree(tmp_path / "mail" / "one")
    found = "lost/1600000000.M1P1.host:2,S"
    Below(tmp_path / "mail").add(found)
    outcome = run("scan", spool.root.parent, "--format", "json").json
    assert (outcome["layout"], [row["name"] for row in outcome["folders"]]) == ("fs", ["one"])
    (problem,) = outcome["problems"]
    assert (problem["path"], problem["folder"], problem["remedy"]) == (found, None, None)
    assert outcome["totals"]["messages"] == 1


def test_quiet_leaves_the_single_problems_out(run: Run, broken: Tree) -> None:
    out = run("scan", broken, "-q").out
    assert MISFILED not in out
    assert "MISF  Misfiled" in out


def test_something_not_examined_ends_with_1_and_is_named(run: Run, clean: Tree) -> None:
    (clean.root / "notes.txt").write_text("this is no mail\n")
    outcome = run("scan", clean)
    assert outcome.code == 1
    assert "not examined  notes.txt: not mail" in outcome.out
    found = run("scan", clean, "--format", "json").json
    assert found["not_examined"] == [{"path": "notes.txt", "reason": "not mail"}]


def test_quick_opens_no_message(run: Run, broken: Tree) -> None:
    found = run("scan", broken, "--quick", "--format", "json").json
    assert found["depth"] == "quick"
    assert {row["code"] for row in found["problems"]} >= {"size-mismatch", "misfiled", "empty"}
    waiting = [row for row in found["problems"] if row["code"] in ("size-mismatch", "misfiled")]
    assert all(row["remedy"] is None and row["detail"]["pending"] for row in waiting)


def test_a_second_scan_reads_only_what_changed(
    run: Run, broken: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    really_open = os.open

    def noting(path: str | bytes, *arguments: int, **more: int | None) -> int:
        opened.append(os.fsdecode(path))
        return really_open(path, *arguments, **more)

    monkeypatch.setattr(os, "open", noting)
    # As if the clock had gone on: what changed a moment ago is read again.
    monkeypatch.setattr(directories, "GRANULARITY", 0)

    def read(*options: str) -> set[str]:
        opened.clear()
        run("scan", broken, *options)
        return {os.path.basename(path) for path in opened if "host" in path}

    every = {os.path.basename(path) for path in broken.names()}
    assert read() == every
    assert read() == set()
    broken.add("cur/1600000000.M1P1.host:2,S", b"From: x@example.org\n\nchanged\n")
    assert read() == {"1600000000.M1P1.host:2,S"}
    assert read("--fresh") == every


def test_excluded_paths_are_not_looked_at(run: Run, broken: Tree) -> None:
    found = run("scan", broken, "--exclude", ".Sent", "--format", "json").json
    assert all(not row["path"].startswith(".Sent") for row in found["problems"])


def test_the_age_of_leftovers_is_an_option(run: Run, clean: Tree) -> None:
    clean.add("tmp/1600000000.M9P9.host")
    stale = run("scan", clean, "--only", "in-tmp", "--format", "json").json["problems"]
    young = run("scan", clean, "--only", "in-tmp", "--tmp-age", "9999999", "--format", "json")
    assert (stale[0]["severity"], young.json["problems"][0]["severity"]) == ("error", "info")


def test_hostile_names_reach_no_terminal(run: Run, clean: Tree) -> None:
    clean.add("cur/1600000007.M\x1b[31m\u202eP1.host,S=3:2,S")
    for format in ("table", "json", "jsonl", "csv"):
        out = run("scan", clean, "--format", format).out
        assert out.count("\\u202e") + out.count("\\x1b") >= 1
        assert "\x1b" not in out
        assert "\u202e" not in out


def test_an_index_that_cannot_be_kept_is_made_anew(
    run: Run, broken: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = run("scan", broken, "--format", "csv")
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    without = run("scan", broken, "--format", "csv")
    assert (without.code, without.out, without.err) == (1, kept.out, "")
    assert "temporary one is used" in run("scan", broken, "--verbose").err


def test_a_damaged_index_is_made_anew(run: Run, broken: Tree, tmp_path: Path) -> None:
    kept = run("scan", broken, "--format", "csv")
    (index,) = (tmp_path / "cache").rglob("*.index")
    index.write_bytes(b"not a database" * 1000)
    assert run("scan", broken, "--format", "csv") == kept


def test_scanning_changes_nothing(run: Run, broken: Tree) -> None:
    before = broken.picture()
    run("scan", broken)
    assert broken.picture() == before
    assert sorted(os.listdir(broken.root.parent)) == ["Maildir"]
