"""What `fix` tells when it is done: what is left, the next command, and whether servers go on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.surgery.surgeon import Surgeon
from tests.cli.conftest import Outcome, Run, Tree

ODD = "cur/1600000009.M1P1.ho'\x1b[2J\x01st,S=49089:2,S"
CUT = "From: a@example.org\nSubject: cut\nMessage-ID: <cut@example.org>\nContent-Type: multipart/mi"


@pytest.fixture
def odd(tmp_path: Path) -> Tree:
    """A spool with a blank in its name, and in it a truncated message of a hostile name."""
    tree = Tree(tmp_path / "mail of ann" / "Mail  dir")
    tree.folder(".Sent")
    tree.add(ODD, CUT.encode())
    return tree


def told(outcome: Outcome) -> list[str]:
    """The commands that a report tells to go on with, not the one that takes it back."""
    lines = [line.removeprefix("again").strip() for line in outcome.out.splitlines()]
    return [line for line in lines if line.startswith(("mailsurgeon ", "mkdir "))]


def pasted(line: str) -> list[str]:
    """The words of a line as bash reads it, without the program's own name."""
    ended = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True
    )
    return [os.fsdecode(word) for word in ended.stdout.split(b"\0")[1:-1]]


def test_the_command_for_a_truncated_message_names_it_and_works(run: Run, odd: Tree) -> None:
    before = odd.picture()
    for words in ((), ("--only", "truncated"), ("--only", "size-mismatch")):
        left = run("fix", odd, *words, "--yes")
        assert "\x1b" not in left.out
        assert "truncated" in left.out or "size-mismatch" in left.out
        line = next(line for line in told(left) if "ho" in line)
        assert "'\\x1b" not in line
        done = run(*pasted(line), "--yes")
        assert done.code == 0, done.err
        now = run("fix", odd, "--dry-run", "--format", "json").json
        assert now["servers"]["get_through"]
        assert run("undo", odd, "--yes").code == 0
        assert odd.picture() == before


def test_a_plain_fix_says_where_servers_stop_and_later_that_they_get_through(
    run: Run, odd: Tree
) -> None:
    odd.add("cur/1600000010.M1P1.host,S=7:2,S")
    first = run("fix", odd, "--yes")
    assert "an IMAP server, and a sync through it, will stop at 1 message:" in first.out
    line = next(line for line in told(first) if "ho" in line)
    last = run(*pasted(line), "--yes")
    assert "IMAP servers and syncs such as mbsync get through the whole spool" in last.out
    assert run("fix", odd, "--format", "json", "--yes").json["servers"] == {
        "get_through": True, "complete": True, "stops": []
    }  # fmt: skip


def test_a_run_on_one_folder_still_tells_of_the_others(run: Run, odd: Tree) -> None:
    outcome = run("fix", odd, "--folder", "Sent", "--yes")
    assert "will stop at 1 message" in outcome.out
    assert told(outcome) == []


def test_what_a_run_on_one_folder_left_is_asked_for_there_only(run: Run, broken: Tree) -> None:
    broken.add(".Sent/cur/1600000020.M1P1.host:2,S", b"")
    (line,) = told(run("fix", broken, "--folder", "Sent", "--yes"))
    assert pasted(line) == ["fix", str(broken), "--only", "empty", "--folder", "Sent"]
    assert run(*pasted(line), "--yes", "--format", "json").json["done"] == {"quarantine empty": 1}
    (line,) = told(run("fix", broken, "cur", "--yes"))
    assert pasted(line) == ["fix", str(broken), "cur", "--only", "empty"]


def test_the_told_command_has_the_options_that_decide_what_it_works_on(
    run: Run, broken: Tree, tmp_path: Path
) -> None:
    options = ("--state-dir", tmp_path / "st ate", "--exclude", "*.x y", "--tmp-age", 5)
    line = next(line for line in told(run("fix", broken, "--yes", *options)) if "empty" in line)
    words = pasted(line)
    assert words[:4] == ["fix", str(broken), "--only", "empty"]
    assert words[4:] == [
        "--state-dir", str(tmp_path / "st ate"), "--tmp-age", "5", "--exclude=*.x y"
    ]  # fmt: skip
    assert run(*words, "--yes").code == 0


def test_a_dry_run_tells_the_commands_too(run: Run, broken: Tree) -> None:
    outcome = run("fix", broken, "--dry-run")
    (line,) = told(outcome)
    assert pasted(line) == ["fix", str(broken), "--only", "empty"]
    assert "once this is done, IMAP servers and syncs such as mbsync get through" in outcome.out


