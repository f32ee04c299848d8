"""Messages that change their folder keep their keywords; it can be taken back to the byte."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.maildir.lists import courier_keywords
from mailsurgeon.surgery.model import Plan
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

DOVECOT = b"/dovecot-keywords"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def named(indexed: IndexedMaildir, folder: bytes, *names: bytes, first: int = 0) -> Path:
    """A folder of Dovecot's with these keywords, the first of them at the letter `first`."""
    indexed.folder(folder)
    indexed.uidlist(folder)
    place = indexed.path(folder + DOVECOT)
    if names:
        place.write_bytes(b"".join(b"%d %s\n" % one for one in enumerate(names, start=first)))
        os.utime(place, (1_300_000_000, 1_300_000_000))
    return place


def message(indexed: IndexedMaildir, number: int, flags: bytes, folder: bytes = b".A") -> bytes:
    return indexed.mail(folder + b"/cur/%d.M1.host:2,%s" % (number, flags), content=text(number))


def move(indexed: IndexedMaildir, *paths: bytes) -> Plan:
    plan = indexed.survey().propose(*paths, remedy="file", target="B")
    indexed.apply(plan)
    return plan


def letters(indexed: IndexedMaildir, folder: bytes = b".B") -> dict[bytes, bytes]:
    """The letters of the messages in a folder, by the start of their names."""
    names = sorted(os.fsencode(path) for path in os.listdir(indexed.path(folder + b"/cur")))
    return {name.partition(b".")[0]: name.partition(b":2,")[2] for name in names}


