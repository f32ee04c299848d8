"""What a real notmuch notices of a repair: renames, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.support.dovecot import message, moment
from tests.servers.support.notmuch import Notmuch
from tests.servers.support.operator import Operator
from tests.servers.support.owned import OwnedSpool, Owner
from tests.servers.support.syncing import own_user

pytestmark = pytest.mark.servers

INBOX = range(1, 11)
SENT = range(11, 16)


@pytest.fixture
def owner() -> Owner:
    return own_user()


@pytest.fixture
def mail(home: Path, owner: Owner) -> OwnedSpool:
    """INBOX with ten messages and Sent with five, all read."""
    mail = OwnedSpool(home, owner, "Mail")
    for folder in ("", ".Sent"):
        for part in ("", "cur", "new", "tmp"):
            mail.make_directory(f"{folder}/{part}".strip("/"))
    mail.put(".Sent/maildirfolder", b"")
    for number in (*INBOX, *SENT):
        mail.put(place_of(number), message(number), moment(number))
    return mail


def place_of(number: int) -> str:
    folder = "" if number in INBOX else ".Sent/"
    return f"{folder}cur/{moment(number)}.M1P1.host,S={len(message(number))}:2,S"


def rename(mail: OwnedSpool, number: int, pattern: str, new: str) -> None:
    old = place_of(number)
    name, count = re.subn(pattern, new, old)
    assert count == 1, (old, pattern)
    (mail.spool / old).rename(mail.spool / name)


def wrong_sizes(mail: OwnedSpool) -> None:
    for number in (1, 2, 11):
        rename(mail, number, r",S=\d+", ",S=7777")


def disordered_flags(mail: OwnedSpool) -> None:
    rename(mail, 1, ":2,S", ":2,SF")
    rename(mail, 2, ":2,S", ":2,SRSF")
    rename(mail, 11, ":2,S", ":1,S")


def unfit_names(mail: OwnedSpool) -> None:
    rename(mail, 1, r",S=\d+", ",S=1,S=2")
    rename(mail, 2, "host", "host" * 50)
    rename(mail, 11, "host", "ho\x7fst")


def clashes(mail: OwnedSpool) -> None:
    """Two names borne twice; other messages bear them in new/."""
    for number, other in ((1, 21), (11, 22)):
        path = place_of(number).replace("cur/", "new/").partition(":")[0]
        mail.put(path, message(other), moment(other))


def uids_twice(mail: OwnedSpool) -> None:
    for number in (1, 2, 3):
        rename(mail, number, ":2,S", ",U=7:2,S")


def stray_files(mail: OwnedSpool) -> None:
    rename(mail, 1, "cur/", "")
    rename(mail, 11, "cur/", "")
    mail.make_directory(".Sent/old")
    rename(mail, 12, "cur/", "old/")


def folder_in_a_folder(mail: OwnedSpool) -> None:
    for part in ("", "/cur", "/new", "/tmp"):
        mail.make_directory(f".Sent/old{part}")
    for number in (11, 12):
        rename(mail, number, "cur/", "old/cur/")


@dataclass(frozen=True, slots=True)
class Case:
    """A damage, what the remedy reports, and how many files notmuch finds renamed."""

    damage: Callable[[OwnedSpool], None]
    done: dict[str, int]
    renamed: int


CASES = {
    "size-mismatch": Case(wrong_sizes, {"fix-size": 3}, 3),
    "bad-flags": Case(disordered_flags, {"fix-flags": 3}, 3),
    "bad-name": Case(unfit_names, {"rename": 3}, 3),
    "name-clash": Case(clashes, {"rename": 2}, 2),
    "uid-clash": Case(uids_twice, {"rename": 2}, 2),
    "misfiled": Case(stray_files, {"file": 3}, 3),
    "nested-folder": Case(folder_in_a_folder, {"lift-folder": 1}, 2),
}


def indexed(mail: OwnedSpool) -> Notmuch:
    """A notmuch that knows the spool as it is, every message with tags of its own."""
    notmuch = Notmuch(mail)
    notmuch.new()
    for found in notmuch.tags():
        notmuch.tag(["+keep", f"+own-{found.partition('@')[0]}"], f"id:{found}")
    assert notmuch.new() == "No new mail."
    return notmuch


def only_renames(count: int) -> str:
    return f"No new mail. Detected {count} file rename{'s' * (count > 1)}."


@pytest.mark.parametrize("code", CASES)
def test_tags_survive_a_repair_and_its_undo(
    code: str, mail: OwnedSpool, operator: Operator
) -> None:
    case = CASES[code]
    case.damage(mail)
    notmuch = indexed(mail)
    before = notmuch.tags()
    assert len(before) == 15 + 2 * (code == "name-clash")

    report = operator.fix(mail.spool, code)

    assert report["done"] == case.done
    said = [notmuch.new()]
    assert said == [only_renames(case.renamed)]
    assert notmuch.tags() == before
    check_files(notmuch)
    operator.undo(mail.spool)
    said.append(notmuch.new())
    assert said[1] == only_renames(case.renamed)
    assert notmuch.tags() == before
    check_files(notmuch)
    print(f"\n{notmuch.version()}, {code}: {said[0]} Taken back: {said[1]}"
          f" {len(before)} of {len(before)} messages with the same tags")  # fmt: skip


def check_files(notmuch: Notmuch) -> None:
    """Every message lies where it is believed to lie, and nowhere else."""
    for found in notmuch.tags():
        files = notmuch.files(found)
        assert len(files) == 1, files
        text = Path(files[0]).read_text()
        assert f"Message-ID: <{found}>" in text


def test_tags_go_along_into_another_folder(mail: OwnedSpool, operator: Operator) -> None:
    notmuch = indexed(mail)
    before = notmuch.tags()
    paths = [mail.spool / place_of(number) for number in (3, 4)]
    operator.must("file", mail.spool, *paths, "--to", "Sent", "--yes")
    said = notmuch.new()
    assert said == only_renames(2)
    assert notmuch.tags() == before
    assert "/.Sent/cur/" in notmuch.files("3@example.org")[0]
    operator.undo(mail.spool)
    assert notmuch.new() == only_renames(2)
    assert notmuch.tags() == before
    assert notmuch.files("3@example.org") == [str(paths[0])]
    print(f"\n{notmuch.version()}, 2 messages filed into another folder: {said}")


def test_mail_delivered_from_tmp_is_all_that_is_new(mail: OwnedSpool, operator: Operator) -> None:
    mail.put("tmp/1300000050.M1P1.host", message(50), moment(50))
    notmuch = indexed(mail)
    before = notmuch.tags()
    assert len(before) == 15
    operator.fix(mail.spool, "in-tmp")
    said = notmuch.new()
    assert said == "Added 1 new message to the database."
    after = notmuch.tags()
    assert {key: after[key] for key in before} == before
    assert set(after) - set(before) == {"50@example.org"}
    print(f"\n{notmuch.version()}, 1 message delivered from tmp: {said}")


def test_flags_that_notmuch_refused_are_its_own_again(mail: OwnedSpool, operator: Operator) -> None:
    rename(mail, 1, ":2,S", ":2,SF")
    rename(mail, 2, ":2,S", ":2,SS")
    notmuch = indexed(mail)
    for number in (1, 2):
        notmuch.tag(["+replied"], f"id:{number}@example.org")
    refused = [notmuch.files(f"{number}@example.org")[0] for number in (1, 2)]
    assert [path.partition(":")[2] for path in refused] == ["2,SF", "2,SS"]

    operator.fix(mail.spool, "bad-flags")

    assert notmuch.new() == only_renames(2)
    notmuch.tag(["+replied"], "id:1@example.org or id:2@example.org")
    written = [notmuch.files(f"{number}@example.org")[0] for number in (1, 2)]
    assert [path.partition(":")[2] for path in written] == ["2,FRS", "2,RS"]
    print(f"\n{notmuch.version()}, tag +replied: not written to {refused[0][-5:]} and"
          f" {refused[1][-5:]}; after the repair to 2 of 2")  # fmt: skip
