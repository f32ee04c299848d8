"""mbsync and its like: nothing is renamed under a sync that runs, or was cut off."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mailsurgeon.errors import Refused
from mailsurgeon.host.host import Host
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_entry import Server
from mailsurgeon.maildir.server_files import ServerTable
from mailsurgeon.surgery.servers.sync_tools import running_tool
from tests.support.protects import protects
from tests.surgery.indexed_maildir import Clinic, clinic_in, text

HOST = Host(ask_dovecot=lambda: None)
pytestmark = [
    protects(
        "nothing is renamed under a sync that runs or was cut off",
        where="surgery/servers/sync_tools.py",
        seen="failed before the check was called",
    )
]


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with clinic_in(tmp_path) as clinic:
        clinic.mail(b"cur/1300000000.M1.host:2,SF", content=text(1))
        clinic.folder(b".Sent")
        clinic.mail(b".Sent/cur/1300000001.M2.host:2,SF", content=text(2))
        yield clinic.survey()


@pytest.fixture(autouse=True)
def known_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of this module's own: a real mbsync of this user must not decide a test. The processes
    are those of this computer."""
    names = frozenset((b"test-mbsync", b"test-offlineimap", b"test-smd-pull"))
    tools = Server("made up", sync_programs=frozenset(names))
    others = (replace(one, sync_programs=frozenset()) for one in server_files.TABLE.servers)
    monkeypatch.setattr(server_files, "TABLE", ServerTable((*others, tools)))


@contextmanager
def a_tool(name: str, home: Path, place: Path) -> Iterator[int]:
    """A process that was started under this name, with its working directory in `place`."""
    program = home / name
    shutil.copy("/bin/cat", program)
    pipe = subprocess.PIPE
    with subprocess.Popen([program], stdin=pipe, stdout=pipe, cwd=place, bufsize=0) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b".")
        process.stdout.read(1)  # it has begun
        yield process.pid
        process.stdin.close()


@pytest.mark.parametrize("name", ["test-mbsync", "test-offlineimap", "test-smd-pull"])
def test_nothing_is_changed_while_a_sync_runs(clinic: Clinic, name: str) -> None:
    before = clinic.picture()
    plan = clinic.fix()
    with a_tool(name, clinic.home, clinic.root) as process, clinic.surgeon(host=HOST) as surgeon:
        with pytest.raises(Refused, match=rf"{name} \(process {process}\) is running.*--force"):
            surgeon.apply(plan)
        assert clinic.picture() == before
        surgeon.force = True
        assert surgeon.apply(plan).state == "applied"


def test_a_script_is_known_behind_its_interpreter(clinic: Clinic) -> None:
    script = clinic.home / "test-offlineimap"
    script.write_text("import sys; print(flush=True); sys.stdin.read()")
    command, pipe = [sys.executable, script], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=clinic.root) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()  # it has begun
        found = running_tool(HOST, clinic.spool.root, 12345)
        process.stdin.close()
    assert found == f"test-offlineimap (process {process.pid}) is running"


def test_a_tool_of_somebody_else_elsewhere_is_no_reason(clinic: Clinic) -> None:
    with a_tool("test-mbsync", clinic.home, Path("/")):
        assert running_tool(HOST, clinic.spool.root, os.geteuid() + 1) == ""
        assert "test-mbsync" in running_tool(HOST, clinic.spool.root, os.geteuid())


@pytest.mark.parametrize("name", [".mbsyncstate.journal", ".mbsyncstate.lock"])
def test_a_folder_whose_sync_was_cut_off_is_left_and_the_others_are_done(
    clinic: Clinic, name: str
) -> None:
    (clinic.root / ".Sent" / name).touch()
    plan = clinic.survey().fix()
    with clinic.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert report.done == {"fix-flags": 1}
    assert [refusal.path for refusal in report.refused] == [b".Sent/cur/1300000001.M2.host:2,SF"]
    assert name in report.refused[0].reason and "--force" in report.refused[0].reason
    with clinic.surgeon() as surgeon:
        surgeon.force = True
        assert surgeon.apply(clinic.survey().fix()).done == {"fix-flags": 1}