def test_what_could_not_be_examined_is_no_promise(run: Run, clean: Tree) -> None:
    (clean.root / "notes.txt").write_text("not mail")
    clean.add("cur/1600000010.M1P1.host:2,SR")
    outcome = run("fix", clean, "--yes")
    assert "as far as is known: 1 path was not examined" in outcome.out
    assert "--exclude left some out" in run("fix", clean, "--yes", "--exclude", "*.txt").out


def test_a_folder_that_belongs_into_another_can_be_brought_there_as_told(
    run: Run, clean: Tree
) -> None:
    clean.folder(".INBOX")
    clean.add(".INBOX/cur/1600000050.M1P1.host:2,S")
    clean.add(".INBOX/new/1600000051.M1P1.host")
    line = next(line for line in told(run("fix", clean, "--yes")) if " file " in line)
    done = run(*pasted(line), "--yes")
    assert done.code == 0, done.err
    assert {"cur/1600000050.M1P1.host:2,S", "cur/1600000051.M1P1.host:2,"} <= clean.names()


def test_leftovers_can_be_filed_or_put_away_as_told(run: Run, clean: Tree) -> None:
    stale = clean.add("tmp/1600000060.M1P1.host", b"%PDF-1.4 no mail\n")
    lines = [line for line in told(run("fix", clean, "--yes")) if "tmp/" in line]
    assert [pasted(line)[0] for line in lines] == ["file", "quarantine"]
    assert run(*pasted(lines[1]), "--yes").code == 0
    assert os.fsdecode(stale) not in clean.names()


# Interrupts


@pytest.fixture
def crowd(clean: Tree) -> Tree:
    for number in range(700):
        clean.add(f".Sent/17{number:08}.M1P1.host:2,S")
    return clean


@contextmanager
def interrupted_early() -> Iterator[None]:
    """Ctrl+C after the first batch of each operation."""
    really = Surgeon.apply

    def interrupted(self: Surgeon, plan: Plan, **how: Any) -> Report:
        def on_progress(*_figures: int) -> None:
            signal.raise_signal(signal.SIGINT)

        return really(self, plan, **{**how, "on_progress": on_progress})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Surgeon, "apply", interrupted)
        yield


def test_an_interrupted_fix_says_in_one_line_how_to_go_on_and_back(run: Run, crowd: Tree) -> None:
    with interrupted_early():
        stopped = run("fix", crowd, "--yes")
    assert stopped.code == 130
    done, on, back = stopped.complaint.split("; to ")
    assert done.endswith("of 700 changes done")
    assert on == f"go on: mailsurgeon fix {crowd}"
    assert back == f"take back what was done: mailsurgeon undo {crowd} 1"
    assert run(*pasted(on.removeprefix("go on: ")), "--yes").code == 0
    assert run("fix", crowd, "--dry-run").code == 0


def test_an_interrupted_undo_says_how_to_go_on(run: Run, crowd: Tree) -> None:
    before = crowd.picture()
    run("fix", crowd, "--yes")
    with interrupted_early():
        taken = run("undo", crowd, "--yes")
    assert taken.code == 130
    _, on, _ = taken.complaint.split("; to ")
    assert on == f"go on: mailsurgeon undo {crowd} 1"
    assert run(*pasted(on.removeprefix("go on: ")), "--yes").code == 0
    assert crowd.picture() == before


def test_an_interrupted_undo_of_everything_says_how_to_go_on(run: Run, crowd: Tree) -> None:
    run("fix", crowd, "--yes")
    with interrupted_early():
        stopped = run("undo", crowd, "--all", "--yes")
    assert stopped.code == 130
    assert stopped.complaint == f"interrupted; to go on: mailsurgeon undo {crowd} --all"


def test_an_interrupted_look_changes_nothing_and_says_how_to_go_on(
    run: Run, broken: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailsurgeon.survey import run as survey

    def interrupted(*_arguments: object, **_how: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(survey, "compare", interrupted)
    before = broken.picture()
    scanned = run("scan", broken, "--only", "SIZE", "--folder", "Sent", "--fresh")
    assert (scanned.code, scanned.complaint) == (
        130,
        "interrupted; nothing was changed; to go on: mailsurgeon scan"
        f" {broken} --only size-mismatch --folder Sent",
    )
    fixed = run("fix", broken, "--yes", EMPTY)
    assert fixed.code == 130
    assert fixed.complaint.endswith(
        f"; nothing was changed; to go on: mailsurgeon fix {broken} {EMPTY}"
    )
    assert broken.picture() == before


EMPTY = "cur/1600000005.M1P1.host:2,S"
