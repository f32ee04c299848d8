"""Lists a repair must not touch, locks it must wait for, and a kill: what Dovecot makes of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers.support.damages import wrong_sizes
from tests.servers.support.dovecot import Dovecot
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner
from tests.servers.support.served import Served, alike, bodies, look
from tests.servers.support.stock import DovecotStock, build, tree

pytestmark = pytest.mark.servers

COUNT = 50
LIST = "dovecot-uidlist"


@pytest.fixture
def stock(home: Path, owner: Owner) -> DovecotStock:
    return build(Dovecot(home, owner), COUNT)


@pytest.fixture
def healthy(stock: DovecotStock) -> Served:
    return look(stock.server)


def mend(operator: Operator, stock: DovecotStock, *words: str) -> dict[str, Any]:
    """Puts the sizes right, as far as it goes."""
    outcome = operator.run(
        "fix", stock.server.spool, "--only", "size-mismatch", "--yes", "--format", "json", *words
    )
    assert outcome.code in (0, 1), outcome
    return json.loads(outcome.out)


def reasons(report: dict[str, Any]) -> list[str]:
    """Why what was asked for was not done, with what to do about it."""
    left = [f"{row['reason']} {row['hint']}".strip() for row in report["left"] if row["refused"]]
    return [*(row["reason"] for row in report["refused"]), *left]


# Lists of UIDs


@contextmanager
def of_somebody_else(place: Path, _server: Dovecot) -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    before = place.stat()
    os.chown(place, before.st_uid + 1, before.st_gid)
    place.chmod(0o644)
    yield
    os.chown(place, before.st_uid, before.st_gid)


@contextmanager
def read_only(place: Path, _server: Dovecot) -> Iterator[None]:
    place.chmod(0o400)
    yield
    place.chmod(0o600)


@contextmanager
def symlink(place: Path, server: Dovecot) -> Iterator[None]:
    elsewhere = server.home / "a list elsewhere"
    place.rename(elsewhere)
    place.symlink_to(elsewhere)
    yield
    place.unlink()
    elsewhere.rename(place)


@pytest.mark.parametrize("trouble", [of_somebody_else, read_only, symlink])
def test_a_list_that_must_not_be_touched_is_refused_by_name(
    trouble: Callable[..., Any], stock: DovecotStock, healthy: Served, operator: Operator
) -> None:
    expected = wrong_sizes(stock)
    count = expected.done["fix-size"]
    in_inbox = len(stock.numbers("INBOX")[::3])
    with trouble(stock.server.spool / LIST, stock.server):
        files = tree(stock.server)
        report = mend(operator, stock, "--folder", "INBOX")
        assert report["done"] == {}
        assert len(reasons(report)) == in_inbox
        assert all(LIST in reason for reason in reasons(report)), reasons(report)
        assert tree(stock.server) == files
        assert mend(operator, stock)["done"] == {"fix-size": count - in_inbox}
    assert mend(operator, stock)["done"] == {"fix-size": in_inbox}
    assert alike(look(stock.server), healthy)
    print(
        f"\n{trouble.__name__}: {in_inbox} refused by name ({reasons(report)[0]}), nothing changed"
        f" there; {count - in_inbox} in other folders done; all {COUNT} UIDs kept"
    )


def test_a_damaged_list_is_to_be_repaired_first(
    stock: DovecotStock, healthy: Served, operator: Operator
) -> None:
    count = wrong_sizes(stock).done["fix-size"]
    in_inbox = len(stock.numbers("INBOX")[::3])
    place = stock.server.spool / LIST
    lines = place.read_bytes().splitlines(keepends=True)
    stock.server.replace(place, b"".join([*lines[:9], b"no record\n", *lines[9:]]))
    files = tree(stock.server)

    report = mend(operator, stock, "--folder", "INBOX")

    assert report["done"] == {}
    assert len(reasons(report)) == in_inbox
    assert all("uidlist-damaged" in reason for reason in reasons(report)), reasons(report)
    assert tree(stock.server) == files
    assert operator.fix(stock.server.spool, "uidlist-damaged")["done"] == {"fix-uidlist": 1}
    assert mend(operator, stock)["done"] == {"fix-size": count}
    assert alike(look(stock.server), healthy)
    print(
        f"\na damaged line: {in_inbox} refused ({reasons(report)[0]}), nothing changed; {count}"
        f" done after fix-uidlist, all {COUNT} UIDs kept"
    )


# Locks

SHORT_WAIT = "import mailsurgeon.surgery.surgeon as s; s.WAIT_SECONDS = 0.5"


@pytest.fixture
def holder(stock: DovecotStock) -> Iterator[subprocess.Popen[bytes]]:
    """A living process that has locked Sent, and does nothing."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    mark = f"{process.pid}:{os.uname().nodename}".encode()
    stock.server.put(f".Sent/{LIST}.lock", mark)
    yield process
    process.kill()
    process.communicate()


