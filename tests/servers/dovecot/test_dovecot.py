"""A real Dovecot before the repair, after it, and after it was taken back."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.servers.conftest import prepared
from tests.servers.support.dovecot import Dovecot, Owner, Served, message, moment
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = pytest.mark.servers

LARGER = "Cached message size larger than expected"
SMALLER = "Cached message size smaller than expected"
FLAGS = ("\\Seen", "\\Flagged", "\\Answered", "$Forwarded", "Work")


def deliver(server: Dovecot, count: int, mailbox: str = "INBOX", *, first: int = 1) -> None:
    """Messages of different dates, with flags and keywords."""
    server.append(mailbox, range(first, first + count), FLAGS)


def as_text(number: int) -> str:
    return message(number).decode()


def counted(uids: Mapping[int, object]) -> str:
    return f"{len(uids)} messages, UIDs {','.join(map(str, sorted(uids)))}"


VARIANTS = {
    "maildir++": (),
    "fs": ("LAYOUT=fs",),
    "control": ("CONTROL={home}/control",),
    "control+index+fs": ("CONTROL={home}/control", "INDEX={home}/index", "LAYOUT=fs"),
}


def server_of(variant: str, home: Path, owner: Owner) -> tuple[Dovecot, list[str]]:
    """A server with this mail location, and the options that tell mailsurgeon of it."""
    settings = [part.format(home=home) for part in VARIANTS[variant]]
    options = []
    for part in settings:
        key, _, value = part.partition("=")
        options += [f"--{key.lower()}", value]
    return prepared(Dovecot(home, owner, *settings)), options


def make_sizes_wrong(server: Dovecot, folder: str) -> None:
    """Of five messages: three with a larger S=, one with a smaller one, one with S= and W=."""
    server.rename_listed(1, r",S=\d+", ",S=7777", folder)
    server.rename_listed(2, r",S=\d+", ",S=9", folder)
    server.rename_listed(3, r",S=(\d+)", r",S=9\1", folder)
    server.rename_listed(4, r",S=\d+,W=\d+", ",S=4000,W=4100", folder)


WRONG = {1: {LARGER}, 2: {SMALLER}, 3: {LARGER}, 4: {LARGER}}


@pytest.mark.parametrize("variant", VARIANTS)
def test_wrong_sizes_are_put_right_and_back(
    variant: str, home: Path, owner: Owner, operator: Operator
) -> None:
    server, options = server_of(variant, home, owner)
    check_sizes(server, operator, options)


def test_wrong_sizes_are_put_right_by_the_owner_too(dovecot: Dovecot, as_owner: Operator) -> None:
    check_sizes(dovecot, as_owner, [])


def check_sizes(server: Dovecot, operator: Operator, options: list[str]) -> None:
    boxes = {"INBOX": "", "Sent": server.folder_path("Sent")}
    for number, (mailbox, folder) in enumerate(boxes.items()):
        deliver(server, 5, mailbox, first=1 + 5 * number)
        make_sizes_wrong(server, folder)
    files = server.names()
    before = {mailbox: server.seen(mailbox) for mailbox in boxes}
    validity = {mailbox: server.validity(mailbox) for mailbox in boxes}
    for mailbox in boxes:
        assert server.complaints(mailbox) == WRONG

    report = operator.fix(server.spool, "size-mismatch", *options)

    assert report["done"] == {"fix-size": 8}
    assert report["effects"] == [f"UIDs kept for 4 of 4 in {mailbox}" for mailbox in boxes]
    for number, mailbox in enumerate(boxes):
        assert server.complaints(mailbox) == {}
        assert server.seen(mailbox) == before[mailbox]
        assert server.validity(mailbox) == validity[mailbox]
        expected = {uid: as_text(5 * number + uid) for uid in range(1, 6)}
        assert server.texts(mailbox) == expected
        assert server.texts(mailbox, memory=True) == expected
    # The report says `mailsurgeon undo SPOOL 1`: the journal knows where the lists were.
    operator.undo(server.spool)
    assert server.names() == files
    for mailbox in boxes:
        assert server.seen(mailbox) == before[mailbox]
        assert server.validity(mailbox) == validity[mailbox]
        assert server.complaints(mailbox) == WRONG
    repeat_by_shell(server, operator, options)
    for mailbox in boxes:
        assert server.seen(mailbox) == before[mailbox]
        assert server.complaints(mailbox) == {}
    print(f"\nwrong sizes {options}: 8 of 10 messages in 2 folders, 8 complaints of Dovecot before,"
          f" 0 after, 8 after undo, 0 after the script; the same {counted(before['INBOX'])}"
          " in each")  # fmt: skip


def repeat_by_shell(server: Dovecot, operator: Operator, options: list[str]) -> None:
    """Does the first operation again by hand, by the session log as a shell script."""
    script = server.home / "session.sh"
    operator.must("log", server.spool, "--format", "sh", "--output", script, *options)
    text, _undo, _rest = script.read_text().partition("\n# 2. ")
    server.give(script).write_text(text)
    subprocess.run(["sh", script], cwd=server.home, check=True, **server.owner.switch)


def test_undo_keeps_the_uids_of_mail_that_came_in_between(
    dovecot: Dovecot, operator: Operator
) -> None:
    deliver(dovecot, 5)
    make_sizes_wrong(dovecot, "")
    operator.fix(dovecot.spool, "size-mismatch")
    dovecot.save(message(6))
    dovecot.must("flags", "add", "\\Flagged", "mailbox", "INBOX", "uid", "1,6")
    before = dovecot.seen()
    assert sorted(before) == [1, 2, 3, 4, 5, 6]
    undone = operator.run("undo", dovecot.spool, "--yes", "--format", "json")
    assert (undone.code, undone.json["refused"]) == (0, [])
    # What a client has marked since is another name now, which the undo follows.
    assert undone.json["done"] == {"undo fix-size": 4}
    assert dovecot.seen() == before
    assert ",S=7777," in dovecot.listed()[1]
    assert ",S=9," in dovecot.listed()[2]
    operator.must("redo", dovecot.spool, "--yes")
    assert dovecot.seen() == before
    assert dovecot.complaints() == {}
    print(f"\nundo and redo with mail and a flag in between: 4 of 4 taken back;"
          f" the same {counted(before)}")  # fmt: skip


def test_a_wrong_w_no_longer_cuts_the_connection(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot, 5)
    for uid, wrong in ((2, "5000"), (4, "20")):
        dovecot.rename_listed(uid, r",W=\d+", f",W={wrong}")
    before = dovecot.seen()
    left_alone = dovecot.copy("Unrepaired")
    with left_alone.imap() as session:
        session.command("SELECT INBOX")
        cut = session.command("UID FETCH 2 (BODY.PEEK[])")
        assert cut.status == "", cut
    assert 2 not in left_alone.served(), "Dovecot's own repair gives a new UID"

    report = operator.fix(dovecot.spool, "size-mismatch")

    assert report["done"] == {"fix-size": 2}
    with dovecot.imap() as session:
        assert session.command("SELECT INBOX").status == "OK"
        answer = session.command("UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])")
        assert answer.status == "OK"
        assert not answer.has(b"BYE")
    expected = {uid: message(uid).replace(b"\n", b"\r\n") for uid in range(1, 6)}
    assert answer.bodies() == expected
    assert answer.number("RFC822.SIZE") == {uid: len(text) for uid, text in expected.items()}
    assert dovecot.seen() == before
    print(f"\nwrong W=: the connection cut before, whole after; the same {counted(before)}")


def test_an_open_session_notices_nothing(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot, 5)
    make_sizes_wrong(dovecot, "")
    path = dovecot.file_of(5)
    assert path.name.endswith(":2,FRSab"), path.name
    path.rename(path.with_name(path.name.replace(":2,FRSab", ":2,SRFba")))
    everything = {uid: message(uid).replace(b"\n", b"\r\n") for uid in range(1, 6)}
    with dovecot.imap() as session:
        assert session.command("SELECT INBOX").status == "OK"
        first = session.command("UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)")
        assert first.uids() == [1, 2, 3, 4, 5]
        answers = []
        for number in range(3):
            if number == 1:
                operator.undo(dovecot.spool)
            else:
                operator.must("fix", dovecot.spool, "--yes")
            # Whether it has looked again or not, the message must be found.
            if number == 2:
                answers.append(session.command("NOOP"))
            answers.append(session.command("UID FETCH 1:* (FLAGS INTERNALDATE)"))
            assert answers[-1].uids() == [1, 2, 3, 4, 5]
        texts = session.command("UID FETCH 1:* (BODY.PEEK[])")
        assert texts.bodies() == everything
        answers += [texts, session.command("NOOP")]
        for answer in answers:
            assert answer.status == "OK", answer
            assert not answer.has(b"BYE"), answer
            assert not answer.has(b"EXPUNGE"), answer
            assert not answer.has(b"EXISTS"), answer
        assert session.command("CLOSE").status == "OK"
    print(f"\nopen session across fix, undo and fix: {len(answers)} commands OK, no BYE, no"
          " EXPUNGE; UIDs 1,2,3,4,5")  # fmt: skip


@pytest.mark.smoke
def test_misfiled_mail_is_served_with_its_flags(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot, 5, "Sent")
    before = dovecot.seen("Sent")
    dovecot.put(".Sent/1300000101.M1P1.host:2,FSb", message(101), moment(101))
    dovecot.put(".Sent/1300000102.M1P1.host", message(102), moment(102))
    dovecot.make_directory(".Sent/old")
    dovecot.put(".Sent/old/1300000103.M1P1.host,U=7:2,S", message(103), moment(103))
    assert sorted(dovecot.texts("Sent").values()) == sorted(map(as_text, range(1, 6)))

    report = operator.fix(dovecot.spool, "misfiled")

    assert report["done"] == {"file": 3}
    texts, after = dovecot.texts("Sent"), dovecot.seen("Sent")
    assert {uid: after[uid] for uid in before} == before
    flags = {texts[uid]: after[uid].flags for uid in set(after) - set(before)}
    assert flags == {
        as_text(101): {"\\Flagged", "\\Seen", "Work"},
        as_text(102): set(),
        as_text(103): {"\\Seen"},
    }
    assert {after[uid].received for uid in texts if texts[uid] == as_text(101)} == {shown(101)}
    operator.undo(dovecot.spool)
    assert dovecot.seen("Sent") == before
    print(f"\nmisfiled: 0 of 3 served before, 3 after with flags; kept {counted(before)}")


def shown(number: int) -> str:
    """The date of a message as doveadm writes it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment(number)))


