"""`verify` without a real server: what it says when there is none, or a strange one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.procedures.verify import doveadm
from tests.cli.conftest import Run, Tree
from tests.procedures.verify.fake_doveadm import install
from tests.support.protects import protects

FOLDERS = ("Sent", "Entwürfe")

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing stays in the temporary directory. Root acts as himself: no real server, which would
    refuse that, is asked."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    for module in ("mailsurgeon.procedures.verify.verify", "mailsurgeon.cli.commands.verify"):
        monkeypatch.setattr(f"{module}.servers_account", lambda _spool: None)
    yield
    assert list(place.iterdir()) == []


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that PATH is."""
    place = tmp_path / "programs"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))
    return place


def test_without_doveadm_the_package_is_named(run: Run, clean: Tree, programs: Path) -> None:
    assert programs.exists()
    outcome = run("verify", clean)
    assert (outcome.code, outcome.out) == (2, "")
    assert "dovecot-core" in outcome.complaint


@pytest.mark.parametrize("version", ["2.4.1-4", "1.2.17"])
def test_a_dovecot_it_does_not_know_is_named(
    run: Run, clean: Tree, programs: Path, version: str
) -> None:
    install(programs, version=version)
    outcome = run("verify", clean)
    assert outcome.code == 2
    assert version.split("-")[0] in outcome.complaint


@pytest.mark.parametrize(
    "behaviour",
    ["def config(): pass", "def config(): sys.exit('Fatal: no')", "def listing(): say('{[')"],
)
def test_a_doveadm_that_makes_no_sense_is_one_line(
    run: Run, clean: Tree, programs: Path, behaviour: str
) -> None:
    install(programs, behaviour)
    outcome = run("verify", clean)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint.startswith(str(programs / "doveadm"))


def test_a_doveadm_that_hangs_is_ended(
    run: Run, clean: Tree, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doveadm, "SILENCE", 0.5)
    install(programs, "def fetch():\n    signal.pause()", folders=FOLDERS)
    outcome = run("verify", clean)
    assert outcome.code == 2
    assert "has said nothing" in outcome.complaint


def test_a_complaint_that_no_survey_can_know_is_a_difference(
    run: Run, clean: Tree, programs: Path
) -> None:
    behaviour = (
        "def fetch():\n    rows()\n"
        "    complain('Error: fetch(size.virtual) failed for box=INBOX uid=1: The disk is sad')"
    )
    install(programs, behaviour, folders=FOLDERS)
    outcome = run("verify", clean, "--folder", "INBOX", "--format", "json")
    assert outcome.code == 1
    [one] = outcome.json["server_only"]
    assert (one["code"], one["folder"], one["text"]) == ("complaint", "INBOX", "The disk is sad")
    assert outcome.json["complaints"][0]["uid"] == 1
    assert outcome.json["agrees"] is False


def test_what_the_server_passes_over_in_silence_is_a_difference(
    run: Run, broken: Tree, programs: Path
) -> None:
    install(programs, folders=FOLDERS)
    outcome = run("verify", broken, "--folder", "INBOX", "--format", "json")
    assert outcome.code == 1
    wrong = {"code": "size-mismatch", "folder": "INBOX", "text": ""}
    assert outcome.json["ours_only"] == [wrong | {"path": "cur/1600000002.M1P1.host,S=7:2,S"}]


def test_a_folder_the_server_does_not_list_is_a_difference(
    run: Run, clean: Tree, programs: Path
) -> None:
    install(programs, folders=FOLDERS[:1])
    outcome = run("verify", clean, "--folder", "Entwürfe")
    assert outcome.code == 1
    assert "the server lists no such folder" in outcome.out


@protects("nothing from a message reaches the terminal raw", where="text.py")
def test_control_characters_are_shown_as_text(run: Run, clean: Tree, programs: Path) -> None:
    behaviour = (
        "def fetch():\n    rows()\n"
        "    complain('Error: fetch(size.virtual) failed for box=INBOX uid=1: \\x1b[31m')"
    )
    install(programs, behaviour, folders=FOLDERS)
    out = run("verify", clean, "--folder", "INBOX").out
    assert "\\x1b[31m" in out
    assert "\x1b" not in out


@pytest.mark.process
def test_an_interrupt_ends_doveadm_and_leaves_nothing(clean: Tree, tmp_path: Path) -> None:
    signs = tmp_path / "signs"
    os.mkfifo(signs)
    behaviour = (
        f"def fetch():\n    open({str(signs)!r}, 'w').write(str(os.getpid()))\n"
        "    signal.signal(signal.SIGINT, signal.SIG_IGN)\n    signal.pause()"
    )
    programs = install(tmp_path / "programs", behaviour, folders=FOLDERS).parent
    script = (
        "import mailsurgeon.cli.commands.verify as a, mailsurgeon.procedures.verify.verify as b\n"
        "a.servers_account = b.servers_account = lambda spool: None\n"
        "from mailsurgeon.cli import main; main()"
    )
    place = tmp_path / "temporary"
    process = subprocess.Popen(
        [sys.executable, "-c", script, "verify", str(clean), "--jobs", "1"],
        env=os.environ | {"PATH": str(programs), "TMPDIR": str(place)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        child = int(signs.read_text())  # it is there, and waits
        assert len(list(place.iterdir())) == 1
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out, err) == (130, "", "mailsurgeon: interrupted\n")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
