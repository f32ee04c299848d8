"""Names, dates, modes and folders: the remedies a plain fix mostly leaves to the operator."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.plan.propose import propose_folder
from tests.support.protects import protects
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, moves, only_act, text


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


# Names


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        (b".1300000000.M1.host:2,S", rb"1300000000\.R[0-9a-f]{12}\.mailsurgeon:2,S"),
        (b":2,S", rb"1300000000\.R[0-9a-f]{12}\.mailsurgeon:2,S"),
        (b"1300000000.M1\n.host:2,S", rb"1300000000\.M1R[0-9a-f]{12}\.host:2,S"),
        (b"1300000000.M1.host" + b"y" * 190 + b",U=3:2,S",
         rb"1300000000\.M1R[0-9a-f]{12}\.hosty+,U=3:2,S"),
        (b"1300000000.M1.host,S=104,x=1,S=9:2,S", rb"1300000000\.M1\.host,S=104,x=1:2,S"),
    ],
)  # fmt: skip
def test_a_bad_name_becomes_one_that_servers_can_use(
    indexed: IndexedMaildir, name: bytes, becomes: bytes
) -> None:
    assert len(text(1)) == 104
    path = indexed.mail(b"cur/" + name, content=text(1))
    plan = indexed.survey().propose(path, codes=["bad-name"])
    assert re.fullmatch(b"cur/" + becomes, moves(plan)[path])
    indexed.apply(plan)
    assert indexed.survey().codes() == {}


def test_a_long_name_keeps_its_uid(indexed: IndexedMaildir) -> None:
    long = b"1300000000.M1.host" + b"y" * 190
    path = indexed.mail(b"cur/" + long + b":2,", content=text(1))
    indexed.uidlist(b"", long)
    plan = indexed.survey().propose(path, codes=["bad-name"])
    indexed.apply(plan)
    (record,) = indexed.records(b"")
    assert record.startswith(b"1 ") and os.listdir(indexed.path(b"cur"))[0].startswith(
        os.fsdecode(record.partition(b" :")[2])
    )


def test_of_two_with_one_uid_the_later_loses_it(indexed: IndexedMaildir) -> None:
    first = indexed.mail(b"cur/1300000000.M1.host,U=4:2,S", content=text(1))
    later = indexed.mail(b"cur/1300000001.M1.host,U=4:2,S", content=text(2))
    plan = indexed.survey().propose(first, later)
    assert len(plan.acts) == 1
    ((source, target),) = moves(plan).items()
    assert source in (first, later) and target == source.replace(b",U=4", b"")
    assert [left.refused for left in plan.left] == [False]


def test_the_operator_renames_a_message_and_its_uid_stays(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    indexed.uidlist(b"", b"1300000000.M1.host")
    plan = indexed.survey().propose(path, remedy="rename")
    assert re.fullmatch(rb"cur/1300000000\.M1R[0-9a-f]{12}\.host:2,S", moves(plan)[path])
    indexed.apply(plan)
    assert indexed.records(b"")[0].startswith(b"1 ")
    assert indexed.survey().codes() == {}


# Dates and modes


def test_the_time_of_the_header_is_given_to_the_file_after_its_rename(
    indexed: IndexedMaildir,
) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host,S=7:2,S", content=text(1))
    os.utime(indexed.path(path), (1_500_000_000, 1_500_000_000))
    before = indexed.picture()
    plan = indexed.survey().propose(path)
    rename, utime = only_act(plan).steps
    assert (rename.action, utime.action, utime.source) == ("rename", "utime", rename.target)
    assert utime.data == {"before": 1_500_000_000 * 10**9, "after": 1_300_000_000 * 10**9}
    assert "the date clients show as received changes for 1 message" in plan.effects
    indexed.apply(plan)
    assert indexed.survey().index.problem_counts() == {}
    indexed.undo()
    assert indexed.picture() == before


def test_an_unreadable_message_becomes_readable_for_its_owner(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    indexed.path(path).chmod(0o002)
    plan = indexed.survey().propose(path, remedy="fix-permissions")
    (step,) = only_act(plan).steps
    assert (step.action, step.data) == ("chmod", {"before": 0o002, "after": 0o400})
    indexed.apply(plan)
    assert indexed.path(path).stat().st_mode & 0o777 == 0o400


def test_the_mode_of_a_hard_link_is_left_alone(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    indexed.path(path).chmod(0o002)
    os.link(indexed.path(path), indexed.home / "elsewhere")
    plan = indexed.survey().propose(path, remedy="fix-permissions")
    assert (plan.acts, plan.left[0].refused) == ((), True)


# Folders


def test_missing_directories_are_made_like_their_siblings(indexed: IndexedMaildir) -> None:
    indexed.path(b".A/cur").mkdir(parents=True)
    indexed.path(b".A/cur").chmod(0o750)
    before = indexed.picture()
    plan = indexed.survey().propose(b".A")
    act = only_act(plan)
    assert {step.target for step in act.steps} == {b".A/new", b".A/tmp"}
    assert {step.data["mode"] for step in act.steps} == {0o750}
    indexed.apply(plan)
    assert indexed.survey().codes() == {}
    indexed.undo()
    assert indexed.picture() == before


def test_nested_folders_are_lifted_the_deepest_first(indexed: IndexedMaildir) -> None:
    for name in (b".A", b".A/B", b".A/B/C"):
        indexed.folder(name)
    path = indexed.mail(b".A/B/cur/1300000000.M1.host,S=7:2,S", content=text(1))
    indexed.uidlist(b".A/B", b"1300000000.M1.host,S=7")
    indexed.path(b"subscriptions").write_bytes(b"A\nA/B\n")
    before = indexed.picture()
    plan = indexed.survey().propose(path, b".A/B", b".A/B/C")
    assert [act.path for act in plan.acts] == [path, b".A/B/C", b".A/B"]
    assert moves(plan)[b".A/B/C"] == b".A.B.C"
    assert "A/B" in plan.acts[2].note
    assert "a new folder A.B, with 1 message and their UIDs" in plan.effects
    report = indexed.apply(plan)
    assert {b".A.B", b".A.B.C"} <= set(report.folders)
    assert indexed.survey().codes() == {}
    assert indexed.records(b".A.B")[0].startswith(b"1 ")
    indexed.undo()
    assert indexed.picture() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@protects(
    "a lock is released in a directory that the plan gives to another user",
    where="surgery/servers/dotlock.py",
)
def test_a_folder_that_root_made_is_given_to_its_owner_and_no_lock_stays() -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        home.chmod(0o711)
        with indexed_maildir_in(home) as indexed:
            for name in (b".A", b".B", b".C"):
                indexed.folder(name)
            indexed.mail(b".A/cur/1300000000.M1.host:2,S", content=text(1))
            indexed.uidlist(b".A", b"1300000000.M1.host")
            for path in (indexed.root, *indexed.root.rglob("*")):
                if indexed.path(b".A") not in (path, *path.parents):
                    os.chown(path, 1000, 1000)
                elif path.is_dir():
                    path.chmod(0o700)
            before = indexed.picture()
            bad = sorted(indexed.survey().codes())
            assert set(bad) > {b".A", b".A/cur", b".A/dovecot-uidlist"}
            indexed.apply(indexed.propose(*bad))
            assert indexed.survey().codes() == {}
            indexed.undo()
            assert indexed.picture() == before


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_lies_in_the_place_of_mbsyncs_file_is_put_away(
    indexed: IndexedMaildir, make: Callable[[Path], None]
) -> None:
    make(indexed.path(indexed.folder(b".A") + b"/.uidvalidity"))
    before = indexed.picture()
    indexed.apply(indexed.survey().propose(b".A/.uidvalidity"))
    assert indexed.survey().codes() == {}
    indexed.undo()
    assert indexed.picture() == before


def test_nothing_is_filed_through_a_link(indexed: IndexedMaildir) -> None:
    indexed.path(b".A").mkdir()
    indexed.path(b"../store").mkdir()
    indexed.path(b".A/cur").symlink_to("../../store")
    path = indexed.mail(b".A/stray", content=text(1))
    plan = indexed.survey().propose(path)
    assert (plan.acts, [left.reason for left in plan.left]) == (
        (), ["cur of A is a link or no directory; no mail goes there"],
    )  # fmt: skip


def test_what_was_lifted_before_is_not_missed_in_the_folder_around_it(
    indexed: IndexedMaildir,
) -> None:
    folders = (b".A", b".A/B", b".A/B/C", b".A/B/C/D", b".A/E")
    for number, name in enumerate(folders):
        indexed.folder(name)
        indexed.mail(name + b"/cur/1300000000.M%d.host:2,S" % number, content=text(number))
    indexed.path(b"maildirsize").write_bytes(b"1000000S\n104 1\n")
    before = indexed.picture()
    report = indexed.apply(indexed.survey().propose(*folders[1:]))
    assert (report.state, report.refused) == ("applied", ())
    assert indexed.survey().codes() == {}
    lines = indexed.path(b"maildirsize").read_bytes().splitlines()[1:]
    assert sum(int(line.split()[0]) for line in lines) == 5 * 104
    indexed.undo()
    assert indexed.picture() == before


def test_mail_that_came_into_a_folder_is_still_noticed(indexed: IndexedMaildir) -> None:
    for name in (b".A", b".A/B", b".A/B/C"):
        indexed.folder(name)
    plan = indexed.survey().propose(b".A/B", b".A/B/C")
    indexed.mail(b".A/B/cur/1300000000.M9.host:2,S", content=text(9))
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert [one.path for one in report.refused] == [b".A/B"]


def test_of_two_folders_only_one_gets_a_name(indexed: IndexedMaildir) -> None:
    for name in (b".A", b".A/B", b"A/B"):
        indexed.folder(name)
    plan = indexed.survey().propose(b".A/B", b"A/B")
    assert list(moves(plan)) == [b".A/B"]
    (left,) = plan.left
    assert (left.path, left.reason) == (b"A/B", ".A/B becomes .A.B before it")


def test_a_folder_is_not_lifted_onto_another(indexed: IndexedMaildir) -> None:
    for name in (b".A", b".A/B", b".A.B"):
        indexed.folder(name)
    plan = indexed.survey().propose(b".A/B")
    assert (plan.acts, plan.left[0].refused) == ((), True)
    assert ".A.B is there already" in plan.left[0].reason


def test_a_stray_directory_is_put_away(indexed: IndexedMaildir) -> None:
    indexed.path(b"scripts/deep").mkdir(parents=True)
    plan = indexed.survey().propose(b"scripts")
    assert moves(plan) == {b"scripts": QuarantinePath.of(None, b"scripts")}
    assert not any("folder" in effect for effect in plan.effects)
    indexed.apply(plan)
    assert indexed.survey().index.problem_counts() == {}


def test_what_is_gone_meanwhile_is_told(indexed: IndexedMaildir) -> None:
    indexed.path(b"scripts/deep").mkdir(parents=True)
    (entry,) = indexed.survey().ids(b"scripts")
    indexed.path(b"scripts/deep").rmdir()
    indexed.path(b"scripts").rmdir()
    plan = indexed.propose(b"scripts")
    assert entry and (plan.acts, plan.left[0].reason) == ((), "it is not there any more")


def test_a_whole_folder_below_others_takes_them_along_and_says_so(tmp_path: Path) -> None:
    with indexed_maildir_in(tmp_path, "fs") as indexed:
        for name in (b"Old", b"Old/2010", b"Old/2011"):
            indexed.folder(name)
        folder = next(row for row in indexed.survey().index.folders() if row.path == b"Old")
        plan = propose_folder(indexed.spool, indexed.index, folder.id)
        assert "takes 2 folders below it along: Old/2010, Old/2011" in only_act(plan).note


def test_a_file_of_two_names_gets_its_time_once_and_last(indexed: IndexedMaildir) -> None:
    one = indexed.mail(b"cur/1300000000.M1.host:2,SF", content=text(1))
    indexed.folder(b".A")
    two = b".A/cur/1300000000.M1.host:2,SF"
    os.link(indexed.path(one), indexed.path(two))
    os.utime(indexed.path(one), (1_500_000_000, 1_500_000_000))
    before = indexed.picture()
    plan = indexed.survey().propose(one, two, codes=["bad-date", "bad-flags"])
    assert [step.action for act in plan.acts for step in act.steps] == ["rename", "rename", "utime"]
    assert [left.refused for left in plan.left] == [False]
    indexed.apply(plan)
    indexed.undo()
    assert indexed.picture() == before


def test_a_stale_lock_is_put_away_and_brought_back(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/1300000000.M1.host:2,S", content=text(1))
    process = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(process, 0)
    lock = indexed.path(b"dovecot-uidlist.lock")
    lock.write_bytes(b"%d:%s" % (process, os.fsencode(socket.gethostname())))
    os.utime(lock, (1_300_000_000, 1_300_000_000))
    before = indexed.picture()
    plan = indexed.survey().propose(b"dovecot-uidlist.lock")
    assert moves(plan) == {
        b"dovecot-uidlist.lock": QuarantinePath.of(None, b"dovecot-uidlist.lock")
    }
    indexed.apply(plan)
    assert indexed.survey().index.problem_counts() == {}
    indexed.undo()
    assert indexed.picture() == before