def test_leftovers_in_tmp_are_delivered(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot, 5)
    before = dovecot.seen()
    dovecot.put("tmp/1300000101.M1P1.host", message(101), moment(101))
    dovecot.put("tmp/1300000102.M1P1.host", b"", moment(102))
    dovecot.put("tmp/1300000103.M1P1.host", message(3), moment(103))
    dovecot.put(f"tmp/{int(time.time())}.M1P1.host", message(104), int(time.time()))
    report = operator.fix(dovecot.spool, "in-tmp")
    assert report["done"] == {"file": 1, "quarantine copy": 1, "quarantine empty": 1}
    texts, after = dovecot.texts(), dovecot.seen()
    assert {uid: after[uid] for uid in before} == before
    assert [texts[uid] for uid in set(after) - set(before)] == [as_text(101)]
    assert len(list((dovecot.spool / "tmp").iterdir())) == 1
    operator.undo(dovecot.spool)
    assert dovecot.seen() == before
    print(f"\nin-tmp: 1 delivered, 2 put away, 1 too young; kept {counted(before)}")


def test_both_of_a_name_clash_are_served(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot, 5)
    base, _, _info = dovecot.rename_listed(2, r",S=.*", "").name.partition(":")
    before = dovecot.seen()
    dovecot.put(f"new/{base}", message(7), moment(7))
    left_alone = dovecot.copy("Unrepaired").texts().values()
    hidden = [number for number in (2, 7) if as_text(number) not in left_alone]
    assert len(hidden) == 1, "Dovecot serves but one of the two"

    report = operator.fix(dovecot.spool, "name-clash")

    assert report["done"] == {"rename": 1}
    with dovecot.imap() as session:
        assert session.command("SELECT INBOX").status == "OK"
    texts, after = dovecot.texts(), dovecot.seen()
    assert {uid: after[uid] for uid in before} == before
    assert texts == {**{uid: as_text(uid) for uid in range(1, 6)}, 6: as_text(7)}
    print(f"\nname-clash: {len(hidden)} of 2 hidden before, 0 after; kept {counted(before)}")


