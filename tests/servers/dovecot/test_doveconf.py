"""Lists and indexes kept elsewhere: found by asking the real doveconf, with no option given."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.servers.conftest import prepared
from tests.servers.dovecot.test_dovecot import WRONG, as_text, deliver, make_sizes_wrong
from tests.servers.support.dovecot import Dovecot, Owner, message
from tests.servers.support.operator import Operator

pytestmark = pytest.mark.servers

DOVECONF = shutil.which("doveconf", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin")
PLACES = ("CONTROL={home}/control/%n", "INDEX={home}/index/%n")


def installed(home: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Puts a `doveconf` of these lines of a shell before all others."""
    programs = home / "bin"
    programs.mkdir()
    program = programs / "doveconf"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)


def configured(home: Path, monkeypatch: pytest.MonkeyPatch, configuration: Path) -> None:
    """The real doveconf, with this file for the host's own configuration."""
    assert DOVECONF
    installed(home, monkeypatch, f'exec {DOVECONF} -c {configuration} "$@"')


@pytest.fixture
def server(home: Path, owner: Owner) -> Dovecot:
    """A Dovecot that keeps its lists and indexes elsewhere; INBOX and Sent with wrong sizes."""
    settings = [place.format(home=home).replace("%n", "joe") for place in PLACES]
    server = prepared(Dovecot(home, owner, *settings))
    for number, mailbox in enumerate(("INBOX", "Sent")):
        deliver(server, 5, mailbox, first=1 + 5 * number)
        make_sizes_wrong(server, server.folder_path(mailbox))
    return server


def test_uids_are_kept_without_any_option(
    server: Dovecot, home: Path, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(home, monkeypatch, server.configuration)
    before = {mailbox: server.seen(mailbox) for mailbox in ("INBOX", "Sent")}
    assert all(server.complaints(mailbox) == WRONG for mailbox in before)

    plan = operator.run("fix", server.spool, "--dry-run", "-v")
    for mailbox in before:
        assert f"UIDs kept for 4 of 4 in {mailbox}" in plan.out, plan
    assert "UIDs cannot be kept" not in plan.out
    assert f"uidlists in {home}/control/joe (by doveconf)" in plan.out
    (said,) = plan.err.splitlines()
    assert f"uidlists in {home}/control/joe, indexes in {home}/index/joe (by doveconf)" in said

    report = operator.fix(server.spool, "size-mismatch")
    assert report["effects"] == [f"UIDs kept for 4 of 4 in {mailbox}" for mailbox in before]
    for place, (mailbox, served) in enumerate(before.items()):
        assert server.seen(mailbox) == served
        assert server.complaints(mailbox) == {}
        first = 1 + 5 * place
        assert server.texts(mailbox) == {uid: as_text(first + uid - 1) for uid in served}
    print(f"{sum(map(len, before.values()))} messages in 2 folders kept their UIDs")

    operator.undo(server.spool)
    assert {mailbox: server.seen(mailbox) for mailbox in before} == before


@pytest.mark.parametrize("body", ["exit 127", "echo nonsense", "kill -9 $$"])
def test_where_dovecot_cannot_be_asked_the_plan_says_that_uids_cannot_be_kept(
    body: str,
    server: Dovecot,
    home: Path,
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed(home, monkeypatch, body)
    files = server.names()
    words = ("fix", server.spool, "--dry-run")
    table, told = operator.run(*words), operator.run(*words, "--format", "json")
    assert (table.code, table.err, told.code, told.err) == (1, "", 1, "")
    for mailbox in ("INBOX", "Sent"):
        line = f"UIDs cannot be kept for 4 messages in {mailbox}: no uidlist is in the folder"
        assert line in table.out
        assert any(effect.startswith(line) for effect in told.json["effects"])
    assert "UIDs kept" not in table.out + told.out
    assert server.names() == files


def test_an_option_outranks_what_doveconf_says(
    server: Dovecot, home: Path, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(home, monkeypatch, server.configuration)
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    plan = operator.run("fix", server.spool, "--dry-run", "--control", elsewhere)
    assert f"no uidlist is in {elsewhere}/.INBOX; if Dovecot keeps it elsewhere" in plan.out


def test_a_virtual_user_is_known_by_the_path_of_the_spool(
    home: Path, owner: Owner, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "example.org").mkdir()
    os.chown(home / "example.org", owner.uid, owner.gid)
    server = prepared(
        Dovecot(home, owner, f"CONTROL={home}/control/example.org/ann", spool="example.org/ann")
    )
    deliver(server, 5)
    make_sizes_wrong(server, server.folder_path("INBOX"))
    before = server.seen()
    general = home / "general.conf"
    location = f"maildir:{home}/%d/%n:CONTROL={home}/control/%d/%n"
    general.write_text(f"mail_location = {location}\nssl = no\n")
    configured(home, monkeypatch, general)
    report = operator.fix(server.spool, "size-mismatch")
    assert report["effects"] == ["UIDs kept for 4 of 4 in INBOX"]
    assert server.seen() == before


def test_what_is_filed_into_a_folder_emptied_by_age_stays_that_long(
    home: Path, owner: Owner, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The age counts from the change, whatever the message's date; then it is deleted."""
    server = prepared(Dovecot(home, owner))
    server.create("Trash")
    plain = server.configuration.read_text()

    def expiring(age: str) -> None:
        inside = f"inbox = yes\n  mailbox Trash {{\n    autoexpunge = {age}\n  }}\n"
        server.configuration.write_text(f"{plain}namespace inbox {{\n  {inside}}}\n")

    def log_in_and_out() -> int:
        with server.imap() as session:
            assert session.command("LOGOUT").status == "OK"
        return len(server.served("Trash"))

    expiring("30 days")
    configured(home, monkeypatch, server.configuration)
    server.put("cur/1300000001.M1P1.host:2,S", message(1), mtime=1_300_000_000)
    server.fetch("flags")
    words = (server.spool, "cur/1300000001.M1P1.host:2,S", "--to", "Trash")
    plan = operator.run("file", *words, "--dry-run")
    said = "Trash is emptied by age: Dovecot (autoexpunge) deletes what has lain there 30 days"
    assert f"{said}, counted from this change" in plan.out
    operator.must("file", *words, "--yes")
    assert log_in_and_out() == 1, "years old, but not in Trash"

    expiring("1s")
    deadline = time.monotonic() + 60
    while log_in_and_out() and time.monotonic() < deadline:
        pass
    assert not server.served("Trash")