CASES = {  # what the target knows -> the letters of a message with S, Work and Home; its list
    "nothing": ((), 0, b"Sab", b"0 Work\n1 Home\n"),
    "the same": ((b"Work", b"Home"), 0, b"Sab", b"0 Work\n1 Home\n"),
    "other letters": ((b"Home", b"Zebra", b"Work"), 0, b"Sac", b"0 Home\n1 Zebra\n2 Work\n"),
    "one of them": ((b"Zebra", b"Work"), 0, b"Sbc", b"0 Zebra\n1 Work\n2 Home\n"),
    "another case": ((b"WORK",), 0, b"Sab", b"0 WORK\n1 Home\n"),
    "a gap before": ((b"Home",), 4, b"Sef", b"4 Home\n5 Work\n"),
    "the last letter": ((b"Home",), 25, b"Saz", b"25 Home\n0 Work\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_keywords_are_kept_by_name(indexed: IndexedMaildir, case: str) -> None:
    known, first, after, listed = CASES[case]
    named(indexed, b".A", b"Work", b"Home")
    place = named(indexed, b".B", *known, first=first)
    path = message(indexed, 1300000001, b"Sab")
    before = indexed.picture()
    plan = move(indexed, path)
    assert (letters(indexed)[b"1300000001"], place.read_bytes()) == (after, listed)
    assert plan.acts[0].note == ""
    assert not indexed.undo().refused
    assert indexed.picture() == before


def test_all_26_letters_in_use_and_the_names_that_are_dropped_are_told(
    indexed: IndexedMaildir,
) -> None:
    named(indexed, b".A", b"Work", b"K7")
    full = [b"K%d" % number for number in range(26)]
    place = named(indexed, b".B", *full)
    path = message(indexed, 1300000001, b"Sabq")
    before = indexed.picture()
    plan = move(indexed, path)
    assert letters(indexed) == {b"1300000001": b"Sh"}
    assert plan.acts[0].note == (
        "keyword Work is dropped: all 26 letters are in use there;"
        " keyword letter q is dropped: it has no name where it lies"
    )
    assert place.read_bytes() == b"".join(b"%d %s\n" % one for one in enumerate(full))
    assert not indexed.undo().refused
    assert indexed.picture() == before


def test_messages_of_one_plan_agree_on_the_letters(indexed: IndexedMaildir) -> None:
    named(indexed, b".A", b"Work", b"Home")
    named(indexed, b".C", b"Home", b"Work", b"Else")
    named(indexed, b".B", b"Zebra")
    paths = [
        message(indexed, 1300000001, b"a"), message(indexed, 1300000002, b"ab"),
        message(indexed, 1300000003, b"abc", b".C"), message(indexed, 1300000004, b"Sc", b".C"),
    ]  # fmt: skip
    before = indexed.picture()
    move(indexed, *paths)
    lines = indexed.path(b".B" + DOVECOT).read_bytes().splitlines()
    listed = {line.partition(b" ")[2]: line.partition(b" ")[0] for line in lines}
    assert set(listed) == {b"Zebra", b"Work", b"Home", b"Else"}
    sign = {name: bytes([0x61 + int(number)]) for name, number in listed.items()}
    of = {key: {name for name in sign if sign[name] in flags}
          for key, flags in letters(indexed).items()}  # fmt: skip
    assert of == {
        b"1300000001": {b"Work"}, b"1300000002": {b"Work", b"Home"},
        b"1300000003": {b"Work", b"Home", b"Else"}, b"1300000004": {b"Else"},
    }  # fmt: skip
    assert not indexed.undo().refused
    assert indexed.picture() == before


def test_every_act_brings_the_names_given_out_before_its_own(indexed: IndexedMaildir) -> None:
    """Whatever act comes first, no letter is ever used beyond a gap."""
    named(indexed, b".A", b"Work", b"Home")
    named(indexed, b".B")
    first, second = message(indexed, 1300000001, b"a"), message(indexed, 1300000002, b"b")
    plan = indexed.survey().propose(first, second, remedy="file", target="B")
    added = [
        step.data["add"] for act in plan.acts for step in act.steps
        if step.action == "keywords"
    ]  # fmt: skip
    assert added == [[[0, "Work"]], [[0, "Work"], [1, "Home"]]]


def test_the_file_is_new_to_dovecot_by_its_time_and_keeps_its_mode(indexed: IndexedMaildir) -> None:
    named(indexed, b".A", b"Work")
    place = named(indexed, b".B", b"Zebra")
    place.chmod(0o640)
    future = 2_000_000_000
    os.utime(place, (future, future))
    move(indexed, message(indexed, 1300000001, b"a"))
    status = place.stat()
    assert (int(status.st_mtime), status.st_mode & 0o777) == (future + 1, 0o640)


def test_a_new_file_is_like_the_uidlist_beside_it(indexed: IndexedMaildir) -> None:
    named(indexed, b".A", b"Work")
    place = named(indexed, b".B")
    indexed.path(b".B/dovecot-uidlist").chmod(0o660)
    move(indexed, message(indexed, 1300000001, b"a"))
    assert place.stat().st_mode & 0o777 == 0o660


HOSTILE = {
    "torn": b"0 Zebra\n1 Ho",
    "not UTF-8": b"0 \xff\xfe\xfd\n",
    "junk": b"\x00\x01\x02 what\n0 Zebra\n",
    "huge": b"0 Zebra\n" * 200_000,
    "too long a line": b"0 " + b"Z" * 2000 + b"\n",
}


@pytest.mark.parametrize("kind", [*HOSTILE, "symlink", "directory", "fifo"])
def test_a_hostile_list_stays_as_it_is_and_what_is_lost_is_told(
    indexed: IndexedMaildir, kind: str
) -> None:
    named(indexed, b".A", b"Work")
    place = named(indexed, b".B")
    other = indexed.home / "other"
    other.write_bytes(b"0 Zebra\n")
    match kind:
        case "symlink":
            place.symlink_to(other)
        case "directory":
            place.mkdir()
        case "fifo":
            os.mkfifo(place)
        case _:
            place.write_bytes(HOSTILE[kind])
    before = indexed.picture()
    plan = move(indexed, message(indexed, 1300000001, b"Sa"))
    assert letters(indexed) == {b"1300000001": b"S"}
    assert plan.acts[0].note.startswith("keyword Work is dropped: the list of names there is")
    after = indexed.picture()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {b".B/cur/1300000001.M1.host:2,S"}
    assert other.read_bytes() == b"0 Zebra\n"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("symlink", "not a plain file"),
        ("damaged", "it is damaged (the last line has no newline)"),
        ("read-only", "is read-only"),
        ("another name", "letter b means another keyword now"),
        ("another letter", "the keyword has the letter c now"),
    ],
)
def test_a_list_that_changed_since_the_plan_refuses_the_message(
    indexed: IndexedMaildir, kind: str, reason: str
) -> None:
    named(indexed, b".A", b"Work")
    place = named(indexed, b".B", b"Zebra")
    path = message(indexed, 1300000001, b"Sa")
    plan = indexed.survey().propose(path, remedy="file", target="B")
    match kind:
        case "symlink":
            place.rename(indexed.home / "other")
            place.symlink_to(indexed.home / "other")
        case "damaged":
            place.write_bytes(b"0 Zebra\n1 x")
        case "read-only":
            place.chmod(0o400)
        case "another name":
            place.write_bytes(b"0 Zebra\n1 Home\n")
        case _:
            place.write_bytes(b"0 Zebra\n2 work\n")
    before = indexed.picture()
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert [one.path for one in report.refused] == [path]
    assert ".B/dovecot-keywords" in report.refused[0].reason
    assert reason in report.refused[0].reason
    assert indexed.picture() == before


