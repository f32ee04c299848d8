"""Courier's lock: a real Courier waits for ours, and ours for Courier's."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers.courier.test_courier import with_wrong_sizes
from tests.servers.dovecot.test_dovecot import SHORT_PATIENCE
from tests.servers.support.courier import KEYWORDS, Courier, fetched
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = [
    pytest.mark.servers,
    protects("a lock of a living process is never overridden", where="surgery/servers/dotlock.py"),
    protects(
        "Courier's UIDs and keywords follow the file, under its lock",
        where="surgery/servers/locked_folder.py, surgery/servers/courier_keywords_file.py",
    ),
]

SECONDS = 60.0

# Stops the repair when the first message has its new name and the list has not.
HALFWAY = """
import os, time
from mailsurgeon.surgery.fsops import at as fs
rename = fs.rename_no_replace
def halfway(source_dir, source, target_dir, target):
    rename(source_dir, source, target_dir, target)
    if b".host,S=" in source and not os.path.exists({reached!r}):
        open({reached!r}, "x").close()
        deadline = time.monotonic() + {seconds}
        while not os.path.exists({further!r}) and time.monotonic() < deadline:
            os.sched_yield()
fs.rename_no_replace = halfway
"""


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        os.sched_yield()


def fix(courier: Courier) -> tuple[object, ...]:
    return ("fix", courier.spool, "--only", "size-mismatch", "--yes", "--format", "json")


def test_courier_waits_while_names_are_new_and_its_list_is_old(
    courier: Courier, operator: Operator
) -> None:
    with_wrong_sizes(courier, "INBOX", 1)
    before = courier.served()
    reached, further = courier.home / "reached", courier.home / "further"
    script = HALFWAY.format(reached=str(reached), further=str(further), seconds=SECONDS)
    tmp = courier.spool / "tmp"
    with courier.imap() as session, ThreadPoolExecutor(2) as threads:
        session.must("SELECT INBOX")
        repair = threads.submit(operator.run, *fix(courier), before=script)
        wait_for(reached.exists, "the repair did not come halfway")
        assert courier.lock().exists()
        changed = tmp.stat().st_mtime_ns
        looking = threads.submit(session.must, "NOOP")
        # It makes the draft of its lock there, and finds ours.
        wait_for(lambda: tmp.stat().st_mtime_ns != changed, "Courier did not try for its lock")
        assert not looking.done()
        further.touch()
        assert repair.result().code == 0
        answer = looking.result()
        assert not answer.has(b"EXPUNGE") and not answer.has(b"EXISTS"), answer
        assert fetched(session) == before
    assert courier.served() == before
    assert not courier.lock().exists()
    print("\nCourier asked in the middle of a repair: it waited, no EXPUNGE, all as before")


def test_we_wait_while_courier_looks_at_the_folder(courier: Courier, operator: Operator) -> None:
    with_wrong_sizes(courier, "INBOX", 1)
    before, names = courier.served(), courier.names()
    place = courier.spool / KEYWORDS / ":list"
    aside = place.rename(courier.home / "list")
    os.mkfifo(place)  # it reads this under its lock, and will wait for somebody to write
    courier.give(place)
    with courier.imap() as session, ThreadPoolExecutor(1) as threads:
        selecting = threads.submit(session.must, "SELECT INBOX")
        wait_for(courier.lock().exists, "Courier did not take its lock")
        holder = courier.lock().read_text().partition(":")[0]
        outcome = operator.run(*fix(courier), before=SHORT_PATIENCE)
        listed = aside.read_bytes()
        place.write_bytes(listed)
        selecting.result()
        session.must("CLOSE")
    assert outcome.code == 1
    reasons = {row["reason"] for row in outcome.json["refused"]}
    assert len(outcome.json["refused"]) == 4
    assert all(f"courier.lock is held by process {holder}" in reason for reason in reasons), reasons
    assert f"waiting for tmp/courier.lock, held by process {holder}" in outcome.err
    assert courier.names() == names
    place.unlink()
    aside.rename(place)
    operator.must(*fix(courier))
    assert courier.served() == before
    print(f"\nCourier's lock held by process {holder}: gave up, nothing changed; repaired when it"
          " was free, all as before")  # fmt: skip


def test_the_lock_of_a_dead_courier_stops_nobody(courier: Courier, operator: Operator) -> None:
    with_wrong_sizes(courier, "INBOX", 1)
    before = courier.served()
    dead = subprocess.Popen(["true"])
    dead.wait()
    courier.put("tmp/courier.lock", f"{dead.pid}:{os.uname().nodename}".encode())
    operator.must(*fix(courier))
    assert courier.served() == before
    assert leftovers(courier) == []
    print("\na dead process's lock: repaired, all as before")


def leftovers(courier: Courier) -> list[Path]:
    return list((courier.spool / "tmp").iterdir())


def test_what_is_named_anew_is_found_when_the_session_looks_again(
    courier: Courier, operator: Operator
) -> None:
    """Courier finds a message whose S= alone has changed at once; of any other new name it says
    that the message is unavailable, until it has looked at the folder."""
    courier.append("INBOX", range(1, 4), ("\\Seen", "Work"))
    path = courier.file_of(2)
    odd = path.with_name(path.name.replace(",S=", ",W=7,S="))
    path.rename(odd)
    base = path.name.partition(":")[0], odd.name.partition(":")[0]
    courier.rename_records("", *base)
    before = courier.served()
    assert sorted(before) == [1, 2, 3]
    with courier.imap() as session:
        session.must("SELECT INBOX")
        operator.must(*fix(courier))
        early = fetched(session)
        assert {uid for uid in early if early[uid] != before[uid]} == {2}
        answer = session.must("NOOP")
        assert not answer.has(b"EXPUNGE") and not answer.has(b"EXISTS"), answer
        assert fetched(session) == before
    print("\nW= put right: UID 2 unavailable to the open session until its NOOP, then as before")