BROKEN_INFO = {
    1: (":2,SRF", {"\\Seen", "\\Answered", "\\Flagged"}),
    2: (";2,FS", {"\\Seen", "\\Flagged"}),
    3: ("", set[str]()),
    4: (":2,FS:2,FS", {"\\Seen", "\\Flagged"}),
    5: ("2,S", {"\\Seen"}),
    6: (":1,S", set[str]()),
}


def test_bad_flags_are_read_again_under_the_same_uids(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot, 7)
    validity = dovecot.validity()
    list_text = (dovecot.spool / "dovecot-uidlist").read_text("latin-1")
    for uid, (info, _flags) in BROKEN_INFO.items():
        path = dovecot.file_of(uid)
        base = path.name.partition(":")[0]
        path.rename(path.with_name(base + info))
        if ":" not in info:  # the separator that servers do not know is of the base name
            list_text = list_text.replace(f" :{base}\n", f" :{base}{info}\n")
    dovecot.replace(dovecot.spool / "dovecot-uidlist", list_text.encode("latin-1"))
    before = dovecot.seen()
    assert sorted(before) == [1, 2, 3, 4, 5, 6, 7]
    unread = sum(before[uid].flags != flags for uid, (_info, flags) in BROKEN_INFO.items())
    assert unread > 0, "Dovecot misreads some of them"

    report = operator.fix(dovecot.spool, "bad-flags")

    assert report["done"] == {"fix-flags": 6}
    after = dovecot.seen()
    for uid, (_info, flags) in BROKEN_INFO.items():
        assert after[uid].flags == flags, uid
        assert without_flags(after[uid]) == without_flags(before[uid])
    assert after[7] == before[7]
    assert dovecot.texts() == {uid: as_text(uid) for uid in range(1, 8)}
    operator.undo(dovecot.spool)
    assert dovecot.seen() == before
    assert dovecot.validity() == validity
    print(f"\nbad-flags: {unread} of 6 misread before, 0 after; the same {counted(before)}")