def test_a_name_that_a_client_uses_since_stays_when_it_is_undone(indexed: IndexedMaildir) -> None:
    named(indexed, b".A", b"Work", b"Home")
    place = named(indexed, b".B", b"Zebra")
    path = message(indexed, 1300000001, b"Sab")
    move(indexed, path)
    indexed.mail(b".B/cur/1300000009.M9.host:2,b", content=text(9))
    assert not indexed.undo().refused
    assert indexed.path(path).exists()
    assert place.read_bytes() == b"0 Zebra\n1 Work\n"


def test_names_that_came_since_stay_when_it_is_undone(indexed: IndexedMaildir) -> None:
    named(indexed, b".A", b"Work")
    place = named(indexed, b".B", b"Zebra")
    path = message(indexed, 1300000001, b"Sa")
    move(indexed, path)
    with place.open("ab") as file:
        file.write(b"2 Since\n")
    assert not indexed.undo().refused
    assert place.read_bytes() == b"0 Zebra\n1 Work\n2 Since\n"


def test_names_that_dovecot_may_have_read_stay_when_it_is_undone(indexed: IndexedMaildir) -> None:
    """A session that is open has them in memory, and would not write them again."""
    named(indexed, b".A", b"Work")
    place = named(indexed, b".B", b"Zebra")
    path = message(indexed, 1300000001, b"Sa")
    move(indexed, path)
    with indexed.path(b".B/dovecot-uidlist").open("ab") as file:
        file.write(b"1 :1300000001.M1.host\n")
    assert not indexed.undo().refused
    assert indexed.path(path).exists()
    assert place.read_bytes() == b"0 Zebra\n1 Work\n"


def test_it_can_be_done_again_after_it_was_undone(indexed: IndexedMaildir) -> None:
    named(indexed, b".A", b"Work")
    named(indexed, b".B")
    path = message(indexed, 1300000001, b"Sa")
    move(indexed, path)
    after = indexed.picture()
    indexed.undo()
    with indexed.surgeon() as surgeon:
        assert not surgeon.apply(surgeon.plan_redo()).refused
    assert indexed.picture() == after


# Courier

LIST = b"Work\n$Forwarded\n\n1300000001.M1.host:0 1\n1300000002.M1.host:1\n"


def courier(
    indexed: IndexedMaildir, folder: bytes, listed: bytes | None = None, **updates: bytes
) -> Path:
    """A folder of Courier's, with keywords."""
    indexed.folder(folder)
    indexed.path(folder + b"/courierimapuiddb").write_bytes(b"1 1300000000 1\n")
    home = indexed.path(folder + b"/courierimapkeywords")
    if listed is not None:
        home.mkdir()
        (home / ":list").write_bytes(listed)
    for name, content in updates.items():
        (home / name.lstrip("_").replace("_", ".")).write_bytes(content)
    return home


def keywords(home: Path, base: bytes) -> set[bytes]:
    """What Courier reads there for a message."""
    files = {os.fsencode(path.name): path.read_bytes() for path in home.iterdir()}
    return set(courier_keywords.effective(files.pop(b":list", b""), files, base))


