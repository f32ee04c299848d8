"""Every kind of step comes back from the journal as it was written, key by key."""

from __future__ import annotations

import json

import pytest

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Expected, Step
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner, ChangeTime
from mailsurgeon.surgery.steps.base import Where
from mailsurgeon.surgery.steps.directory import MakeDirectory, RemoveDirectory
from mailsurgeon.surgery.steps.lists.keywords import CarriedKeywords, NameLetters
from mailsurgeon.surgery.steps.lists.keywords_text import RewriteKeywords
from mailsurgeon.surgery.steps.lists.maildirsize import CountQuota
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.lists.uidlist_lines import DropLines
from mailsurgeon.surgery.steps.purge import Purge
from mailsurgeon.surgery.steps.registry import KINDS, read_step
from mailsurgeon.surgery.steps.rename import Rename

FILE = Expected(1, 2, 3, 4)
CHANGES = (Change(b"1 :a\xff", b"1 :b"), Change(b"a", b"b", COURIER_KEYWORDS))
STEPS = {
    "a rename": Rename(b"cur/a", b"cur/b", FILE, b"", b"", keep_uid=True, quota=(-1, 0), links=1,
                       shared=False),
    "a lifted folder": Rename(b".A/B", b".A.B", Expected(1, 2, -1, -1), b".A/B", b".A.B"),
    "a mkdir": MakeDirectory(None, b"cur", folder=b"", mode=0o700, uid=1, gid=2),
    "a bare mkdir": MakeDirectory(None, b"cur", folder=b""),
    "a rmdir": RemoveDirectory(b"cur", None, folder=b"", mode=0o700),
    "a chmod": ChangeMode(b"cur/a", None, FILE, b"", before=0o644, after=0o600),
    "a chown": ChangeOwner(b"cur/a", None, FILE, b"", before=(0, 0), after=(8, 12)),
    "a utime": ChangeTime(b"cur/a", None, FILE, b"", before=4, after=-5),
    "records": ChangeRecords(b"dovecot-uidlist", None, folder=b"", records=((b"a\xff", b"b"),)),
    "changes": ChangeRecords(None, None, folder=b".A", changes=CHANGES),
    "no changes": ChangeRecords(None, None, folder=b".A", changes=()),
    "lines": DropLines(None, None, folder=b"", name=b"dovecot-uidlist", drop=((2, b"0 \xff"),),
                       torn=True),
    "names": NameLetters(None, None, folder=b"", add=((0, b"Work\xff"),), made=True),
    "keywords": CarriedKeywords(None, None, None, b".A", b".B", old=b"a", new=b"b",
                                names=(b"\xff",), made=False),
    "keywords put away": CarriedKeywords(None, None, None, b".A", None, old=b"a", new=b"a",
                                         names=(b"Work",)),
    "the text of keywords": RewriteKeywords(None, None, folder=b"", before=b"0 Work\r\n\xff",
                                            after=b"0 Work\n"),
    "a line of maildirsize": CountQuota(b"maildirsize", None, size=1, messages=-1, before=(7, 8),
                                        acts=(1, 3)),
    "a purge": Purge(QuarantinePath.of(1, b"a"), None, FILE, of=7),
}  # fmt: skip


def read_again(step: Step) -> Step:
    where = Where(step.source, step.target, step.expected, step.folder, step.target_folder)
    return read_step(step.action, where, json.loads(json.dumps(step.data)))


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_it_comes_back_as_it_was_written(step: Step) -> None:
    again = read_again(step)
    assert again == step
    assert json.dumps(again.data) == json.dumps(step.data)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_what_takes_it_back_comes_back_too_and_is_taken_back_itself(step: Step) -> None:
    try:
        back = step.inverse().linked(inverts=7)
    except StepRefused:
        assert step.action in ("purge", "maildirsize")
        return
    assert back.data["inverts"] == 7
    again = read_again(back)
    assert again == back
    assert json.dumps(again.data) == json.dumps(back.data)
    assert (again.inverse().source, again.inverse().target) == (step.source, step.target)
    repeated = read_again(step).linked(repeats=7).data
    assert list(repeated) == [*step.data, "repeats"]


def test_every_kind_is_tried_here() -> None:
    assert {step.action for step in STEPS.values()} == set(KINDS)


def test_keys_stay_where_the_row_had_them() -> None:
    """A journal's rows are the same whichever version of the program writes them."""
    row = read_again(STEPS["a rename"])
    undone = row.inverse().linked(inverts=7)
    assert list(undone.data) == ["keep_uid", "quota", "links", "inverts", "may_share"]
    restored = read_again(undone)
    assert list(restored.inverse().linked(inverts=9).data) == [
        "keep_uid", "quota", "links", "may_share", "inverts",
    ]  # fmt: skip


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'fly' is not a kind of step known here"):
        read_step("fly", Where(), {})


def test_a_purge_deletes_nothing_in_the_spool() -> None:
    with pytest.raises(StepRefused, match="not in the quarantine"):
        Purge(b"cur/a", None, of=1).do(None, {})  # type: ignore[arg-type]
