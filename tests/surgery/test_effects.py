"""What clients will notice, in sentences with figures."""

from __future__ import annotations

import pytest

from mailsurgeon.surgery.effects import FolderState, describe
from mailsurgeon.surgery.steps import Act, Action, Step

DOVECOT = {"uidlist": True, "dovecot": True}
NOTHING_ELSE = "nothing else changes; flags and dates are kept"


def act(source: bytes, target: bytes, verdict: str = "file", **more: object) -> Act:
    folder = more.get("folder", b"")
    goal = more.get("goal", None if target.startswith(b"quarantine:") else folder)
    data = {"keep_uid": more.get("keep_uid", False)}
    step = Step(Action.RENAME, source, target, None, folder, goal, data)  # type: ignore[arg-type]
    return Act(verdict, source, (step,), remedies=(verdict,))


def test_nothing_done_is_nothing_noticed() -> None:
    assert describe((), {}) == ()


def test_uids_are_counted_over_folders() -> None:
    folders = [b".F%d" % number for number in range(5)]
    acts = [
        act(path + b"/cur/1.a.h,S=%d:2," % number, path + b"/cur/1.a.h,S=9%d:2," % number,
            "fix-size", folder=path, keep_uid=True)
        for path in folders for number in range(3)
    ]  # fmt: skip
    states = {path: FolderState(path.decode()[1:], **DOVECOT) for path in folders}
    assert describe(acts, states) == (
        "UIDs kept for 15 of 15 in 5 folders",
        "Dovecot's stored totals of a mailbox (STATUS SIZE, quota by count) stay as they are until"
        " `doveadm quota recalc`",
        NOTHING_ELSE,
    )


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"dovecot": True}, "UIDs kept for 0 of 1 in INBOX"),
        ({"dovecot": True}, "1 message will come anew to clients in INBOX (no dovecot-uidlist is"
         " there; --control names where Dovecot keeps it)"),
        ({"courier": True}, "1 message will come anew to clients in INBOX (Courier's list is not"
         " edited)"),
        ({"synced": True}, "UIDs kept for 1 of 1 in INBOX"),
        ({}, "1 message renamed where no server has given UIDs"),
    ],
)  # fmt: skip
def test_where_uids_cannot_be_kept_it_is_said(state: dict[str, bool], sentence: str) -> None:
    one = act(b"cur/1.a.h,S=1:2,", b"cur/1.a.h,S=2:2,", "fix-size", keep_uid=True)
    assert sentence in describe([one], {b"": FolderState("INBOX", **state)})


def test_mail_filed_is_new_and_told_by_folder() -> None:
    acts = [
        act(b".A/%d" % number, b".A/cur/%d:2," % number, folder=b".A") for number in range(1200)
    ]
    states = {b".A": FolderState("Archives.2012", **DOVECOT)}
    assert describe(acts, states) == (
        "1,200 new messages in Archives.2012 (UIDs are given by the server)", NOTHING_ELSE,
    )  # fmt: skip


def test_mail_put_away_is_deleted_for_clients_only_where_they_saw_it() -> None:
    acts = [
        act(b"cur/1:2,", b"quarantine:@/cur/1:2,", "quarantine"),
        act(b"cur/2:2,", b"quarantine:@/cur/2:2,", "quarantine twin"),
        act(b"tmp/3", b"quarantine:@/tmp/3", "quarantine empty"),
    ]
    states = {b"": FolderState("INBOX", synced=True)}
    assert describe(acts, states)[:3] == (
        "clients will see 1 message deleted in INBOX",
        "mbsync will delete 1 of them on the other side too",
        "2 put away that no client could see",
    )


def test_a_change_of_flags_or_dates_is_never_called_nothing() -> None:
    flagged = act(b"cur/1;2,S", b"cur/1:2,S", "fix-flags", keep_uid=True)
    dated = Act("fix-date", b"cur/2", (Step(Action.UTIME, b"cur/2", None),))
    told = describe([flagged, dated], {b"": FolderState("INBOX", **DOVECOT)})
    assert "flags change or are read anew for 1 message" in told
    assert "the date clients show as received changes for 1 message" in told
    assert NOTHING_ELSE not in told
