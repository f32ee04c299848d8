"""Between plan and act clients go on: what an act relies on is looked at when it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailsurgeon.surgery.model import Left, Plan, Refusal
from mailsurgeon.surgery.plan.propose import propose_folder
from mailsurgeon.surgery.steps.conditions import conditions_from
from tests.support.protects import protects
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

KEPT = b"1300000001.M1P1.host:2,S"
COPY = b"1300000002.M1P1.host:2,S"


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        one.folder(b".A")
        yield one


def misfiled(indexed: IndexedMaildir) -> tuple[bytes, bytes]:
    kept = indexed.mail(b".A/cur/" + KEPT, content=text(1))
    return kept, indexed.mail(b".A/" + COPY, content=text(1))


def leftover(indexed: IndexedMaildir) -> tuple[bytes, bytes]:
    """The copy that is kept lies in another folder."""
    kept = indexed.mail(b".A/cur/" + KEPT, content=text(1))
    return kept, indexed.mail(b"tmp/1300000002.M1P1.host", content=text(1))


def duplicate(indexed: IndexedMaildir) -> tuple[bytes, bytes]:
    kept = indexed.mail(b".A/cur/" + KEPT, content=text(1))
    return kept, indexed.mail(b".A/cur/" + COPY, content=text(1))


def twin(indexed: IndexedMaildir) -> tuple[bytes, bytes]:
    kept = indexed.mail(b".A/cur/" + KEPT, content=text(1))
    return kept, indexed.mail(b".A/new/" + KEPT.partition(b":")[0], content=text(1))


Kind = Callable[[IndexedMaildir], tuple[bytes, bytes]]
CODES: dict[Kind, str] = {
    misfiled: "misfiled",
    leftover: "in-tmp",
    duplicate: "duplicate-id",
    twin: "name-clash",
}
every_kind = pytest.mark.parametrize("kind", CODES)


def planned(indexed: IndexedMaildir, kind: Kind) -> tuple[bytes, bytes, Plan]:
    kept, copy = kind(indexed)
    plan = indexed.survey().propose(copy, codes=[CODES[kind]])
    assert [act.path for act in plan.acts] == [copy]
    return kept, copy, plan


def refusals(indexed: IndexedMaildir, plan: Plan) -> tuple[Refusal, ...]:
    with indexed.surgeon() as surgeon:
        return surgeon.apply(plan).refused


@protects("a copy goes only while the other is there", where="surgery/steps/conditions.py")
@every_kind
def test_a_copy_stays_when_the_kept_one_is_gone(indexed: IndexedMaildir, kind: Kind) -> None:
    kept, copy, plan = planned(indexed, kind)
    indexed.path(kept).unlink()
    (refusal,) = refusals(indexed, plan)
    assert refusal.path == copy
    assert refusal.reason == f"the copy to be kept, {kept.decode()}, is not there: it is gone"
    assert indexed.path(copy).exists()


@every_kind
def test_a_copy_stays_when_the_kept_one_is_marked_as_deleted(
    indexed: IndexedMaildir, kind: Kind
) -> None:
    kept, copy, plan = planned(indexed, kind)
    indexed.path(kept).rename(indexed.path(kept + b"T"))
    (refusal,) = refusals(indexed, plan)
    assert refusal.reason == f"the copy to be kept, {kept.decode()}T, is marked as deleted"
    assert indexed.path(copy).exists()


@every_kind
def test_a_copy_stays_when_the_kept_one_was_replaced(indexed: IndexedMaildir, kind: Kind) -> None:
    kept, copy, plan = planned(indexed, kind)
    indexed.path(kept).write_bytes(b"another message")
    (refusal,) = refusals(indexed, plan)
    assert refusal.reason.endswith("is not there: its size has changed")
    assert indexed.path(copy).exists()


@every_kind
def test_other_flags_of_the_kept_one_do_not_matter(indexed: IndexedMaildir, kind: Kind) -> None:
    kept, copy, plan = planned(indexed, kind)
    indexed.path(kept).rename(indexed.path(kept[:-1] + b"FS"))
    assert refusals(indexed, plan) == ()
    assert not indexed.path(copy).exists()


def test_a_redo_looks_at_the_kept_copy_again(indexed: IndexedMaildir) -> None:
    kept, copy, plan = planned(indexed, misfiled)
    indexed.apply(plan)
    indexed.undo()
    indexed.path(kept).unlink()
    with indexed.surgeon() as surgeon:
        (refusal,) = surgeon.apply(surgeon.plan_redo()).refused
    assert "is not there" in refusal.reason
    assert indexed.path(copy).exists()


def test_the_shell_log_tests_for_the_kept_copy(indexed: IndexedMaildir) -> None:
    from mailsurgeon.report.session_log import write_log

    kept, _, plan = planned(indexed, misfiled)
    indexed.apply(plan)
    with indexed.surgeon() as surgeon:
        assert f"test -f {kept.decode()}" in write_log(surgeon, "sh")


# Chains


def test_of_equal_leftovers_the_others_go_only_once_the_first_is_filed(
    indexed: IndexedMaildir,
) -> None:
    first, second = (
        indexed.mail(b"tmp/130000000%d.M1P1.host" % number, content=text(1)) for number in (1, 2)
    )
    plan = indexed.survey().fix()
    assert [act.path for act in plan.acts] == [first, second]
    alone = indexed.propose(second)
    reason = "the copy that was to be kept lies in tmp/ and is not filed"
    assert (alone.acts, alone.left) == ((), (Left(second, reason, ("in-tmp",)),))

    indexed.path(first).unlink()
    assert {one.path for one in refusals(indexed, plan)} == {first, second}
    assert indexed.path(second).exists()


def test_a_copy_does_not_rely_on_one_in_a_folder_that_goes_too(indexed: IndexedMaildir) -> None:
    folder = indexed.folder(b".old.bak")
    indexed.mail(folder + b"/cur/" + KEPT, content=text(1))
    left = indexed.mail(b"tmp/1300000002.M1P1.host", content=text(1))
    plan = indexed.survey().propose(left, folder, remedy="quarantine")
    assert [act.path for act in plan.acts] == [folder]
    reason = "the copy that was to be kept goes to the quarantine too"
    assert plan.left == (Left(left, reason, ("in-tmp",)),)


def backups(indexed: IndexedMaildir) -> tuple[bytes, bytes]:
    one, two = indexed.folder(b".A.bak"), indexed.folder(b".B.bak")
    for folder in (one, two):
        indexed.mail(folder + b"/cur/" + KEPT, content=text(1))
    return one, two


def test_of_two_folders_that_rely_on_each_other_one_stays(indexed: IndexedMaildir) -> None:
    one, two = backups(indexed)
    plan = indexed.survey().propose(one, two, codes=["backup-folder"])
    assert len(plan.acts) == 1
    (left,) = plan.left
    assert left.reason == "copies of its messages lie in a folder that goes to the quarantine too"


# Directories


def test_a_folder_stays_when_copies_of_its_messages_are_gone(indexed: IndexedMaildir) -> None:
    one, two = backups(indexed)
    plan = indexed.survey().propose(one, codes=["backup-folder"])
    assert plan.acts[0].note == "1 message; 0 of them filed nowhere else"
    indexed.path(two + b"/cur/" + KEPT).rename(indexed.path(two + b"/cur/" + KEPT + b"T"))
    (refusal,) = refusals(indexed, plan)
    assert refusal.reason == (
        "1 copies of its messages are no longer in .B.bak, or are marked as deleted"
    )
    assert indexed.path(one).exists()


def test_a_folder_stays_when_mail_has_come_in(indexed: IndexedMaildir) -> None:
    indexed.mail(b".A/cur/" + KEPT, content=text(1))
    folder = next(row for row in indexed.survey().index.folders() if row.path == b".A")
    plan = propose_folder(indexed.spool, indexed.index, folder.id)
    indexed.path(b".A/cur/" + KEPT).rename(indexed.path(b".A/cur/" + KEPT + b"T"))
    assert len(conditions_from([one.written() for one in plan.acts[0].steps[0].conditions])) == 1
    indexed.mail(b".A/new/1300000009.M1P1.host", content=text(9))
    (refusal,) = refusals(indexed, plan)
    assert refusal.reason == "its content has changed since it was surveyed (+1 message)"
    indexed.path(b".A/new/1300000009.M1P1.host").unlink()
    assert refusals(indexed, plan) == ()
    assert not indexed.path(b".A").exists()


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        (b"stray/inner/letter.eml", text(1), "there is mail in it now: stray/inner/letter.eml"),
        (b"stray/inner/cur/a:2,", text(1), "stray/inner is a folder now"),
        (b"stray/maildirfolder", b"", "stray is a folder now"),
        (b"stray/notes", b"no mail", ""),
    ],
)
def test_a_stray_directory_goes_only_while_no_mail_is_in_it(
    indexed: IndexedMaildir, path: bytes, content: bytes, reason: str
) -> None:
    indexed.tree.file(b"stray/inner/readme", b"nothing of interest\n")
    plan = indexed.survey().propose(b"stray")
    assert [act.path for act in plan.acts] == [b"stray"]
    indexed.tree.file(path, content)
    assert [one.reason for one in refusals(indexed, plan)] == ([reason] if reason else [])
    assert indexed.path(b"stray").exists() == bool(reason)


def test_lines_that_a_server_accepts_now_stay(indexed: IndexedMaildir) -> None:
    base = KEPT.partition(b":")[0]
    indexed.mail(b"cur/" + KEPT, content=text(1))
    place = indexed.uidlist(b"", base, base)
    plan = indexed.survey().propose(b"dovecot-uidlist")
    lines = place.read_bytes().splitlines(keepends=True)
    place.write_bytes(b"".join(lines[:2]))  # the other record of this name is gone
    reasons = [one.reason for one in refusals(indexed, plan)]
    assert reasons and place.read_bytes() == b"".join(lines[:2])


def test_every_condition_is_the_same_when_read_from_the_journal(indexed: IndexedMaildir) -> None:
    one, _ = backups(indexed)
    indexed.tree.file(b"stray/readme", b"nothing of interest\n")
    copy = misfiled(indexed)[1]
    plan = indexed.survey().propose(one, b"stray", copy)
    conditions = [one for act in plan.acts for step in act.steps for one in step.conditions]
    assert len(conditions) == 4
    assert conditions_from([one.written() for one in conditions]) == tuple(conditions)
    with pytest.raises(ValueError, match="made-up"):
        conditions_from([{"kind": "made-up"}])