def without_flags(one: Served) -> tuple[str, str, str]:
    return one.received, one.guid, one.uidl


def test_empty_messages_go_and_come_back(dovecot: Dovecot, operator: Operator) -> None:
    deliver(dovecot, 5)
    for uid in (2, 4):
        path = dovecot.file_of(uid)
        path.write_bytes(b"")
        os.utime(path, (moment(uid), moment(uid)))
    before = dovecot.served()
    assert sorted(before) == [1, 2, 3, 4, 5]
    # Taken back before any server has looked: nobody can know of it.
    operator.fix(dovecot.spool, "empty")
    operator.undo(dovecot.spool)
    assert dovecot.served() == before

    words = ("fix", dovecot.spool, "--only", "empty", "--dry-run", "--format", "json")
    plan = operator.run(*words).json
    assert "clients will see 2 messages deleted in INBOX" in plan["effects"]
    report = operator.fix(dovecot.spool, "empty")
    assert report["done"] == {"quarantine empty": 2}
    assert dovecot.served() == {uid: before[uid] for uid in (1, 3, 5)}
    listed = operator.run("quarantine", "list", dovecot.spool, "--format", "json").json
    assert len(listed["items"]) == 2
    operator.must("quarantine", "restore", dovecot.spool, "--yes", report["operation"])
    back = dovecot.served()
    assert {uid: back[uid] for uid in (1, 3, 5)} == {uid: before[uid] for uid in (1, 3, 5)}
    assert len(back) == 5
    assert min(back.keys() - {1, 3, 5}) > 5, "no UID is given a second time"
    assert sorted(one.flags for one in back.values()) == sorted(
        one.flags for one in before.values()
    )
    print(f"\nempty: 2 of 5 deleted for clients, restored as UIDs {sorted(set(back) - {1, 3, 5})};"
          f" kept {counted(before)}")  # fmt: skip


def test_a_nested_folder_is_served_with_its_uids(dovecot: Dovecot, operator: Operator) -> None:
    dovecot.create("Archives", "Archives.2012")
    deliver(dovecot, 5, "Archives.2012")
    dovecot.must("expunge", "mailbox", "Archives.2012", "uid", "2")
    before, validity = dovecot.seen("Archives.2012"), dovecot.validity("Archives.2012")
    (dovecot.spool / ".Archives.2012").rename(dovecot.spool / ".Archives" / "2012")
    assert "Archives.2012" not in dovecot.mailboxes()

    report = operator.fix(dovecot.spool, "nested-folder")

    assert report["done"] == {"lift-folder": 1}
    assert "Archives.2012" in dovecot.mailboxes()
    assert dovecot.seen("Archives.2012") == before
    assert dovecot.validity("Archives.2012") == validity
    operator.undo(dovecot.spool)
    assert (dovecot.spool / ".Archives" / "2012" / "cur").is_dir()
    assert not (dovecot.spool / ".Archives.2012" / "cur").exists()
    print(f"\nnested-folder: served by nobody before; after, the same {counted(before)}")


