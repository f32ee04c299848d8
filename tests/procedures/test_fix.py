"""A plain `fix`: what it takes on and what not, what options add, and that undo takes it back."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.filename import split
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, moves, text


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def damage(indexed: IndexedMaildir) -> dict[str, bytes]:
    """One of each kind that a survey finds here; every thing by a short name."""
    indexed.folder(b".A")
    indexed.path(b".B/cur").mkdir(parents=True)
    indexed.path(b"old scripts").mkdir()
    size = len(text(0))
    return {
        "size": indexed.mail(b"cur/1300000001.M1.host,S=7:2,S", content=text(1)),
        "flags": indexed.mail(b"cur/1300000002.M1.host:2,SF", content=text(2)),
        "misfiled": indexed.mail(b".A/1300000003.M1.host", content=text(3)),
        "leftover": indexed.mail(b"tmp/1300000004.M1.host,S=%d" % size, content=text(4)),
        "cut": indexed.mail(b"tmp/1300000005.M1.host,S=999", content=text(5)),
        "kept": indexed.mail(b"cur/1300000006.M1.host:2,S", content=text(6)),
        "clash": indexed.mail(b"new/1300000006.M1.host", content=text(7)),
        "empty": indexed.mail(b"cur/1300000008.M1.host:2,S", content=b""),
        "junk": indexed.mail(b"cur/1300000009.M1.host:2,S", content=b"%PDF-1.4 nothing\n"),
        "name": indexed.mail(b"cur/.1300000010.M1.host:2,S", content=text(10)),
        "lone": indexed.mail(b"cur/1300000011.M1.host:2,S", content=text(11)),
        "copy": indexed.mail(b"cur/1300000012.M1.host:2,S", content=text(11)),
        "truncated": indexed.mail(b"cur/1300000013.M1.host,S=900:2,", content=b"From: a@b\nSubj"),
        "misfiled copy": indexed.mail(b".A/1300000014.M1.host", content=text(14)),
        "filed": indexed.mail(b".A/cur/1300000014.M2.host:2,S", content=text(14)),
        "folder": b".B",
        "stray": b"old scripts",
    }  # fmt: skip


PLAIN = {"size", "flags", "misfiled", "leftover", "cut", "clash", "misfiled copy", "folder"}
ON_REQUEST = {"empty", "junk", "name", "copy"}


def test_a_plain_fix_does_what_it_says_and_no_more(indexed: IndexedMaildir) -> None:
    things = damage(indexed)
    indexed.uidlist(b"", b"1300000011.M1.host", b"1300000012.M1.host")
    plan = indexed.survey().fix()
    assert plan.kind == "fix"
    assert {act.path for act in plan.acts} == {things[name] for name in PLAIN}
    assert {act.verdict for act in plan.acts} == {
        "fix-size", "fix-flags", "file", "quarantine cut", "rename", "quarantine copy",
        "make-subdirs",
    }  # fmt: skip
    told = {left.path: left for left in plan.left}
    assert not any(left.refused for left in plan.left)
    for name in ON_REQUEST:
        assert "--only" in told[things[name]].hint
    assert told[things["truncated"]].hint.endswith(" PATH")
    assert things["kept"] in told


def test_fixed_once_it_is_fixed_and_undone_it_is_as_before(indexed: IndexedMaildir) -> None:
    damage(indexed)
    before = indexed.picture()
    messages = indexed.messages()
    indexed.apply(indexed.survey().fix())
    assert indexed.messages() == messages
    again = indexed.survey().fix()
    assert again.acts == ()
    indexed.undo()
    assert indexed.picture() == before


def test_a_remedy_named_is_done_and_the_rest_left(indexed: IndexedMaildir) -> None:
    things = damage(indexed)
    plan = indexed.survey().fix(only=["empty", "not-mail"])
    assert set(moves(plan)) == {things["empty"], things["junk"]}
    assert plan.left == ()


def test_folders_limit_what_is_repaired(indexed: IndexedMaildir) -> None:
    things = damage(indexed)
    plan = indexed.survey().fix(folders=["A"])
    assert set(moves(plan)) == {things["misfiled"], things["misfiled copy"]}


def test_a_path_is_repaired_with_all_it_has(indexed: IndexedMaildir) -> None:
    things = damage(indexed)
    wanted = [things["empty"], things["truncated"], b"./" + things["name"]]
    plan = indexed.survey().fix(paths=wanted)
    assert {act.path for act in plan.acts} == {
        things["empty"], things["truncated"], things["name"]
    }  # fmt: skip
    (truncated,) = [act for act in plan.acts if act.path == things["truncated"]]
    assert "only trace" in truncated.note


def test_a_directory_named_is_repaired_as_a_plain_fix_would(indexed: IndexedMaildir) -> None:
    things = damage(indexed)
    plan = indexed.survey().fix(paths=[b"cur"])
    assert {act.path for act in plan.acts} == {things["size"], things["flags"]}
    stray = indexed.fix(paths=[things["stray"]])
    assert set(moves(stray)) == {things["stray"]}


def test_paths_and_codes_narrow_each_other(indexed: IndexedMaildir) -> None:
    things = damage(indexed)
    plan = indexed.survey().fix(paths=[things["size"], things["flags"]], only=["bad-flags"])
    assert set(moves(plan)) == {things["flags"]}


def test_what_is_not_there_and_what_is_healthy_is_told(indexed: IndexedMaildir) -> None:
    healthy = indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    plan = indexed.survey().fix(paths=[healthy, b"cur/nothing"])
    assert plan.acts == ()
    assert {(left.path, left.refused) for left in plan.left} == {
        (healthy, False), (b"cur/nothing", True),
    }  # fmt: skip


@pytest.mark.parametrize("wrong", [{"only": ["no-such"]}, {"folders": ["Nowhere"]}])
def test_unknown_codes_and_folders_are_errors(
    indexed: IndexedMaildir, wrong: dict[str, list[str]]
) -> None:
    with pytest.raises(MailsurgeonError):
        indexed.survey().fix(**wrong)


def test_a_healthy_spool_has_nothing_to_fix(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/1300000000.M1.host,S=%d:2,S" % len(text(1)), content=text(1))
    plan = indexed.survey().fix()
    assert (plan.acts, plan.left, plan.effects, plan.needs) == ((), (), (), ())


def test_a_quick_survey_promises_nothing_that_contents_decide(indexed: IndexedMaildir) -> None:
    from mailsurgeon.survey.run import run_survey

    things = damage(indexed)
    run_survey(indexed.spool, indexed.index, indexed.options, quick=True)
    plan = indexed.fix()
    assert things["size"] not in moves(plan) and things["misfiled"] not in moves(plan)
    pending = {left.path: left for left in plan.left if "full survey" in left.reason}
    assert things["misfiled"] in pending


def test_the_uids_of_all_that_is_served_survive(indexed: IndexedMaildir) -> None:
    bases = [b"13000000%02d.M1.host,S=7" % number for number in range(20)]
    for number, base in enumerate(bases):
        indexed.mail(b"cur/" + base + b":2,SF", content=text(number))
    indexed.uidlist(b"", *bases)
    plan = indexed.survey().fix()
    assert "UIDs kept for 20 of 20 in INBOX" in plan.effects
    indexed.apply(plan)
    names = {split(os.fsencode(name))[0] for name in os.listdir(indexed.path(b"cur"))}
    records = indexed.records(b"")
    assert {record.partition(b" :")[2] for record in records} == names
    assert [int(record.split(b" ")[0]) for record in records] == list(range(1, 21))


def uids(indexed: IndexedMaildir) -> dict[int, int]:
    """Inode to UID of every message of INBOX that has a record and its base name to itself."""
    files: dict[bytes, list[int]] = {}
    for part in (b"cur", b"new"):
        for entry in os.scandir(indexed.path(part)):
            files.setdefault(split(os.fsencode(entry.name))[0], []).append(entry.inode())
    records = {line.partition(b" :")[2]: int(line.split()[0]) for line in indexed.records(b"")}
    return {
        inodes[0]: records[base]
        for base, inodes in files.items()
        if len(inodes) == 1 and base in records
    }


@pytest.mark.parametrize("seed", range(12))
def test_any_damage_is_fixed_as_far_as_promised_and_taken_back(
    indexed: IndexedMaildir, seed: int
) -> None:
    """Random names, places and contents: nothing left of its kinds, nothing lost, UIDs kept."""
    random = Random(seed)
    places = [b"cur/", b"new/", b"", b"tmp/", b".A/", b".A/cur/", b".A/deep/", b".A/cur/deep/"]
    fields = [b"", b",S=7", b",S=104", b",W=9", b",U=3", b",U=%d" % seed, b",S=1,S=2", b",S=999"]
    infos = [b"", b":2,", b":2,S", b":2,SF", b":2,SS", b":1,", b":2,:2,S", b"2,S", b";2,S"]
    contents = [text(1), text(2), b"", text(3)[:40], b"%PDF junk", gzip.compress(text(4)), text(5)]
    for number in range(12):  # the folders' own separator is the colon
        indexed.mail(b".A/cur/14000000%02d.M1.host:2," % number, content=text(100 + number))
        indexed.mail(b"cur/14000000%02d.M1.host:2," % number, content=text(200 + number))
    for number in range(60):
        name = b"13000000%02d.M1.host" % (number % 25)
        path = random.choice(places) + name + random.choice(fields) + random.choice(infos)
        indexed.mail(path, number, content=random.choice(contents))
    served = [*os.listdir(indexed.path(b"cur")), *os.listdir(indexed.path(b"new"))]
    indexed.uidlist(b"", *sorted({split(os.fsencode(name))[0] for name in served}))
    before, messages, numbered = indexed.picture(), indexed.messages(), uids(indexed)

    indexed.apply(indexed.survey().fix())
    assert indexed.messages() == messages
    after = uids(indexed)
    assert {inode: after.get(inode, uid) for inode, uid in numbered.items()} == numbered
    assert len(set(after) & set(numbered)) > 12
    assert indexed.survey().fix().acts == ()
    indexed.undo()
    assert indexed.picture() == before


# Dates of files named


def test_any_difference_over_a_minute_is_offered_for_a_file_that_is_named(
    indexed: IndexedMaildir,
) -> None:
    date = 1_300_000_000
    near = indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    far = indexed.mail(b"cur/1300000000.M2.host:2,S", content=text(2))
    os.utime(indexed.path(near), (date, date + 60))
    os.utime(indexed.path(far), (date, date - 61))
    indexed.survey()
    assert indexed.fix(paths=[near], only=["bad-date"]).acts == ()
    named = indexed.fix(paths=[far])
    assert named.acts == ()
    assert [left.hint.partition(" PATH ")[2] for left in named.left] == ["--only bad-date"]
    before = indexed.picture()
    indexed.apply(indexed.fix(paths=[far, near], only=["bad-date"]))
    assert indexed.path(far).stat().st_mtime == date
    assert indexed.path(near).stat().st_mtime == date + 60
    indexed.undo()
    assert indexed.picture() == before
    assert indexed.fix(paths=[b"cur"], only=["bad-date"]).acts == ()


# Copies marked deleted


def test_the_living_copy_is_never_put_away(indexed: IndexedMaildir) -> None:
    """Whichever remedies are done: after the client's expunge each message is still there."""
    for folder in (b".A", b".B", b".C", b".D"):
        indexed.folder(folder)
    copies = {
        b"cur/1300000000.M1.host:2,ST": b"cur/1300000009.M1.host:2,S",
        b".A/cur/1300000000.M2.host:2,T": b".A/1300000009.M2.host:2,S",
        b".B/cur/1300000000.M3.host:2,T": b".B/new/1300000000.M3.host",
        b".C/cur/1300000000.M4.host:2,T": b".C/tmp/1300000009.M4.host",
        b".D/cur/1300000000.M5.host,U=4:2,T": b".D/cur/1300000009.M5.host,U=4:2,F",
    }
    for number, (trashed, living) in enumerate(copies.items()):
        for path in (trashed, living):
            indexed.mail(path, content=text(number))
    wanted = {text(number) for number in range(len(copies))}
    codes = ["duplicate-id", "name-clash", "misfiled", "in-tmp", "uid-clash"]
    for only in ([], codes, codes[::-1]):
        indexed.apply(indexed.survey().fix(only=only))
        living_files = [
            entry
            for entry in indexed.tree.entries()
            if entry.is_file and not entry.name.endswith(b"T")
        ]
        assert wanted <= {entry.content() for entry in living_files}
    assert indexed.survey().fix().acts == ()