def test_one_folder_that_is_locked_holds_up_no_other(
    stock: DovecotStock, healthy: Served, operator: Operator, holder: subprocess.Popen[bytes]
) -> None:
    count = wrong_sizes(stock).done["fix-size"]
    in_sent = len(stock.numbers("Sent")[::3])
    held = f"held by process {holder.pid}"
    words = ("fix", stock.server.spool, "--only", "size-mismatch", "--yes", "--format", "json")

    outcome = operator.run(*words, before=SHORT_WAIT)

    assert outcome.code == 1
    assert outcome.err.count(held) == 1, outcome.err
    report = outcome.json
    assert report["done"] == {"fix-size": count - in_sent}
    assert len(reasons(report)) == in_sent
    assert all(held in reason and ".Sent" in reason for reason in reasons(report))
    undone = operator.run("undo", stock.server.spool, "--yes", "--format", "json")
    assert undone.json["done"] == {"undo fix-size": count - in_sent}
    holder.kill()
    holder.communicate()
    assert mend(operator, stock)["done"] == {"fix-size": count}
    assert alike(look(stock.server), healthy)
    print(
        f"\nSent locked by a living process: {in_sent} refused by name, {count - in_sent} done;"
        f" {count} done once it had ended, all {COUNT} UIDs kept"
    )


# Killed

_DIE = "os.kill(os.getpid(), signal.SIGKILL)"
KILLED = {
    "among the renames": f"""
import os, signal
from mailsurgeon.surgery.fsops import at as fs
real, left = fs.rename_no_replace, [5]
def rename(source_dir, source, target_dir, target):
    left[0] -= b",S=" in source
    if not left[0]:
        {_DIE}
    real(source_dir, source, target_dir, target)
fs.rename_no_replace = rename
""",
    "before a list is written": f"""
import os, signal
from mailsurgeon.surgery.servers import uidlist_file as uidlists
def put(*values):
    {_DIE}
uidlists.ListFile.put = put
""",
    "after a list is written": f"""
import os, signal
from mailsurgeon.surgery.servers import uidlist_file as uidlists
real = uidlists.ListFile.put
def put(*values):
    real(*values)
    {_DIE}
uidlists.ListFile.put = put
""",
}


def killed(operator: Operator, stock: DovecotStock, moment: str) -> None:
    words = ("fix", stock.server.spool, "--only", "size-mismatch", "--yes")
    assert operator.run(*words, before=KILLED[moment]).code == -signal.SIGKILL


@pytest.mark.parametrize("moment", KILLED)
def test_killed_and_recovered_before_a_server_looks_every_uid_is_the_old_one(
    moment: str, stock: DovecotStock, healthy: Served, operator: Operator
) -> None:
    count = wrong_sizes(stock).done["fix-size"]
    files = set(stock.server.names())
    before = look(stock.server, "tolerant")
    killed(operator, stock, moment)
    renamed = len(files - stock.server.names())
    assert renamed > 0, "it died before it had done anything"

    undone = operator.run("undo", stock.server.spool, "--yes", "--format", "json")

    assert undone.code == 0, undone
    assert "had been interrupted" in undone.err, undone
    assert "not kept" not in undone.err, undone
    assert stock.server.names() == files
    assert look(stock.server, "tolerant") == before
    assert mend(operator, stock)["done"] == {"fix-size": count}
    assert alike(look(stock.server), healthy)
    print(
        f"\nkilled {moment}, {renamed} renamed: recovered ({undone.err.strip()}), undone, done"
        f" again; all {COUNT} UIDs kept"
    )


@pytest.mark.parametrize("moment", KILLED)
def test_killed_and_seen_by_a_server_the_report_names_what_has_a_new_uid(
    moment: str, stock: DovecotStock, healthy: Served, operator: Operator
) -> None:
    wrong_sizes(stock)
    files = set(stock.server.names())
    killed(operator, stock, moment)
    renamed = {Path(name).name.partition(":")[0] for name in stock.server.names() - files}
    seen = look(stock.server, "tolerant")
    lost = {
        mailbox: sorted(healthy[mailbox].mails.keys() - box.mails.keys())
        for mailbox, box in seen.items()
    }
    count = sum(map(len, lost.values()))
    if moment == "after a list is written":  # those of its folder are kept, the others' are not
        assert 0 < count < len(renamed)
        assert sum(not uids for uids in lost.values()) == 1
    else:
        assert count == len(renamed)

    recovered = operator.run(
        "fix", stock.server.spool, "--only", "size-mismatch", "--yes", "--format", "json"
    )

    assert recovered.code == 0, recovered
    named = {base for base in renamed if base in recovered.err}
    assert len(named) == count, recovered.err
    after = look(stock.server)
    assert bodies(after) == bodies(healthy)
    for mailbox, box in seen.items():
        assert box.mails.keys() == after[mailbox].mails.keys(), "no UID is lost twice"
    print(f"\nkilled {moment}, then seen by Dovecot: {count} with a new UID, {len(named)} named")
