"""What clients will notice, in sentences with figures."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_files import COURIER, MBSYNC
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Act, Expected
from mailsurgeon.surgery.plan.client_effects import describe
from mailsurgeon.surgery.plan.folder_state import FolderState, SpoolState
from mailsurgeon.surgery.steps.attributes import ChangeTime
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.surgery.uid_effects import Traces

DOVECOT = {"uidlist": True, "traces": Traces((server_files.DOVECOT,))}
NOWHERE = "no uidlist is in the folder; if Dovecot keeps it elsewhere, --control names the place"
NOTHING_ELSE = "nothing else changes; flags and dates are kept"


def act(source: bytes, target: bytes, verdict: str = "file", **more: object) -> Act:
    folder = more.get("folder", b"")
    goal = more.get("goal", None if target.startswith(b"quarantine:") else folder)
    keep = more.get("keep_uid", False)
    step = Rename(source, target, None, folder, goal, keep_uid=keep)  # type: ignore[arg-type]
    return Act(verdict, source, (step,), remedies=(verdict,))


def test_nothing_done_is_nothing_noticed() -> None:
    assert describe((), {}) == ()


def resized(folder: bytes, number: int, fields: bytes = b"") -> Act:
    """A message whose size field is put right, in a folder of this path."""
    place = os.path.join(folder, b"cur/%d.M1.host%s,S=" % (number, fields))
    return act(place + b"1:2,", place + b"2:2,", "fix-size", folder=folder, keep_uid=True)


def test_uids_are_told_in_one_line_a_folder() -> None:
    acts = [resized(path, number) for path in (b".F1", b"", b".F0") for number in range(3)]
    states = {
        path: FolderState(path.decode()[1:] or "INBOX", **DOVECOT) for path in (b".F1", b"", b".F0")
    }
    assert describe(acts, states) == (
        "UIDs kept for 3 of 3 in F0",
        "UIDs kept for 3 of 3 in F1",
        "UIDs kept for 3 of 3 in INBOX",
        "Dovecot's stored totals of a mailbox (STATUS SIZE, quota by count) stay as they are until"
        " `doveadm quota recalc -u USER`",
        NOTHING_ELSE,
    )


def test_of_many_folders_those_that_lose_something_are_told_one_by_one() -> None:
    paths = [b".F%02d" % number for number in range(46)]
    acts = [resized(path, number) for path in paths for number in range(300)]
    states = {path: FolderState(path.decode()[1:], **DOVECOT) for path in paths}
    states[b".F07"] = FolderState("F07")
    states[b".F09"] = FolderState("F09", **DOVECOT, unlisted=frozenset((b"5.M1.host,S=1",)))
    told = describe(acts, states)
    assert told[:4] == (
        f"UIDs cannot be kept for 300 messages in F07: {NOWHERE}",
        "1 message in F09 has no UID yet: no server has listed them",
        "UIDs kept for 13,200 of 13,200 in 44 folders",
        "UIDs kept for 299 of 299 in F09",
    )


@pytest.mark.parametrize(
    ("state", "fields", "sentences"),
    [
        (FolderState("X", traces=Traces((server_files.DOVECOT,))), b"",
         [f"UIDs cannot be kept for 1 message in X: {NOWHERE}"]),
        (FolderState("X"), b"", [f"UIDs cannot be kept for 1 message in X: {NOWHERE}"]),
        (FolderState("X", control="/c/.X"), b"",
         ["UIDs cannot be kept for 1 message in X: no uidlist is in /c/.X; if Dovecot keeps it"
          " elsewhere, --control says so"]),
        (FolderState("X", uidlist=True, traces=Traces((COURIER,))), b"",
         ["UIDs kept for 1 of 1 in X"]),
        (FolderState("X", traces=Traces((COURIER,))), b",U=7",
         [f"UIDs cannot be kept for 1 message in X: {NOWHERE}"]),
        (FolderState("X", traces=Traces((MBSYNC,))), b",U=7", ["UIDs kept for 1 of 1 in X"]),
        (FolderState("X"), b",U=7", ["UIDs kept for 1 of 1 in X"]),
    ],
)  # fmt: skip
def test_where_uids_cannot_be_kept_it_is_said(
    state: FolderState, fields: bytes, sentences: list[str]
) -> None:
    told = describe([resized(b".X", 1, fields)], {b".X": state})
    assert [line for line in told if "UID" in line] == sentences


def test_changed_flags_keep_the_uid_wherever_the_list_is() -> None:
    one = act(b"cur/1.a:2,SF", b"cur/1.a:2,FS", "fix-flags")
    assert "UIDs kept for 1 of 1 in INBOX" in describe([one], {b"": FolderState("INBOX")})


def test_who_named_the_directory_of_the_lists_is_told() -> None:
    state = {b"": FolderState("INBOX", control="/c/.INBOX")}
    told = describe([resized(b"", 1)], state, SpoolState(found_by="doveconf"))
    assert "no uidlist is in /c/.INBOX (by doveconf)" in told[0]


def test_mail_whose_number_for_mbsync_is_taken_from_it_is_uploaded_anew() -> None:
    states = {b"": FolderState("INBOX"), b".A": FolderState("A", traces=Traces((MBSYNC,)))}
    acts = [
        act(b"cur/1.a,U=%d:2," % number, b".A/cur/1.a:2,", goal=b".A") for number in range(3)
    ] + [act(b"cur/9.a,U=4:2,", b"cur/9.a:2,", "rename", keep_uid=True)]
    told = describe(acts, states)
    assert "mbsync will upload 4 messages anew in A, INBOX" in told
    assert "3 messages moved from INBOX to A, with new UIDs there" in told


AGED = [
    (FolderState("Trash", emptied_by="Dovecot (autoexpunge)", days=30),
     "Trash is emptied by age: Dovecot (autoexpunge) deletes what has lain there 30 days, counted"
     " from this change"),
    (FolderState("Trash"),
     "Trash is often emptied by age, by a server, a client or a cron job: 2 of 3 filed there came"
     " in more than 30 days ago"),
    (FolderState("Archive"), ""),
]  # fmt: skip


@pytest.mark.parametrize(("state", "sentence"), AGED)
def test_a_folder_that_is_emptied_by_age_is_named(state: FolderState, sentence: str) -> None:
    now = 1_300_000_000
    steps = [
        Rename(b"T/%d" % day, b"T/cur/%d:2," % day,
               Expected(1, 1, 1, (now - day * 86_400) * 10**9), b"T", b"T")
        for day in (1, 31, 400)
    ]  # fmt: skip
    told = describe([Act("file", b"T", tuple(steps))], {b"T": state}, SpoolState(now))
    assert [line for line in told if "by age" in line] == ([sentence] if sentence else [])


def test_what_is_lost_with_a_servers_own_file_is_told() -> None:
    names = [b"dovecot.index.cache", b".A/dovecot.index.log", b".A/courierimapkeywords/:list"]
    acts = [act(name, QuarantinePath.of(None, name), "quarantine") for name in names]
    told = describe(acts, {b"": FolderState("INBOX")})
    assert told[0] == (
        "dovecot.index.cache in INBOX goes to the quarantine: only a cache: Dovecot makes it anew,"
        " and the next search or list is slow"
    )
    assert told[1].startswith("dovecot.index.log in .A goes to the quarantine:")
    assert "(HIGHESTMODSEQ)" in told[1]
    assert " in .A goes to the quarantine:" in told[2]
    assert "all keywords of the folder are lost in Courier" in told[2]
    assert "put away" not in " ".join(told)


def test_the_sum_in_maildirsize_follows_or_it_is_said_why_not() -> None:
    one = resized(b"", 1)
    (renamed,) = one.steps
    assert isinstance(renamed, Rename)
    counted = replace(renamed, quota=(-1234, -1))
    acts = [replace(one, steps=(counted,))] * 2
    state = {b"": FolderState("INBOX", **DOVECOT)}
    assert "maildirsize follows (delta -2,468 bytes, -2 messages)" in describe(acts, state)
    told = describe(acts, state, SpoolState(no_quota="it is read-only"))
    assert "maildirsize does not follow: it is read-only" in told
    assert not any("maildirsize" in line for line in describe([one], state))


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
        act(b"cur/1:2,", QuarantinePath.of(None, b"cur/1:2,"), "quarantine"),
        act(b"cur/2:2,", QuarantinePath.of(None, b"cur/2:2,"), "quarantine twin"),
        act(b"tmp/3", QuarantinePath.of(None, b"tmp/3"), "quarantine empty"),
    ]
    states = {b"": FolderState("INBOX", traces=Traces((MBSYNC,)))}
    assert describe(acts, states)[:3] == (
        "clients will see 1 message deleted in INBOX",
        "mbsync will delete 1 of them on the other side too",
        "2 put away that no client could see",
    )


def test_a_copy_under_the_uid_of_another_is_deleted_on_no_other_side() -> None:
    acts = [
        act(b"cur/1,U=5:2,", QuarantinePath.of(None, b"cur/1,U=5:2,"), "quarantine synced twin"),
        act(b"cur/2,U=6:2,", QuarantinePath.of(None, b"cur/2,U=6:2,"), "quarantine"),
    ]
    states = {b"": FolderState("INBOX", traces=Traces((MBSYNC,)))}
    assert describe(acts, states)[:3] == (
        "clients will see 2 messages deleted in INBOX",
        "mbsync will delete 1 of them on the other side too",
        "no sync deletes anything for 1 of them: a copy with its ,U= stays",
    )


@pytest.mark.parametrize(
    ("field", "program"),
    [(b",U=5", "mbsync"), (b",U=5,FMD5=0123456789abcdef0123456789abcdef", "offlineimap")],
)
@pytest.mark.parametrize("traces", [Traces(), Traces((MBSYNC,))])
def test_without_a_list_a_lost_uid_is_an_upload_and_nothing_else(
    field: bytes, program: str, traces: Traces
) -> None:
    renamed = act(b"cur/1" + field + b":2,S", b"cur/1:2,S", "rename", keep_uid=True)
    told = describe([renamed], {b"": FolderState("INBOX", traces=traces)})
    assert told == (f"{program} will upload 1 message anew in INBOX", NOTHING_ELSE)


def test_a_change_of_flags_or_dates_is_never_called_nothing() -> None:
    flagged = act(b"cur/1;2,S", b"cur/1:2,S", "fix-flags", keep_uid=True)
    dated = Act("fix-date", b"cur/2", (ChangeTime(b"cur/2", None, before=1, after=2),))
    told = describe([flagged, dated], {b"": FolderState("INBOX", **DOVECOT)})
    assert "flags change or are read anew for 1 message" in told
    assert "the date clients show as received changes for 1 message" in told
    assert any(line.startswith("Dovecot goes on showing dates that it has cached") for line in told)
    assert NOTHING_ELSE not in told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [(b"1.M1P1.h,S=9", b"1.M1P1.h,S=57", False), (b"1.M1P1.h,S=9,W=9", b"1.M1P1.h,S=9,W=12", True),
     (b"1.M1P1.h;2,S", b"1.M1P1.h", True)],
)  # fmt: skip
def test_an_open_courier_session_looks_for_other_names_only_later(
    before: bytes, after: bytes, told: bool
) -> None:
    state = FolderState("INBOX", uidlist=True, traces=Traces((COURIER,)))
    renamed = act(b"cur/" + before, b"cur/" + after + b":2,S", "fix-size", keep_uid=True)
    line = (
        "Courier sessions open now show a placeholder for 1 message in INBOX until they look for"
        " it again (their next NOOP)"
    )
    assert (line in describe([renamed], {b"": state})) == told


@pytest.mark.parametrize(("size", "told"), [(99_000_000, False), (300_000_000, True)])
def test_a_list_that_keeps_its_lock_for_long_is_told(size: int, told: bool) -> None:
    folders = {b"": FolderState("INBOX", uidlist=True, list_bytes=size)}
    line = (
        "the list of UIDs of INBOX has 300 MB: each change of it may keep the folder locked for"
        " some 15 seconds"
    )
    assert (line in describe([], folders)) == told