BAD_LINES = {
    "rubbish": b"this is no record\n",
    "zero": b"0 :1300000000.M1P1.host\n",
    "too-high": b"4294967295 :1300000000.M1P1.host\n",
    "out-of-order": b"1 :1300000000.M1P1.host\n",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_damaged_uidlist_keeps_the_other_uids(
    line: str, dovecot: Dovecot, operator: Operator
) -> None:
    deliver(dovecot, 5)
    dovecot.must("expunge", "mailbox", "INBOX", "uid", "2")
    before = dovecot.served(memory=True)
    assert sorted(before) == [1, 3, 4, 5]
    place = dovecot.spool / "dovecot-uidlist"
    lines = place.read_bytes().splitlines(keepends=True)
    header = lines[0]
    damaged = b"".join([*lines[:3], BAD_LINES[line], *lines[3:]])
    dovecot.replace(place, damaged)
    renumbered = dovecot.copy("Unrepaired").run(
        "-f", "json", "fetch", "uid guid", "mailbox", "INBOX", memory=True
    )
    assert "dovecot-uidlist" in renumbered.errors, renumbered

    report = operator.fix(dovecot.spool, "uidlist-damaged")

    assert report["done"] == {"fix-uidlist": 1}
    assert place.read_bytes().startswith(header)
    assert dovecot.served(memory=True) == before
    assert dovecot.seen() == before
    operator.undo(dovecot.spool)
    assert place.read_bytes() == damaged
    print(f"\nuidlist-damaged ({line}): Dovecot rejected the list before; after, the same"
          f" {counted(before)}")  # fmt: skip


def test_a_message_listed_twice_hinders_no_repair_of_others(
    dovecot: Dovecot, operator: Operator
) -> None:
    deliver(dovecot, 5)
    make_sizes_wrong(dovecot, "")
    place = dovecot.spool / "dovecot-uidlist"
    listed = place.read_bytes()
    twice = listed + b"9 :" + dovecot.listed()[5].encode() + b"\n"
    dovecot.replace(place, twice)
    words = ("-f", "json", "fetch", "uid guid flags", "mailbox", "INBOX", "all")
    before = dovecot.copy("Unrepaired").run(*words, memory=True)
    assert "Duplicate file entry" in before.errors

    report = operator.fix(dovecot.spool, "size-mismatch")

    assert report["done"] == {"fix-size": 4}
    after = dovecot.copy("Repaired").run(*words, memory=True)
    assert after.out == before.out
    operator.undo(dovecot.spool)
    assert place.read_bytes() == twice


def test_without_its_control_directory_the_plan_says_that_uids_are_lost(
    home: Path, owner: Owner, operator: Operator
) -> None:
    server, options = server_of("control", home, owner)
    deliver(server, 5)
    make_sizes_wrong(server, "")
    plain = operator.run("fix", server.spool, "--dry-run", "--format", "json").json
    assert any("--control" in line for line in plain["effects"]), plain["effects"]
    named = operator.run("fix", server.spool, "--dry-run", "--format", "json", *options).json
    assert any("UIDs kept for 4 of 4" in line for line in named["effects"]), named["effects"]


SHORT_PATIENCE = "import mailsurgeon.surgery.surgeon as s; s.WAIT_SECONDS = 0.5"


@protects("a lock of a living process is never overridden", where="surgery/servers/dotlock.py")
def test_a_held_lock_is_waited_for_and_then_left_alone(
    dovecot: Dovecot, operator: Operator
) -> None:
    deliver(dovecot, 5)
    make_sizes_wrong(dovecot, "")
    before, files = dovecot.seen(), dovecot.names()
    records = (dovecot.spool / "dovecot-uidlist").read_bytes()
    mark = f"{os.getpid()}:{os.uname().nodename}".encode()
    lock = dovecot.put("dovecot-uidlist.lock", mark)
    words = ("fix", dovecot.spool, "--only", "size-mismatch", "--yes", "--format", "json")
    began = time.monotonic()
    outcome = operator.run(*words, before=SHORT_PATIENCE)
    seconds = time.monotonic() - began
    assert outcome.code == 1
    waiting = outcome.err.splitlines()
    assert len(waiting) == 1, outcome
    assert f"held by process {os.getpid()}" in waiting[0]
    reasons = [row["reason"] for row in outcome.json["refused"]]
    assert len(reasons) == 4
    assert all(f"held by process {os.getpid()}" in reason for reason in reasons), reasons
    assert dovecot.names() == files
    assert (dovecot.spool / "dovecot-uidlist").read_bytes() == records
    assert lock.read_bytes() == mark
    lock.unlink()
    assert operator.must(*words)
    assert dovecot.seen() == before
    assert not lock.exists()
    print(f"\nheld lock: gave up after {seconds:.1f} s in all, nothing changed; repaired when it"
          f" was free; the same {counted(before)}")  # fmt: skip
