"""A spool whose lists are elsewhere: where Dovecot, when asked, says that they are."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.host.doveconf import configuration
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.open_spool import open_spool as open_spool_on

OLD = """\
mail_location = maildir:{home}/%d/%n/Maildir:CONTROL={home}/control/%d/%n:INDEX={home}/index/%n
"""
NEW = """\
mail_driver = maildir
mail_path = {home}/%{{user|domain}}/%{{user|username}}/Maildir
mail_control_path = {home}/control/%{{user|domain}}/%{{user|username}}
mail_index_path = {home}/index/%{{user|username}}
"""
Doveconf = Callable[[str], Path]


@pytest.fixture
def doveconf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doveconf:
    """Installs a `doveconf` that runs these lines of a shell; gives the file it counts in."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)

    def install(body: str) -> Path:
        calls = tmp_path / "calls"
        program = programs / "doveconf"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {calls}\n{body}\n')
        program.chmod(0o755)
        return calls

    return install


def open_spool(path: Path, *, host: Host | None = None, **options: Any) -> Spool:
    """The spool as it is opened on a host of its own, which asks the `doveconf` there is."""
    return open_spool_on(path, Options(host=host or Host(), **options))


def says(text: str) -> str:
    return f"cat <<'END'\n{text}END"


def maildir(root: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (root / part).mkdir(parents=True)
    return root


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    for name in ("control/example.org/ann", "index/ann"):
        (tmp_path / name).mkdir(parents=True)
    return maildir(tmp_path / "example.org" / "ann" / "Maildir")


@pytest.mark.parametrize("version", [OLD, NEW], ids=["2.3", "2.4"])
def test_control_and_index_are_found(
    version: str, spool: Path, tmp_path: Path, doveconf: Doveconf
) -> None:
    calls = doveconf(says(version.format(home=tmp_path)))
    host = Host()
    found = open_spool(spool, host=host)
    assert found.control == os.fsencode(tmp_path / "control/example.org/ann")
    assert found.index == os.fsencode(tmp_path / "index/ann")
    assert found.found_by == "doveconf"
    assert open_spool(spool, host=host) == found
    assert calls.read_text() == "-n\n", "it is asked once"


@pytest.mark.parametrize("option", ["control", "index"])
def test_what_the_operator_says_always_wins(
    option: str, spool: Path, tmp_path: Path, doveconf: Doveconf
) -> None:
    calls = doveconf(says(OLD.format(home=tmp_path)))
    given = os.fsencode(tmp_path)
    found = open_spool(spool, **{option: given})
    assert {found.control, found.index} == {given, None}
    assert found.found_by == ""
    assert not calls.exists()


def test_a_directory_that_is_not_there_is_not_trusted(
    spool: Path, tmp_path: Path, doveconf: Doveconf
) -> None:
    doveconf(says(OLD.format(home=tmp_path)))
    (tmp_path / "control/example.org/ann").rmdir()
    found = open_spool(spool)
    assert (found.control, found.index) == (None, os.fsencode(tmp_path / "index/ann"))
    (tmp_path / "index/ann").rmdir()
    assert open_spool(spool).found_by == ""


def test_lists_configured_to_be_in_the_spool_are_nothing_to_tell(
    spool: Path, doveconf: Doveconf
) -> None:
    doveconf(says(f"mail_location = maildir:{spool}:CONTROL={spool}\n"))
    assert (open_spool(spool).control, open_spool(spool).found_by) == (None, "")


@pytest.mark.parametrize(
    "body",
    ["exit 89", "kill -9 $$", says("mail_location = mbox:~/mail\n"), says("\0\1 { = }\n}\n}\n")],
)
def test_a_doveconf_that_fails_or_knows_nothing_is_no_matter(
    body: str, spool: Path, doveconf: Doveconf
) -> None:
    doveconf(body)
    found = open_spool(spool)
    assert (found.control, found.index, found.found_by) == (None, None, "")


def test_a_doveconf_that_hangs_is_given_up(spool: Path, doveconf: Doveconf) -> None:
    doveconf("exec sleep 60")
    host = Host(ask_dovecot=partial(configuration, seconds=0.05))
    assert open_spool(spool, host=host).found_by == ""


@pytest.mark.usefixtures("spool")
def test_another_users_location_is_not_this_spools(tmp_path: Path, doveconf: Doveconf) -> None:
    doveconf(says(OLD.format(home=tmp_path)))
    elsewhere = maildir(tmp_path / "Maildir")
    assert open_spool(elsewhere).control is None


def test_a_spool_in_a_home_is_its_owners(
    tmp_path: Path, doveconf: Doveconf, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = pwd.struct_passwd(("ann", "x", os.geteuid(), os.getegid(), "", str(tmp_path), ""))
    monkeypatch.setattr(pwd, "getpwuid", lambda _uid: person)
    doveconf(says(f"mail_location = maildir:~/Maildir:CONTROL={tmp_path}/lists/%u\n"))
    (tmp_path / "lists/ann").mkdir(parents=True)
    found = open_spool(maildir(tmp_path / "Maildir"))
    assert found.control == os.fsencode(tmp_path / "lists/ann")


@pytest.mark.parametrize(
    ("given", "folder", "layout"),
    [(None, None, "fs"), ("maildir++", None, "maildir++"), (None, ".Sent", "maildir++")],
)
def test_the_layout_is_dovecots_where_nothing_else_tells_it(
    given: str | None, folder: str | None, layout: str, tmp_path: Path, doveconf: Doveconf
) -> None:
    root = maildir(tmp_path / "Maildir")
    doveconf(says(f"mail_location = maildir:{root}:LAYOUT=fs\n"))
    if folder:
        maildir(root / folder)
    assert open_spool(root, layout=given).layout == layout


def test_the_format_of_uidls_is_asked_for_in_the_same_question(
    spool: Path, doveconf: Doveconf
) -> None:
    calls = doveconf(says("protocol pop3 {\n  pop3_uidl_format = %f\n}\n"))
    host = Host()
    open_spool(spool, host=host)
    assert host.pop3_uidl_is_name()
    assert calls.read_text() == "-n\n"