@pytest.mark.parametrize("known", [None, b"", b"Zebra\n\n1300000009:0\n"])
def test_courier_finds_the_keywords_in_the_other_folder(
    indexed: IndexedMaildir, known: bytes | None
) -> None:
    courier(indexed, b".A", LIST)
    home = courier(indexed, b".B", known)
    path = message(indexed, 1300000001, b"S")
    before = indexed.picture()
    move(indexed, path)
    assert keywords(home, b"1300000001.M1.host") == {b"Work", b"$Forwarded"}
    assert indexed.path(b".A/courierimapkeywords/:list").read_bytes() == LIST
    assert home.stat().st_mode & 0o777 == indexed.path(b".B").stat().st_mode & 0o777
    assert not indexed.undo().refused
    assert indexed.picture() == before


def test_a_new_base_name_gets_them(indexed: IndexedMaildir) -> None:
    courier(indexed, b".A", b"Work\n\n1300000001.M1.host,S=%d,U=7:0\n" % len(text(1)))
    home = courier(indexed, b".B")
    path = indexed.mail(
        b".A/cur/1300000001.M1.host,S=%d,U=7:2,S" % len(text(1)), content=text(1)
    )  # fmt: skip
    move(indexed, path)
    assert [one.name for one in home.iterdir()] == [f"1300000001.M1.host,S={len(text(1))}"]


def test_courier_may_have_tidied_up_before_it_is_undone(indexed: IndexedMaildir) -> None:
    """It folds the update into the target's list, and drops the entry from the source's."""
    source, target = courier(indexed, b".A", LIST), courier(indexed, b".B")
    path = message(indexed, 1300000001, b"S")
    move(indexed, path)
    base = b"1300000001.M1.host"
    (target / ":list").write_bytes(b"$Forwarded\nWork\n\n" + base + b":0 1\n")
    (target / os.fsdecode(base)).rename(target / (".5300000." + os.fsdecode(base)))
    (source / ":list").write_bytes(b"$Forwarded\n\n1300000002.M1.host:0\n")
    assert not indexed.undo().refused
    assert keywords(source, base) == {b"Work", b"$Forwarded"}
    assert keywords(source, b"1300000002.M1.host") == {b"$Forwarded"}


def test_updates_that_courier_has_not_read_yet_are_what_is_carried(indexed: IndexedMaildir) -> None:
    source = courier(indexed, b".A", LIST)
    (source / ".5300000.1300000001.M1.host").write_bytes(b"Old\n")
    (source / "1300000001.M1.host").write_bytes(b"Newest\n")
    home = courier(indexed, b".B")
    path = message(indexed, 1300000001, b"S")
    before = indexed.picture()
    move(indexed, path)
    assert keywords(home, b"1300000001.M1.host") == {b"Newest"}
    indexed.undo()
    assert indexed.picture() == before


def test_a_quarantined_message_has_its_keywords_again_when_it_comes_back(
    indexed: IndexedMaildir,
) -> None:
    source = courier(indexed, b".A", LIST)
    path = message(indexed, 1300000001, b"S")
    before = indexed.picture()
    for tidied in (False, True):
        indexed.apply(indexed.survey().propose(path, remedy="quarantine", force=True))
        if tidied:
            (source / ":list").write_bytes(b"$Forwarded\n\n1300000002.M1.host:0\n")
        with indexed.surgeon() as surgeon:
            assert not surgeon.apply(surgeon.plan_undo()).refused
        assert keywords(source, b"1300000001.M1.host") == {b"Work", b"$Forwarded"}
        assert (indexed.picture() == before) is not tidied


def test_hostile_courier_files_are_refused_by_name(indexed: IndexedMaildir) -> None:
    courier(indexed, b".A", LIST)
    home = courier(indexed, b".B")
    home.symlink_to(indexed.home)
    path = message(indexed, 1300000001, b"S")
    plan = indexed.survey().propose(path, remedy="file", target="B")
    before = indexed.picture()
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert ".B/courierimapkeywords" in report.refused[0].reason
    assert indexed.picture() == before
    assert not list(indexed.home.glob("13*"))
