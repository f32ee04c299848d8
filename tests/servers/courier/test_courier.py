"""A real Courier before the repair, after it, after it was taken back, and after it was redone."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers.support.courier import KEYWORDS, UIDLIST, Courier, Served, fetched
from tests.servers.support.dovecot import message, moment
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = pytest.mark.servers

BOXES = {"INBOX": "", "INBOX.Sent": ".Sent"}
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "$Forwarded", "Work")
Seen = dict[str, tuple[int, dict[int, Served]]]


def seen(server: Courier) -> Seen:
    """UIDVALIDITY and all messages of every mailbox, as a client sees them."""
    return {mailbox: (server.validity(mailbox), server.served(mailbox)) for mailbox in BOXES}


def added(before: Seen, after: Seen) -> dict[str, dict[int, Served]]:
    """What is new in each mailbox; all that was there must be as it was."""
    new: dict[str, dict[int, Served]] = {}
    for mailbox, (validity, messages) in before.items():
        assert after[mailbox][0] == validity
        now = after[mailbox][1]
        assert {uid: now.get(uid) for uid in messages} == messages
        new[mailbox] = {uid: one for uid, one in now.items() if uid not in messages}
        assert all(uid > max(messages, default=0) for uid in new[mailbox])
    return new


def counted(uids: Mapping[int, object]) -> str:
    return f"{len(uids)} messages, UIDs {','.join(map(str, sorted(uids)))}"


def plant(
    server: Courier, number: int, fields: str = "", info: str = ":2,S", folder: str = ""
) -> Path:
    """A message that somebody has put into `cur` by hand. `fields`: `,S=...` of its name."""
    name = f"{moment(number)}.M{number}P1.host{fields}{info}"
    return server.put(os.path.join(folder, "cur", name), message(number), moment(number))


def size(number: int) -> int:
    return len(message(number))


def redo(server: Courier, operator: Operator) -> None:
    operator.must("redo", server.spool, "--yes")


def with_wrong_sizes(server: Courier, mailbox: str, first: int) -> None:
    """Five messages, four with a wrong S=, with keywords in all the ways that Courier keeps them:
    in its list, in an update read before, and in one that nobody has read."""
    folder = BOXES[mailbox]
    wrong = [",S=7777", ",S=9", ",S=9000000000", ",S=4000"]
    for place, fields in enumerate([*wrong, f",S={size(first + 4)}"]):
        plant(server, first + place, fields, ":2,FS" if place % 2 else ":2,", folder)
    server.mark(mailbox, "1:2", "$Forwarded", "Work")
    server.served(mailbox)
    for update in (server.spool / folder / KEYWORDS).iterdir():
        if update.name.startswith(".") and f"M{first}P" in update.name:
            update.unlink()  # as Courier does when it has aged; the list has it
    server.mark(mailbox, "3", "Later")


def test_wrong_sizes_are_put_right_and_back(courier: Courier, operator: Operator) -> None:
    for number, mailbox in enumerate(BOXES):
        with_wrong_sizes(courier, mailbox, 1 + 5 * number)
    unread = courier.spool / KEYWORDS / courier.listed()[3]
    assert unread.exists(), "nobody has read this update before the repair"
    names = courier.names()

    report = operator.fix(courier.spool, "size-mismatch")

    assert report["done"] == {"fix-size": 8}
    for mailbox in ("INBOX", "Sent"):
        assert f"UIDs kept for 4 of 4 in {mailbox}" in report["effects"], report["effects"]
    after = seen(courier)
    keywords = {1: {"$Forwarded", "Work"}, 2: {"$Forwarded", "Work"}, 3: {"Later"}}
    for number, (mailbox, (_validity, messages)) in enumerate(after.items()):
        assert sorted(messages) == [1, 2, 3, 4, 5]
        for uid, one in messages.items():
            flags = set() if uid % 2 else {"\\Flagged", "\\Seen"}
            assert one.flags == flags | keywords.get(uid, set()), (mailbox, uid)
            assert one.received == shown(5 * number + uid)
        for uid, base in courier.listed(BOXES[mailbox]).items():
            assert base.endswith(f",S={size(5 * number + uid)}")
    operator.undo(courier.spool)
    assert courier.names() == names
    assert seen(courier) == after
    redo(courier, operator)
    assert seen(courier) == after
    assert operator.codes(courier.spool).get("size-mismatch", 0) == 0
    print(f"\nwrong sizes: 8 of 10 in 2 folders; repaired, taken back and redone, the same"
          f" {counted(after['INBOX'][1])} in each")  # fmt: skip


def shown(number: int) -> str:
    """The date of a message as Courier writes it."""
    return time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(moment(number)))


def test_what_was_served_before_is_served_the_same(courier: Courier, operator: Operator) -> None:
    for number, mailbox in enumerate(BOXES):
        with_wrong_sizes(courier, mailbox, 1 + 5 * number)
    before = seen(courier)
    for act in (lambda: operator.fix(courier.spool, "size-mismatch"),
                lambda: operator.undo(courier.spool),
                lambda: redo(courier, operator)):  # fmt: skip
        act()
        assert seen(courier) == before
    print(f"\nwrong sizes, served between all acts: the same {counted(before['INBOX'][1])}")


def test_a_spool_of_its_own_bears_nothing_above_info(courier: Courier, operator: Operator) -> None:
    courier.append("INBOX", range(1, 8), FLAGS)
    courier.append("INBOX.Sent", range(8, 12), FLAGS)
    courier.create("INBOX.Sent.Older", "INBOX.Entw&APw-rfe")
    courier.append("INBOX.Sent.Older", range(12, 14))
    assert len(courier.served()) == 7
    assert operator.above_info(courier.spool) == []


@protects(
    "Courier's UIDs and keywords follow the file, under its lock",
    where="surgery/servers/locked_folder.py, surgery/servers/courier_keywords_file.py",
    seen="a control test without the edit shows Courier giving new UIDs",
)
def test_without_its_list_edited_courier_gives_new_uids(courier: Courier) -> None:
    """What the repair is there to prevent does happen."""
    with_wrong_sizes(courier, "INBOX", 1)
    before = courier.served()
    path = courier.file_of(2)
    path.rename(path.with_name(path.name.replace(",S=9:", f",S={size(2)}:")))
    after = courier.served()
    assert sorted(after) == [1, 3, 4, 5, 6]
    assert after[6].text == before[2].text
    assert after[6].flags == before[2].flags - {"$Forwarded", "Work"}
    print("\nrenamed by hand: UID 2 became 6 and lost 2 keywords")


def test_an_open_session_notices_nothing(courier: Courier, operator: Operator) -> None:
    with_wrong_sizes(courier, "INBOX", 1)
    before = courier.served()
    with courier.imap() as session:
        session.must("SELECT INBOX")
        assert fetched(session) == before
        for act in (lambda: operator.fix(courier.spool, "size-mismatch"),
                    lambda: operator.undo(courier.spool),
                    lambda: redo(courier, operator)):  # fmt: skip
            act()
            assert fetched(session) == before, "it has not looked at the folder again"
            looked = session.must("NOOP")
            assert not looked.has(b"EXPUNGE") and not looked.has(b"EXISTS"), looked
            assert fetched(session) == before
        session.must("UID STORE 1 +FLAGS (\\Answered Later)")
        session.must("CLOSE")
    assert courier.errors() == []
    after = courier.served()
    assert after[1].flags == before[1].flags | {"\\Answered", "Later"}
    assert {**after, 1: before[1]} == before
    print(f"\nopen session across fix, undo and redo: no BYE, no EXPUNGE; {counted(before)}")


BROKEN_INFO = {
    1: (":2,SRF", {"\\Seen", "\\Answered", "\\Flagged"}),
    2: (";2,FS", {"\\Seen", "\\Flagged"}),
    3: ("", set[str]()),
    4: (":2,FS:2,FS", {"\\Seen", "\\Flagged"}),
    5: ("2,S", {"\\Seen"}),
    6: (":1,S", set[str]()),
}


def test_bad_flags_are_read_again_under_the_same_uids(courier: Courier, operator: Operator) -> None:
    for number, (info, _flags) in BROKEN_INFO.items():
        plant(courier, number, "", info)
    plant(courier, 7)
    courier.served()
    for uid, base in courier.listed().items():
        if uid != 4:  # a STORE would put the flags right as well
            courier.put(f"{KEYWORDS}/{base}", b"Work\n")
    before = seen(courier)
    assert sorted(before["INBOX"][1]) == [1, 2, 3, 4, 5, 6, 7]
    assert [uid for uid, one in before["INBOX"][1].items() if "Work" not in one.flags] == [4]
    names = courier.names()
    unread = sum(
        before["INBOX"][1][uid].flags - {"Work"} != flags
        for uid, (_info, flags) in BROKEN_INFO.items()
    )
    assert unread > 0, "Courier misreads some of them"
    operator.fix(courier.spool, "bad-flags")

    def repaired() -> None:
        validity, after = seen(courier)["INBOX"]
        assert validity == before["INBOX"][0]
        for uid, one in before["INBOX"][1].items():
            flags = BROKEN_INFO[uid][1] | one.flags & {"Work"} if uid in BROKEN_INFO else one.flags
            assert after[uid] == dataclasses.replace(one, flags=frozenset(flags)), uid
        assert len(after) == 7

    repaired()
    operator.undo(courier.spool)
    assert courier.names() == names
    assert seen(courier) == before
    redo(courier, operator)
    repaired()
    print(f"\nbad-flags: {unread} of 6 misread before, 0 after; the same"
          f" {counted(before['INBOX'][1])}, with their keywords")  # fmt: skip


def delivered(server: Courier) -> Seen:
    """Five messages in each mailbox, with flags and keywords."""
    for number, mailbox in enumerate(BOXES):
        server.append(mailbox, range(1 + 5 * number, 6 + 5 * number), FLAGS)
    return seen(server)


def test_misfiled_mail_is_served_with_its_flags(courier: Courier, operator: Operator) -> None:
    before = delivered(courier)
    courier.put(".Sent/1300000101.M1P1.host:2,FS", message(101), moment(101))
    courier.put(".Sent/1300000102.M1P1.host", message(102), moment(102))
    assert seen(courier) == before
    report = operator.fix(courier.spool, "misfiled")
    assert report["done"] == {"file": 2}
    for again in (False, True):
        if again:
            redo(courier, operator)
        new = added(before, seen(courier))
        assert new["INBOX"] == {}
        found = {one.received: one.flags for one in new["INBOX.Sent"].values()}
        assert found == {shown(101): {"\\Flagged", "\\Seen"}, shown(102): set()}
        operator.undo(courier.spool)
        assert seen(courier) == before
    print(f"\nmisfiled: 0 of 2 served before, 2 after with flags; kept"
          f" {counted(before['INBOX.Sent'][1])}")  # fmt: skip


def test_a_leftover_in_tmp_is_delivered(courier: Courier, operator: Operator) -> None:
    before = delivered(courier)
    courier.put("tmp/1300000101.M1P1.host", message(101), moment(101))
    assert seen(courier) == before
    report = operator.fix(courier.spool, "in-tmp")
    assert report["done"] == {"file": 1}
    new = added(before, seen(courier))["INBOX"]
    assert [(one.received, one.flags) for one in new.values()] == [(shown(101), frozenset())]
    # A client has seen it, under the name that Courier gave it: it goes back all the same.
    undone = operator.run("undo", courier.spool, "--yes", "--format", "json")
    assert (undone.code, undone.json["done"]) == (0, {"undo file": 1})
    assert seen(courier) == before
    print(f"\nin-tmp: 1 delivered as UID {min(new)}, taken back after it was served;"
          f" kept {counted(before['INBOX'][1])}")  # fmt: skip


def test_a_name_clash_loses_no_mail(courier: Courier, operator: Operator) -> None:
    delivered(courier)
    clash = plant(courier, 20, "", ":2,")
    before = seen(courier)
    name = clash.name.partition(":")[0]
    courier.put(f"new/{name}", message(21), moment(21))
    names = courier.names()
    left_alone = courier.copy("Unrepaired")
    left_alone.served()
    assert len(left_alone.names()) == len(names) - 1, "Courier renames the new one over the other"

    report = operator.fix(courier.spool, "name-clash")

    assert report["done"] == {"rename": 1}
    new = added(before, seen(courier))
    assert [one.received for one in new["INBOX"].values()] == [shown(21)]
    assert len(courier.names()) == len(names)
    print(f"\nname-clash: of 7 messages in INBOX Courier left 6 without the repair, 7 with it; kept"
          f" {counted(before['INBOX'][1])}")  # fmt: skip


BAD_LINES = {
    "rubbish": b"this is no record\n",
    "zero": b"0 1300000000.M1P1.host\n",
    "too-high": b"4294967295 1300000000.M1P1.host\n",
    "out-of-order": b"1 1300000000.M1P1.host\n",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_damaged_uidlist_keeps_the_other_uids(
    line: str, courier: Courier, operator: Operator
) -> None:
    before = delivered(courier)
    place = courier.spool / UIDLIST
    lines = place.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:4], BAD_LINES[line], *lines[4:]])
    courier.replace(place, damaged)

    report = operator.fix(courier.spool, "uidlist-damaged")

    assert report["done"] == {"fix-uidlist": 1}
    assert place.read_bytes() == b"".join(lines)
    operator.undo(courier.spool)
    assert place.read_bytes() == damaged
    redo(courier, operator)
    assert place.read_bytes() == b"".join(lines)
    assert seen(courier) == before
    print(f"\nuidlist-damaged ({line}): the same {counted(before['INBOX'][1])}")


def by_date(messages: Mapping[int, Served]) -> list[Served]:
    return sorted(messages.values(), key=lambda one: one.received)


@protects(
    "Courier's UIDs and keywords follow the file, under its lock",
    where="surgery/servers/locked_folder.py, surgery/servers/courier_keywords_file.py",
)
def test_a_message_moves_with_all_it_bears(courier: Courier, operator: Operator) -> None:
    before = delivered(courier)
    inbox, sent = before["INBOX"], before["INBOX.Sent"]
    moved = {uid: inbox[1][uid] for uid in (2, 5)}
    paths = [str(courier.file_of(uid).relative_to(courier.spool)) for uid in (2, 5)]
    operator.must("file", courier.spool, *paths, "--to", "Sent", "--yes")

    def in_target() -> None:
        after = seen(courier)
        left = {uid: one for uid, one in inbox[1].items() if uid not in (2, 5)}
        assert {uid: after["INBOX"][1].get(uid) for uid in left} == left
        assert len(after["INBOX"][1]) == 3
        new = added({"INBOX.Sent": sent}, after)["INBOX.Sent"]
        assert by_date(new) == by_date(moved)

    in_target()
    operator.undo(courier.spool)
    back = seen(courier)
    assert back["INBOX.Sent"] == sent
    assert back["INBOX"][0] == inbox[0]
    assert by_date(back["INBOX"][1]) == by_date(inbox[1])
    redo(courier, operator)
    in_target()
    print("\nmoved: 2 messages new in the target with flags, keywords and date, 8 the same; taken"
          " back, redone")  # fmt: skip


QUOTA = "1000000S,500C"


@pytest.mark.parametrize("courier", [QUOTA], indirect=True)
def test_the_quota_adds_up_after_repairs(courier: Courier, operator: Operator) -> None:
    with_wrong_sizes(courier, "INBOX", 1)
    courier.put(".Sent/1300000101.M1P1.host:2,FS", message(101), moment(101))
    courier.set_quota(QUOTA)
    courier.create("INBOX.Trash")
    before = courier.summed()
    told: list[str] = []

    def adds_up(what: str) -> None:
        now = courier.summed()
        told.append(f"{what} {now[0]} B {now[1]}")
        assert courier.quota() == {"STORAGE": -(-now[0] // 1024), "MESSAGE": now[1]}, what
        counted_anew = courier.copy(f"Counted{len(told)}")
        (counted_anew.spool / "maildirsize").unlink()
        counted_anew.set_quota(QUOTA)
        assert counted_anew.summed() == now, what

    operator.fix(courier.spool, "size-mismatch")
    adds_up("sizes right:")
    operator.undo(courier.spool)
    adds_up("undone:")
    assert courier.summed() == before
    redo(courier, operator)
    adds_up("redone:")
    operator.fix(courier.spool, "misfiled")
    adds_up("filed:")
    path = str(courier.file_of(2).relative_to(courier.spool))
    operator.must("file", courier.spool, path, "--to", "Trash", "--yes")
    adds_up("in Trash:")
    operator.undo(courier.spool)
    adds_up("and back:")
    assert (courier.spool / "maildirsize").read_text().splitlines()[0] == QUOTA
    print(f"\nquota: {before[0]} B {before[1]} before; " + "; ".join(told))


def test_a_missing_tmp_is_made_before_courier_refuses(courier: Courier, operator: Operator) -> None:
    before = delivered(courier)
    (courier.spool / ".Sent" / "tmp").rmdir()
    with courier.imap() as session:
        refused = session.command("SELECT INBOX.Sent")
        assert refused.status != "OK", refused
    courier.errors()

    report = operator.fix(courier.spool, "missing-subdir")

    assert report["done"] == {"make-subdirs": 1}
    assert seen(courier) == before
    print(f"\nmissing tmp: refused before; after, the same {counted(before['INBOX.Sent'][1])}")
