"""How the program is called: exit codes, and one line for each mistake."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailsurgeon import __version__
from mailsurgeon.cli.commands import scan
from mailsurgeon.diagnosis.catalogue import CATALOGUE

from .conftest import Run, Tree

SPOOL = "SPOOL"
WRONG = [
    ((), "SPOOL"),
    (("scan",), "SPOOL"),
    (("scan", SPOOL, "other"), "other: not expected here"),
    (("scann", SPOOL), "did you mean scan?"),
    (("scan", SPOOL, "--bogus"), "--bogus"),
    (("scan", SPOOL, "--format", "xml"), '"jsonl"'),
    (("scan", SPOOL, "--only", "bogus"), "known are name-clash, size-mismatch"),
    (("scan", SPOOL, "--folder", "Nowhere"), "known are INBOX, Entwürfe, Sent"),
    (("scan", SPOOL, "--layout", "mh"), '"fs"'),
    (("scan", SPOOL, "--tmp-age", "-1"), "--tmp-age"),
    (("scan", SPOOL, "--jobs", "0"), "--jobs"),
    (("fix", SPOOL, "--only", "bogus"), "bogus: no such code"),
    (("fix", SPOOL, "--folder", "Nowhere"), "Nowhere: no such folder"),
    (("fix", SPOOL, "cur/nothing"), "cur/nothing: no such file in the spool"),
    (("fix", SPOOL, "/etc/passwd"), "/etc/passwd: lies outside the spool"),
    (("fix", SPOOL, "--max", "x"), "--max"),
    (("file", SPOOL), "at least one PATH"),
    (("file", SPOOL, "cur", "--to", "Nowhere"), "Nowhere: no such folder"),
    (("flags", SPOOL, "cur"), "--set"),
    (("flags", SPOOL, "cur", "--set", "SX"), "X is no flag"),
    (("undo", SPOOL, "7", "--all"), "leave 7 or --all out"),
    (("undo", SPOOL, "seven"), "seven"),
    (("log", SPOOL, "--session", "yesterday"), "no such session"),
    (("log", SPOOL, "--format", "pdf"), "pdf"),
    (("quarantine", "add", SPOOL), "at least one PATH"),
    (("quarantine", "restore", SPOOL), "an operation's number, or a PATH"),
    (("quarantine", "purge", SPOOL), "--older-than"),
    (("quarantine", "burn", SPOOL), "burn"),
    (("explain", "bogus"), "known are name-clash"),
    (("scan", "/no/such/place"), "/no/such/place"),
]


@pytest.mark.parametrize(("words", "told"), WRONG, ids=lambda value: " ".join(value)[:60])
def test_a_mistake_is_one_line_and_2(
    run: Run, broken: Tree, words: tuple[str, ...], told: str
) -> None:
    before = broken.picture()
    outcome = run(*(broken if word == SPOOL else word for word in words))
    assert (outcome.code, outcome.out) == (2, "")
    assert told in outcome.complaint
    assert broken.picture() == before


ENDS = [
    (("scan", SPOOL), 1),
    (("scan", SPOOL, "--only", "unreadable"), 0),
    (("fix", SPOOL, "--dry-run"), 1),
    (("fix", SPOOL, "--only", "unreadable", "--dry-run"), 0),
    (("fix", SPOOL), 1),
    (("fix", SPOOL, "--yes"), 0),
    (("undo", SPOOL), 1),
    (("redo", SPOOL), 1),
    (("undo", SPOOL, "--all"), 1),
    (("quarantine", "list", SPOOL), 0),
    (("quarantine", "restore", SPOOL, "1", "--yes"), 1),
    (("log", SPOOL), 0),
    (("explain", "misfiled"), 0),
    (("explain", "subscriptions"), 0),
    (("--help",), 0),
    (("fix", "--help"), 0),
    (("--version",), 0),
]


@pytest.mark.parametrize(("words", "code"), ENDS, ids=lambda value: str(value)[:60])
def test_exit_codes(run: Run, broken: Tree, words: tuple[str, ...], code: int) -> None:
    assert run(*(broken if word == SPOOL else word for word in words)).code == code


def test_the_help_names_every_command(run: Run) -> None:
    out = run("--help").out
    for command in ("demo", "scan", "fix", "file", "flags", "undo", "redo", "log", "quarantine"):
        assert re.search(rf"^\W*{command} +[A-Z]\w+ ", out, re.MULTILINE), f"{command}: no word"
    assert "quarantine" in run("quarantine", "--help").out


def test_the_version(run: Run) -> None:
    assert run("--version").out.strip() == __version__


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.code)
def test_explain_tells_of_every_kind(run: Run, kind: object) -> None:
    from mailsurgeon.diagnosis.catalogue import ProblemKind

    assert isinstance(kind, ProblemKind)
    by_code, by_badge = run("explain", kind.code), run("explain", kind.badge.lower())
    assert by_code == by_badge
    assert by_code.code == 0
    assert kind.sentence.split()[0] in by_code.out
    for remedy in kind.remedies:
        assert remedy in by_code.out


def test_mistakes_are_shown_without_control_characters(run: Run, clean: Tree) -> None:
    line = run("scan", clean, "--only", "a\x1b[31m\nb").complaint
    assert line.startswith("a\\x1b[31m")


def test_a_fault_of_the_program_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_arguments: object) -> None:
        raise KeyError("oh no")

    monkeypatch.setattr(scan, "opened", faulty)
    outcome = run("scan", "somewhere")
    assert outcome.code == 2
    assert outcome.complaint == "a fault of mailsurgeon: KeyError: 'oh no'"


def test_an_interrupt_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(scan, "opened", interrupted)
    outcome = run("scan", "somewhere")
    assert (outcome.code, outcome.complaint) == (130, "interrupted")


def _program(*words: object, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from mailsurgeon.cli import main; main()", *map(str, words)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **how,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.process
def test_the_program_itself_ends_with_the_code(broken: Tree) -> None:
    scanned = _program("scan", broken, "--format", "json")
    assert (scanned.returncode, scanned.stderr) == (1, "")
    assert '"schema": 1' in scanned.stdout
    wrong = _program("scan", "/no/such/place")
    assert (wrong.returncode, wrong.stdout, wrong.stderr.count("\n")) == (2, "", 1)


@pytest.mark.process
def test_a_reader_that_leaves_is_no_error(broken: Tree) -> None:
    script = "from mailsurgeon.cli import main; main()"
    for number in range(300):
        broken.add(f".Sent/17{number:08}.M1P1.{'h' * 180}:2,S")
    piped = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" scan "$2" | head -n 1', sys.executable, script, str(broken)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert piped.stderr == ""


@pytest.mark.process
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_one_line(broken: Tree) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "from mailsurgeon.cli import main; main()", "scan", broken],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr == "mailsurgeon: No space left on device\n"


@pytest.mark.process
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_stop_no_repair(broken: Tree, tmp_path: Path, closed: str) -> None:
    script = "from mailsurgeon.cli import main; main()"
    line = f'exec "$0" -c "$1" fix "$2" --yes --state-dir "$3" {closed}'
    before = broken.picture()
    ended = subprocess.run(
        ["sh", "-c", line, sys.executable, script, broken, tmp_path / "state"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert broken.picture() != before


@pytest.mark.process
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_complaint_that_cannot_be_written_changes_no_exit_code() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "from mailsurgeon.cli import main; main()", "scan", "/no/such"],
            stderr=full, check=False,
        )  # fmt: skip
    assert ended.returncode == 2


COMMANDS = ("scan", "fix", "log", "undo")


@pytest.mark.process
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_load_neither_textual_nor_the_mail_parser(broken: Tree, command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c",
         "import sys; from mailsurgeon.cli import run; run(sys.argv[1:]);"
         "print([n for n in sys.modules if n.split('.')[0] in ('textual', 'mailparser')])",
         command, str(broken)],
        capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.stdout.splitlines()[-1] == "[]"
