"""Folders that a real Dovecot cannot open by their names, or cannot move."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from mailsurgeon.maildir.folder_names import FS, MAILDIRPP, decode_folder
from mailsurgeon.maildir.folder_spelling import SpellingRules, bad_spelling
from tests.servers.conftest import prepared
from tests.servers.dovecot.test_dovecot import deliver
from tests.servers.support.dovecot import Dovecot, Owner, Served
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = pytest.mark.servers

CODE = "bad-folder-name"

NAMES = {  # the name of the mailbox, its directory, and the damaged name of that
    "utf8": ("Entwürfe", ".Entw&APw-rfe", ".Entwürfe"),
    "latin1": ("Entwürfe", ".Entw&APw-rfe", ".Entw\udcfcrfe"),
    "ampersand": ("R&D", ".R&-D", ".R&D"),
    "not canonical": ("Sent.xa", ".Sent.xa", ".Sent.x&AGE-"),
    "leading dot": ("Spam", ".Spam", "..Spam"),
    "trailing dot": ("Spam", ".Spam", ".Spam."),
    "two dots": ("x.y", ".x.y", ".x..y"),
    "inbox": ("INBOX.sub", ".INBOX.sub", ".Inbox.sub"),
}


def reached(server: Dovecot, mailbox: str) -> dict[int, Served]:
    """What a client gets from a mailbox; nothing when it cannot be opened."""
    answer = server.run("fetch", "uid", "mailbox", mailbox, "all")
    return server.served(mailbox) if (answer.code, answer.errors) == (0, "") else {}


@pytest.mark.parametrize("kind", NAMES)
def test_a_folder_is_reached_after_it_was_renamed(
    kind: str, dovecot: Dovecot, operator: Operator
) -> None:
    mailbox, sound, damaged = NAMES[kind]
    dovecot.create(mailbox, f"{mailbox}.below")
    deliver(dovecot, 3, sound[1:])
    deliver(dovecot, 2, f"{sound[1:]}.below", first=10)
    both = (mailbox, f"{mailbox}.below")
    before = {one: dovecot.seen(one) for one in both}
    validity = dovecot.validity(mailbox)
    for below in ("", ".below"):
        (dovecot.spool / (sound + below)).rename(dovecot.spool / (damaged + below))
    if kind != "latin1":  # Dovecot renames such a directory when it lists it
        assert not any(reached(dovecot, one) for one in both)
    assert operator.codes(dovecot.spool) == {CODE: 2}

    report = operator.fix(dovecot.spool, CODE)

    assert report["done"] == {"rename-folder": 2}
    assert {one: dovecot.seen(one) for one in both} == before
    assert dovecot.validity(mailbox) == validity
    assert operator.codes(dovecot.spool) == {}
    operator.undo(dovecot.spool)
    assert (dovecot.spool / damaged / "cur").is_dir()
    assert not (dovecot.spool / sound / "cur").exists()
    if kind != "latin1":
        assert not any(reached(dovecot, one) for one in both)


def test_one_folder_takes_those_below_it_along(dovecot: Dovecot, operator: Operator) -> None:
    dovecot.create("R&D", "R&D.2012", "R&D.2012.May")
    deliver(dovecot, 2, "R&-D.2012")
    before = dovecot.seen("R&D.2012")
    for below in ("", ".2012", ".2012.May"):
        (dovecot.spool / f".R&-D{below}").rename(dovecot.spool / f".R&D{below}")

    operator.fix(dovecot.spool, CODE, ".R&D")

    assert dovecot.seen("R&D.2012") == before
    assert operator.codes(dovecot.spool) == {}
    operator.undo(dovecot.spool)
    assert (dovecot.spool / ".R&D.2012.May" / "cur").is_dir()


@pytest.mark.parametrize("name", [".INBOX", ".Inbox"])
def test_another_inbox_is_shown_by_nobody(name: str, dovecot: Dovecot, operator: Operator) -> None:
    dovecot.create("Work")
    deliver(dovecot, 2, "Work")
    (dovecot.spool / ".Work").rename(dovecot.spool / name)
    assert dovecot.seen() == {}
    assert dovecot.mailboxes() == {"INBOX", "Sent"}
    report = operator.run("fix", dovecot.spool, "--only", CODE, "--yes", "--format", "json").json
    assert report["done"] == {}
    assert operator.codes(dovecot.spool) == {CODE: 1}


@pytest.mark.parametrize("layout", [MAILDIRPP, FS])
def test_a_spool_of_a_dovecot_that_keeps_utf8_is_sound(
    layout: str, home: Path, owner: Owner, operator: Operator
) -> None:
    settings = ["UTF-8"] + (["LAYOUT=fs"] if layout == FS else [])
    server = prepared(Dovecot(home, owner, *settings))
    server.create("Entwürfe", "R&D")
    deliver(server, 2, "Entw&APw-rfe")
    (home / "bin").mkdir()
    doveconf = home / "bin" / "doveconf"
    doveconf.write_text(f"#!/bin/sh\necho 'mail_location = {server.location}'\n")
    doveconf.chmod(0o755)
    asked = f"import os; os.environ['PATH'] = '{home}/bin:' + os.environ['PATH']"
    words = ("scan", server.spool, "--format", "json", "--fresh")
    assert operator.run(*words, before=asked).json["totals"]["problems"] == {}
    assert operator.run("verify", server.spool, before=asked).code == 0
    assert operator.run(*words).json["totals"]["problems"] == {CODE: 2}


@protects("names that servers cannot open are known", where="maildir/folder_spelling.py")
@pytest.mark.parametrize("layout", [MAILDIRPP, FS])
def test_the_names_that_dovecot_hides_are_those_that_are_called_bad(
    layout: str, home: Path, owner: Owner
) -> None:
    server = prepared(Dovecot(home, owner, *(["LAYOUT=fs"] if layout == FS else [])))
    chance = random.Random(7)
    pieces = [*"aN&-,.~Aü9+ ", "&APw-", "INBOX", "Inbox", "&AGE-", "&-", "\t", "&AN", "日", "&ZeU-"]
    names = {"".join(chance.choices(pieces, k=chance.randint(1, 5))) for _ in range(60)}
    # doveadm takes `-` for an option; the root has one INBOX whatever lies beside it.
    names = {name for name in names if name.strip(".") and not name.startswith("-")}
    paths = {number: name if layout == FS else f".{name}" for number, name in enumerate(names)}
    for number, path in paths.items():
        for part in ("cur", "new", "tmp", ""):
            (server.spool / path / part).mkdir(parents=True, exist_ok=True)
            server.give(server.spool / path / part)
        server.put(f"{path}/cur/1300000000.M1.host:2,S", b"Subject: n%d\n\n" % number)
    rules = SpellingRules(layout)
    for number, path in paths.items():
        mailbox = decode_folder(os.fsencode(path if layout == FS else path[1:]))
        answer = server.run("fetch", "hdr.subject", "mailbox", mailbox, "all")
        hidden = f"n{number}\n".encode() not in answer.out
        assert hidden == (bad_spelling(os.fsencode(path), rules) is not None), (path, answer)


# Symlinks and modes


def test_a_symlink_is_listed_as_a_folder_and_fails(dovecot: Dovecot, operator: Operator) -> None:
    (dovecot.home / "file").write_text("no Maildir\n")
    os.symlink("../file", dovecot.spool / ".Linked")
    answer = dovecot.run("mailbox", "list")
    assert "Not a directory" in answer.errors
    operator.fix(dovecot.spool, "linked")
    assert dovecot.mailboxes() == {"INBOX", "Sent"}
    operator.undo(dovecot.spool)
    assert os.readlink(dovecot.spool / ".Linked") == "../file"


def test_a_folder_of_another_mode_is_not_moved(dovecot: Dovecot, operator: Operator) -> None:
    dovecot.create("Trash", "Drafts", "Work")
    for part in ("", "cur", "new", "tmp"):
        (dovecot.spool / ".Work" / part).chmod(0o2770)
    move = ("mailbox", "rename", "Work", "Sent.Work")
    assert "conflicting directory permissions" in dovecot.run(*move).errors
    assert operator.codes(dovecot.spool) == {"bad-permissions": 4}
    report = operator.fix(dovecot.spool, "bad-permissions")
    assert report["done"] == {"fix-permissions": 4}
    operator.undo(dovecot.spool)
    assert (dovecot.spool / ".Work" / "cur").stat().st_mode & 0o7777 == 0o2770
    operator.fix(dovecot.spool, "bad-permissions")
    dovecot.must(*move)
    assert "Sent.Work" in dovecot.mailboxes()
