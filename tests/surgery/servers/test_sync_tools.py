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
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

HOST = Host(ask_dovecot=lambda: None)
pytestmark = [
    protects(
        "nothing is renamed under a sync that runs or was cut off",
        where="surgery/servers/sync_tools.py",
        seen="failed before the check was called",
    )
]


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as indexed:
        indexed.mail(b"cur/1300000000.M1.host:2,SF", content=text(1))
        indexed.folder(b".Sent")
        indexed.mail(b".Sent/cur/1300000001.M2.host:2,SF", content=text(2))
        yield indexed.survey()


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
def test_nothing_is_changed_while_a_sync_runs(indexed: IndexedMaildir, name: str) -> None:
    before = indexed.picture()
    plan = indexed.fix()
    with a_tool(name, indexed.home, indexed.root) as process, indexed.surgeon(host=HOST) as surgeon:
        with pytest.raises(Refused, match=rf"{name} \(process {process}\) is running.*--force"):
            surgeon.apply(plan)
        assert indexed.picture() == before
        surgeon.force = True
        assert surgeon.apply(plan).state == "applied"


def test_a_script_is_known_behind_its_interpreter(indexed: IndexedMaildir) -> None:
    script = indexed.home / "test-offlineimap"
    script.write_text("import sys; print(flush=True); sys.stdin.read()")
    command, pipe = [sys.executable, script], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=indexed.root) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()  # it has begun
        found = running_tool(HOST, indexed.spool.root, 12345)
        process.stdin.close()
    assert found == f"test-offlineimap (process {process.pid}) is running"


def test_a_tool_of_somebody_else_elsewhere_is_no_reason(indexed: IndexedMaildir) -> None:
    with a_tool("test-mbsync", indexed.home, Path("/")):
        assert running_tool(HOST, indexed.spool.root, os.geteuid() + 1) == ""
        assert "test-mbsync" in running_tool(HOST, indexed.spool.root, os.geteuid())


@pytest.mark.parametrize("name", [".mbsyncstate.journal", ".mbsyncstate.lock"])
def test_a_folder_whose_sync_was_cut_off_is_left_and_the_others_are_done(
    indexed: IndexedMaildir, name: str
) -> None:
    (indexed.root / ".Sent" / name).touch()
    plan = indexed.survey().fix()
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert report.done == {"fix-flags": 1}
    assert [refusal.path for refusal in report.refused] == [b".Sent/cur/1300000001.M2.host:2,SF"]
    assert name in report.refused[0].reason and "--force" in report.refused[0].reason
    with indexed.surgeon() as surgeon:
        surgeon.force = True
        assert surgeon.apply(indexed.survey().fix()).done == {"fix-flags": 1}
