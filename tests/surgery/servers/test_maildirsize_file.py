"""The spool's maildirsize follows what an operation adds and takes away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.maildir.lists.maildirsize import parse_maildirsize
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.plan.propose import propose_folder
from mailsurgeon.surgery.servers.maildirsize_file import append, appended, inode_and_size
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

START = b"100000S,50C\n5000 20\n"
SIZE = len(text(1))


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


@pytest.fixture
def root(tmp_path: Path) -> Iterator[int]:
    handle = at.open_directory(os.fsencode(tmp_path))
    yield handle
    os.close(handle)


def test_a_line_is_added_and_known_again(root: int, tmp_path: Path) -> None:
    place = tmp_path / "maildirsize"
    place.write_bytes(START)
    before = inode_and_size(root)
    assert before is not None
    assert before == (place.stat().st_ino, len(START))
    assert not appended(root, before, -30, -1)
    append(root, before, -30, -1)
    assert appended(root, before, -30, -1)
    assert not appended(root, before, -30, 1)
    assert place.read_bytes() == START + b"         -30           -1\n"
    assert (
        parse_maildirsize(place.read_bytes()).bytes,
        parse_maildirsize(place.read_bytes()).messages,
    ) == (4970, 19)


def test_a_line_that_a_power_cut_has_left_blank_is_filled(root: int, tmp_path: Path) -> None:
    """The file has its new length, its contents were not written yet; a server went on behind."""
    place = tmp_path / "maildirsize"
    place.write_bytes(START)
    before = inode_and_size(root)
    assert before is not None
    append(root, before, -30, -1)
    whole = place.read_bytes()
    for behind in (b"", b"7 1\n"):
        place.write_bytes(START + bytes(len(whole) - len(START)) + behind)
        assert not appended(root, before, -30, -1)
        append(root, before, -30, -1)
        assert place.read_bytes() == whole + behind


@pytest.mark.parametrize(("size", "messages"), [(-5001, -1), (-30, -21), (-5001, 3)])
def test_a_sum_that_counts_too_little_never_falls_below_zero(
    root: int, tmp_path: Path, size: int, messages: int
) -> None:
    place = tmp_path / "maildirsize"
    place.write_bytes(START)
    before = inode_and_size(root)
    assert before is not None
    append(root, before, size, messages)
    assert place.read_bytes() == START
    append(root, before, -5000, -20)
    assert not parse_maildirsize(place.read_bytes()).damaged


def test_what_others_add_meanwhile_stays(root: int, tmp_path: Path) -> None:
    place = tmp_path / "maildirsize"
    place.write_bytes(START)
    before = inode_and_size(root)
    assert before is not None
    place.write_bytes(START + b"7 1\n")
    append(root, before, 5, 1)
    assert place.read_bytes() == START + b"7 1\n           5            1\n"
    assert appended(root, before, 5, 1)


def test_a_sum_counted_anew_meanwhile_is_left_alone(root: int, tmp_path: Path) -> None:
    place = tmp_path / "maildirsize"
    place.write_bytes(START)
    before = inode_and_size(root)
    assert before is not None
    (tmp_path / "new").write_bytes(b"100000S,50C\n4970 19\n")
    (tmp_path / "new").rename(place)
    append(root, before, -30, -1)
    assert place.read_bytes() == b"100000S,50C\n4970 19\n"
    assert appended(root, before, -30, -1)
    place.unlink()
    append(root, before, -30, -1)
    assert not place.exists()


def test_what_is_not_to_be_touched_is_not_there(root: int, tmp_path: Path) -> None:
    place = tmp_path / "maildirsize"
    assert inode_and_size(root) is None
    place.mkdir()
    assert inode_and_size(root) is None
    place.rmdir()
    (tmp_path / "other").write_bytes(START)
    place.symlink_to(tmp_path / "other")
    assert inode_and_size(root) is None
    place.unlink()
    os.mkfifo(place)
    assert inode_and_size(root) is None
    place.unlink()
    place.write_bytes(START)
    place.chmod(0o400)
    assert inode_and_size(root) is None
    place.chmod(0o600)
    place.write_bytes(START + b"1 1\n" * 2000)  # servers count anew whatever it says
    assert inode_and_size(root) is None


def test_a_symlink_or_a_torn_line_is_refused_by_name(root: int, tmp_path: Path) -> None:
    place = tmp_path / "maildirsize"
    place.write_bytes(START + b"17")
    before = inode_and_size(root)
    assert before is not None
    with pytest.raises(StepRefused, match="maildirsize: its last line has no newline"):
        append(root, before, 5, 1)
    place.rename(tmp_path / "other")
    place.symlink_to(tmp_path / "other")
    with pytest.raises(StepRefused, match="maildirsize"):
        append(root, before, 5, 1)
    assert (tmp_path / "other").read_bytes() == START + b"17"


# Operations


def with_quota(indexed: IndexedMaildir, *, courier: bool = False) -> Path:
    place = indexed.path(b"maildirsize")
    place.write_bytes(START)
    if courier:
        indexed.path(b"courierimapuiddb").write_bytes(b"1 1300000000 1\n")
    return place


def grown(place: Path) -> tuple[int, int]:
    total = parse_maildirsize(place.read_bytes())
    assert not total.damaged
    return total.bytes - 5000, total.messages - 20


NAME = b"1300000001.M1.host"
SIZED = NAME + b",S=%d" % SIZE
CASES = {  # where it lies, remedy, folder -> what Dovecot's and Courier's sums grow by
    "a wrong size": (b"cur/" + NAME + b",S=7:2,S", None, None, (SIZE - 7, 0), (SIZE - 7, 0)),
    "misfiled": (b".A/" + SIZED, None, None, (SIZE, 1), (SIZE, 1)),
    "misfiled, without size": (b".A/" + NAME, None, None, (SIZE, 1), (SIZE, 1)),
    "misfiled, deleted": (b".A/" + SIZED + b":2,T", None, None, (SIZE, 1), (0, 0)),
    "a wrong size, deleted": (
        b"cur/" + NAME + b",S=7:2,T", None, None, (SIZE - 7, 0), (0, 0)
    ),
    "to another folder": (b"cur/" + SIZED + b":2,", "file", "A", (0, 0), (0, 0)),
    "to the trash": (b"cur/" + SIZED + b":2,", "file", "Trash", (0, 0), (-SIZE, -1)),
    "out of the trash": (b".Trash/cur/" + SIZED + b":2,", "file", "A", (0, 0), (SIZE, 1)),
    "to the quarantine": (b"cur/" + SIZED + b":2,", "quarantine", None, (-SIZE, -1), (-SIZE, -1)),
    "a leftover": (b"tmp/" + SIZED, "quarantine", None, (0, 0), (0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("server", ["dovecot", "courier"])
@pytest.mark.parametrize("case", CASES)
def test_the_sum_follows_and_is_taken_back(indexed: IndexedMaildir, case: str, server: str) -> None:
    path, remedy, target, as_dovecot, as_courier = CASES[case]
    place = with_quota(indexed, courier=server == "courier")
    for folder in (b".A", b".Trash"):
        indexed.folder(folder)
    indexed.mail(path, content=text(1))
    indexed.apply(indexed.survey().propose(path, remedy=remedy, target=target, force=True))
    assert grown(place) == (as_courier if server == "courier" else as_dovecot)
    assert place.read_bytes().startswith(START)
    indexed.undo()
    assert grown(place) == (0, 0)
    with indexed.surgeon() as surgeon:
        surgeon.apply(surgeon.plan_redo())
    assert grown(place) == (as_courier if server == "courier" else as_dovecot)


def test_dovecot_and_courier_both_there_count_as_dovecot(indexed: IndexedMaildir) -> None:
    place = with_quota(indexed, courier=True)
    indexed.uidlist(b"")
    path = indexed.mail(b".A/" + SIZED + b":2,T", content=text(1))
    indexed.folder(b".A")
    indexed.apply(indexed.survey().propose(path))
    assert grown(place) == (SIZE, 1)


def test_one_line_for_many_messages(indexed: IndexedMaildir) -> None:
    place = with_quota(indexed)
    indexed.folder(b".A")
    for number in range(300):
        indexed.mail(b".A/%d.M1.host,S=%d" % (1300000000 + number, len(text(number))),
                    content=text(number))  # fmt: skip
    indexed.survey()
    indexed.apply(indexed.fix())
    assert grown(place) == (sum(len(text(number)) for number in range(300)), 300)
    assert place.read_bytes().count(b"\n") < 2 + 10


def test_a_whole_folder_goes_and_comes_back(indexed: IndexedMaildir) -> None:
    place = with_quota(indexed)
    indexed.folder(b".Old")
    for number in range(3):
        indexed.mail(b".Old/cur/%d.M1.host:2,S" % number, content=text(number))
    indexed.mail(b".Old/tmp/9.M1.host", content=text(9))
    indexed.survey()
    row = next(row for row in indexed.index.folders() if row.name == "Old")
    plan = propose_folder(indexed.spool, indexed.index, row.id)
    indexed.apply(plan)
    assert grown(place) == (-3 * len(text(1)), -3)
    indexed.undo()
    assert grown(place) == (0, 0)


def test_a_nested_folder_counts_when_it_is_lifted(indexed: IndexedMaildir) -> None:
    place = with_quota(indexed)
    indexed.folder(b".A")
    indexed.folder(b".A/sub")
    path = indexed.mail(b".A/sub/cur/1300000001.M1.host:2,S", content=text(1))
    indexed.survey()
    nested = next(row for row in indexed.index.problems() if row.code == "nested-folder")
    indexed.apply(indexed.propose(nested.path))
    assert not indexed.path(path).exists()
    assert grown(place) == (SIZE, 1)


def test_without_a_maildirsize_none_is_made(indexed: IndexedMaildir) -> None:
    path = indexed.mail(b"cur/" + NAME + b",S=7:2,S", content=text(1))
    plan = indexed.survey().propose(path)
    assert all("quota" not in step.data for act in plan.acts for step in act.steps)
    indexed.apply(plan)
    assert not indexed.path(b"maildirsize").exists()
