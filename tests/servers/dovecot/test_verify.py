"""`verify` with a real Dovecot: what it finds, and that nothing in the spool is touched by it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.conftest import prepared
from tests.servers.dovecot.test_dovecot import VARIANTS, deliver, make_sizes_wrong, server_of
from tests.servers.support.dovecot import Dovecot, Owner, message
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = pytest.mark.servers

Seen = tuple[dict[str, tuple[Any, ...]], str]


@pytest.fixture
def verify(operator: Operator, home: Path) -> Iterator[Any]:
    """Runs it and gives its exit code and JSON; nothing may be left in its temporary directory,
    and nothing in the spool or beside it changed."""
    place = home / "temporary"
    place.mkdir()
    place.chmod(0o1777)
    before = f"import tempfile; tempfile.tempdir = {str(place)!r}"

    def run(server: Dovecot, *words: object, code: int | None = None) -> dict[str, Any]:
        told = picture(server)
        words = ("verify", server.spool, "--format", "json", *words)
        outcome = operator.run(*words, before=before)
        assert outcome.err == "", outcome
        assert picture(server) == told
        found = json.loads(outcome.out)
        assert outcome.code == (0 if found["agrees"] else 1), outcome
        assert code is None or outcome.code == code, outcome.out
        return found

    yield run
    assert list(place.iterdir()) == []


def picture(server: Dovecot) -> dict[str, tuple[Any, ...]]:
    """All there is of a server's mail: spool, CONTROL and INDEX. Every name with all that `stat`
    tells but when it was last read, and a hash of what it holds."""
    places = [server.spool]
    places += [Path(part.partition("=")[2]) for part in server.settings if "/" in part]
    return {path: what for place in places for path, what in _below(place)}


def _below(place: Path) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for directory, names, files in os.walk(os.fsencode(place)):
        for path in (directory, *(os.path.join(directory, name) for name in names + files)):
            status = os.lstat(path)
            digest = ""
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
            yield os.fsdecode(path), (
                status.st_mode, status.st_ino, status.st_nlink, status.st_uid, status.st_gid,
                status.st_size, status.st_mtime_ns, status.st_ctime_ns, digest,
            )  # fmt: skip


def points(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["code"], one["path"]) for one in found["ours_only"] + found["server_only"]}


def complaints(found: dict[str, Any]) -> dict[int, str]:
    return {one["uid"]: one["text"] for one in found["complaints"] if one["uid"]}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_healthy_spool_agrees(home: Path, owner: Owner, verify: Any, variant: str) -> None:
    server, options = server_of(variant, home, owner)
    deliver(server, 4)
    deliver(server, 3, "Sent", first=10)
    server.create("Entwürfe & mehr")
    server.save(message(20), "Entwürfe & mehr")
    found = verify(server, *options, code=0)
    seen = {one["name"]: (one["files"], one["seen"]) for one in found["folders"]}
    assert seen == {"INBOX": (4, 4), "Sent": (3, 3), "Entwürfe & mehr": (1, 1)}
    assert (found["complaints"], found["unseen"]) == ([], [])
    assert found["server"].startswith("Dovecot 2.")
    assert sorted(found["unsubscribed"]) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_wrong_sizes_are_found_by_both_and_under_the_servers_uids(
    home: Path, owner: Owner, verify: Any, variant: str
) -> None:
    server, options = server_of(variant, home, owner)
    deliver(server, 6)
    server.must("expunge", "mailbox", "INBOX", "uid", "6")
    make_sizes_wrong(server, "")
    server.rename_listed(5, r",W=\d+", ",W=4711")
    server.save(message(7))  # its UID is 7, as no fresh list would have it
    found = verify(server, *options, code=0)
    told = complaints(found)
    assert set(told) == {1, 2, 3, 4, 5}
    assert "larger than expected" in told[1]
    assert "smaller than expected" in told[2]
    assert "announced with 4711 bytes" in told[5]
    paths = {one["uid"]: one["path"] for one in found["complaints"]}
    names = {uid: server.file_of(uid).name for uid in told}
    assert paths == {uid: f"cur/{name}" for uid, name in names.items()}


def test_a_wrong_size_in_the_uidlist_alone_is_found_by_both(dovecot: Dovecot, verify: Any) -> None:
    deliver(dovecot, 2)
    path = dovecot.rename_listed(1, r",S=\d+,W=\d+", "")
    place = dovecot.list_place() / "dovecot-uidlist"
    text = place.read_text().replace("1 :", f"1 W{path.stat().st_size + 9} S99999 :", 1)
    dovecot.replace(place, text.encode())
    found = verify(dovecot, code=0)
    assert "larger than expected" in complaints(found)[1]


def test_what_the_server_fails_to_unpack_is_known(dovecot: Dovecot, verify: Any) -> None:
    deliver(dovecot, 2)
    packed = gzip.compress(message(3))
    dovecot.put("cur/1300000009.M1P1.host,S=500:2,", packed[:-20] + b"\0" * 20)
    found = verify(dovecot, code=0)
    assert "cur/1300000009.M1P1.host,S=500:2," in str(found["complaints"])
    assert found["ours_only"] == []


def test_an_encrypted_message_is_no_difference(dovecot: Dovecot, verify: Any) -> None:
    dovecot.put("cur/1300000009.M1P1.host,S=500:2,", b"CRYPTED\x03\x07\x02" + b"x" * 90)
    found = verify(dovecot, code=0)
    assert len(found["complaints"]) == 1


def test_what_lies_beside_cur_is_unseen_and_misfiled(dovecot: Dovecot, verify: Any) -> None:
    deliver(dovecot, 2)
    dovecot.put("1300000001.M1P1.host", message(50))
    dovecot.put(".Sent/1300000002.M1P1.host:2,S", message(51))
    dovecot.make_directory(".Sent/drafts")
    dovecot.put(".Sent/drafts/1300000003.M1P1.host", message(52))
    found = verify(dovecot, code=0)
    reason = "lies outside cur and new"
    assert {(one["path"], one["reason"]) for one in found["unseen"]} == {
        ("1300000001.M1P1.host", reason),
        (".Sent/1300000002.M1P1.host:2,S", reason),
        (".Sent/drafts/1300000003.M1P1.host", reason),
    }
    seen = {one["name"]: (one["files"], one["seen"]) for one in found["folders"]}
    assert seen == {"INBOX": (3, 2), "Sent": (2, 0)}


@protects(
    "`verify` changes nothing in a spool",
    where="procedures/verify/shadow.py",
    seen="compares names, inodes, links, modes and times of everything around every run",
)
def test_a_spool_on_which_a_server_would_act_stays_as_it_is(dovecot: Dovecot, verify: Any) -> None:
    """All that makes Dovecot rename, make, move and delete. `verify` compares the spool itself;
    that Dovecot does act on such a spool is shown on a copy of it."""
    deliver(dovecot, 5)
    dovecot.rename_listed(1, r",W=\d+", ",W=77")
    dovecot.rename_listed(2, r",S=\d+", ",S=7777")
    dovecot.put("new/1300000001.M1P1.host,S=5", message(60))
    dovecot.put("cur/1300000002.M1P1.host:2,S", message(61))
    dovecot.put("cur/1300000002.M1P1.host:2,", message(62))
    dovecot.put("new/1300000003.M1P1.host", message(63))
    dovecot.put("cur/1300000003.M1P1.host:2,", message(64))
    dovecot.put("cur/:2,S", message(65))
    dovecot.put("tmp/1200000000.M1P1.host", message(66), mtime=1_200_000_000)
    for path in ("cur/empty", "cur/full"):
        dovecot.make_directory(path)
    dovecot.put("cur/full/file", b"no mail")
    (dovecot.spool / "cur" / "1300000004.M1P1.host:2,").symlink_to("/no/such/file")
    os.mkfifo(dovecot.spool / "cur" / "1300000005.M1P1.host:2,")
    dovecot.make_directory(".Half")
    dovecot.make_directory(".Half/cur")
    dovecot.put(".Half/cur/1300000006.M1P1.host:2,k", message(67))
    broken = dovecot.list_place(".Sent") / "dovecot-uidlist"
    dovecot.replace(broken, b"3 V5 N9 G00\n7 :a\n6 :b\n")
    verify(dovecot)
    os.unlink(dovecot.spool / "cur" / "1300000005.M1P1.host:2,")  # it would wait on it for ever
    copy = dovecot.copy("Copy")
    names = set(picture(copy))
    for mailbox in ("INBOX", "Half", "Sent"):
        copy.run("fetch", "uid text", "mailbox", mailbox, "all")
    assert set(picture(copy)) != names


def test_what_its_owner_may_not_do_the_server_may_not_either(dovecot: Dovecot, verify: Any) -> None:
    deliver(dovecot, 3)
    deliver(dovecot, 2, "Sent")
    dovecot.file_of(2).chmod(0)
    (dovecot.spool / ".Sent" / "cur").chmod(0)
    try:
        found = verify(dovecot, code=0)
    finally:
        (dovecot.spool / ".Sent" / "cur").chmod(0o700)
    told = {one["folder"]: one["text"] for one in found["complaints"]}
    assert "Permission denied" in told["INBOX"]
    assert "Permission denied" in told["Sent"]


@pytest.mark.parametrize("layout", ["maildir++", "fs"])
def test_folders_of_which_the_server_shows_nothing(
    home: Path, owner: Owner, verify: Any, layout: str
) -> None:
    server = prepared(Dovecot(home, owner, *(["LAYOUT=fs"] if layout == "fs" else [])))
    path = ".Sent/attic" if layout == "maildir++" else "Lame"
    server.make_directory(path)
    for part in ("cur", "new", "tmp") if layout == "maildir++" else ("cur", "new"):
        server.make_directory(f"{path}/{part}")
    server.put(f"{path}/cur/1300000001.M1P1.host:2,", message(1))
    found = verify(server, "--layout", layout, code=0)
    assert [one["path"] for one in found["unseen"]] == [path]
    assert {one["seen"] for one in found["folders"] if one["path"] == path} == {0}


def test_a_folder_of_nothing_but_bad_names_is_known(dovecot: Dovecot, verify: Any) -> None:
    for number in (1, 2):
        dovecot.put(f".Sent/cur/:130000000{number}.M{number}P1.host:2,S", message(number))
    found = verify(dovecot, code=0)
    assert len([one for one in found["unseen"] if one["folder"] == "Sent"]) == 2


def test_an_inbox_that_is_a_directory_of_the_spool_is_read_as_such(
    home: Path, owner: Owner, verify: Any
) -> None:
    server = Dovecot(home, owner, "LAYOUT=fs", f"INBOX={home}/Maildir/INBOX")
    server.make_directory("")
    for folder in ("INBOX", "Sent"):
        for part in ("", "/cur", "/new", "/tmp"):
            server.make_directory(f"{folder}{part}")
    server.put("INBOX/cur/1300000001.M1P1.host:2,S", message(1))
    server.put("INBOX/new/1300000002.M2P1.host", message(2))
    found = verify(server, code=0)
    assert [one["seen"] for one in found["folders"] if one["name"] == "INBOX"] == [2]


def test_folders_missing_from_the_subscriptions_are_told_and_no_difference(
    dovecot: Dovecot, verify: Any
) -> None:
    dovecot.create("Entwürfe", "Archives", "Archives.2012")
    dovecot.must("mailbox", "subscribe", "Entwürfe", "Archives.2012")
    found = verify(dovecot, code=0)
    assert sorted(found["unsubscribed"]) == ["Archives", "Sent"]


def test_hostile_names_are_shown_as_text(dovecot: Dovecot, verify: Any, operator: Operator) -> None:
    deliver(dovecot, 1)
    root = os.fsencode(dovecot.spool)
    made: list[bytes] = []
    for folder in (b"", b".e\x1b[31mvil", b".new\nline", b".\xff\xfe", b".st*r uid=1: x"):
        for part in (b"cur", b"new", b"tmp"):
            made.append(os.path.join(root, folder, part))
            os.makedirs(made[-1], 0o700, exist_ok=True)
        for name in (b"1.\x1b]0;x\x07,S=9:2,", b"2.a\nb:2,", b"3.\xff,S=9:2,S", b"4.x,S=9:2,"):
            made.append(os.path.join(root, folder, b"cur", name))
            with open(made[-1], "wb") as file:
                file.write(message(70))
    if os.geteuid() == 0:
        for path in (*made, *(os.path.dirname(one) for one in made)):
            os.chown(path, dovecot.owner.uid, dovecot.owner.gid)
    found = verify(dovecot)
    seen = {one["path"]: (one["files"], one["seen"]) for one in found["folders"]}
    assert seen["."] == (5, 4)
    assert seen[".e\x1b[31mvil"] == (4, 3)
    assert seen[".st*r uid=1: x"] == (4, 3)
    assert seen[".\udcff\udcfe"] == (4, 0)
    wrong = {one["path"] for one in found["complaints"] if one["folder"] == "e\x1b[31mvil"}
    assert {f".e\x1b[31mvil/cur/{name}" for name in ("3.\udcff,S=9:2,S", "4.x,S=9:2,")} <= wrong
    shown = operator.run("verify", dovecot.spool).out
    assert "\\x1b[31mvil" in shown
    assert "\\xff" in shown
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in shown.replace("\n", ""))


def test_an_open_session_does_not_notice(dovecot: Dovecot, verify: Any) -> None:
    deliver(dovecot, 5)
    dovecot.rename_listed(2, r",S=\d+", ",S=7777")
    with dovecot.imap() as session:
        assert session.command("SELECT INBOX").status == "OK"
        before = session.command("UID FETCH 1:* (UID FLAGS)")
        told = complaints(verify(dovecot, code=0))
        after = session.command("UID FETCH 1:* (UID FLAGS)")
        assert (after.status, after.lines) == (before.status, before.lines)
        assert b"VANISHED" not in b"".join(session.command("NOOP").lines)
    assert set(told) == {2}


def test_mail_of_root_is_refused_by_name(home: Path, operator: Operator) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be refused")
    for part in ("cur", "new", "tmp"):
        (home / "roots" / part).mkdir(parents=True)
    outcome = operator.run("verify", home / "roots")
    assert (outcome.code, outcome.out) == (2, "")
    assert "Dovecot opens no mail as root" in outcome.err


def test_five_thousand_messages(
    dovecot: Dovecot, verify: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    count, wrong = 5_000, 40
    for number in range(count):
        text = message(number)
        size = len(text) + (1 if number % (count // wrong) == 0 else 0)
        virtual = len(text) + text.count(b"\n") - text.count(b"\r\n")
        dovecot.put(f"cur/{1_300_000_000 + number}.M{number}P1.host,S={size},W={virtual}:2,S", text)
    began = time.monotonic()
    found = verify(dovecot, code=0)
    seconds = time.monotonic() - began
    [inbox] = [one for one in found["folders"] if one["name"] == "INBOX"]
    with capsys.disabled():
        print(
            f"\nverify: {inbox['files']:,} messages, {inbox['seen']:,} seen,"
            f" {inbox['complaints']} complaints, {seconds:.1f} s with the survey"
        )
    assert (inbox["files"], inbox["seen"], inbox["complaints"]) == (count, count, wrong)


def test_the_programs_own_words(dovecot: Dovecot, operator: Operator) -> None:
    assert subprocess.run(["doveadm"], capture_output=True, check=False).returncode != 127
    deliver(dovecot, 2)
    outcome = operator.must("verify", dovecot.spool)
    assert "2 files, 2 seen, 0 complaints; it and the survey agree" in outcome.out
