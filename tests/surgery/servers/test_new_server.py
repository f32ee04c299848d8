"""A new server is one entry in the table, one module for its list and one for its lock.

Pigeon (`pigeon.py`) is made up; all else is as it is for Dovecot, Courier and mbsync.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_files import ServerTable
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.resolve import Places, open_root
from mailsurgeon.surgery.plan.propose import propose_file
from mailsurgeon.surgery.servers import registry
from mailsurgeon.surgery.servers.lists_present import traces_of
from mailsurgeon.surgery.servers.locked_folder import remove_dead_locks
from mailsurgeon.survey.find_spools import find_spools
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text
from tests.surgery.servers import pigeon
from tests.surgery.servers.pigeon import LABELS, LOCK, PIGEON

SIZE = len(text(1))
WRONG, RIGHT, OTHER = (
    b"1300000001.M1.host,S=9",
    b"1300000001.M1.host,S=%d" % SIZE,
    b"1300000002.M2.host",
)


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    """INBOX as Pigeon keeps it: one message of a wrong size, one healthy, both with a label."""
    with indexed_maildir_in(tmp_path) as indexed:
        indexed.mail(b"cur/" + WRONG + b":2,S", content=text(1))
        indexed.mail(b"cur/" + OTHER + b":2,", content=text(2))
        indexed.path(LABELS).write_bytes(WRONG + b" urgent\n" + OTHER + b" later\n")
        yield indexed


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that make Pigeon known."""
    table = ServerTable((*server_files.TABLE.servers, PIGEON))
    monkeypatch.setattr(server_files, "TABLE", table)
    monkeypatch.setitem(registry.LISTS, LABELS, pigeon.open_labels)
    monkeypatch.setitem(registry.LOCKS, LOCK, pigeon.PIGEONS_LOCK)


def test_every_lock_and_list_in_the_registry_is_in_the_table() -> None:
    table = server_files.TABLE
    assert set(registry.LOCKS) == {lock.name for lock in table.locks}
    assert set(registry.LISTS) <= {file.name for file in table.files}
    assert set(table.uidlists) <= set(registry.LISTS)


def test_a_server_that_nobody_knows_leaves_stray_files(indexed: IndexedMaildir) -> None:
    indexed.path(LABELS).write_bytes(text(3))
    assert indexed.survey().codes()[LABELS] == ["misfiled"]


@pytest.mark.usefixtures("known")
def test_its_files_are_no_stray_mail(indexed: IndexedMaildir) -> None:
    for name in (LABELS, b"pigeon-state", b"pigeon.42"):
        indexed.path(name).write_bytes(text(3))
    indexed.path(b"pigeon-loft").mkdir()
    indexed.path(b"pigeon-loft/1300000003.M3.host").write_bytes(text(4))
    assert indexed.survey().codes() == {b"cur/" + WRONG + b":2,S": ["size-mismatch"]}


@pytest.mark.usefixtures("known")
def test_a_directory_it_has_left_a_mark_in_is_a_folder(indexed: IndexedMaildir) -> None:
    indexed.path(b".Sent").mkdir()
    indexed.path(b".Sent/pigeon-labels").touch()
    indexed.survey()
    assert b".Sent" in {row.path for row in indexed.index.folders()}


@pytest.mark.usefixtures("known")
def test_its_own_directory_is_searched_for_no_spools(indexed: IndexedMaildir) -> None:
    inner = indexed.root.parent / "pigeon-loft" / "Maildir" / "cur"
    inner.mkdir(parents=True)
    found = find_spools(os.fsencode(indexed.root.parent))
    assert [spool.path for spool in found] == [indexed.spool.root]


@pytest.mark.usefixtures("known")
def test_its_list_follows_a_repair_under_its_lock_and_goes_back(
    indexed: IndexedMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, first = indexed.path(LABELS).read_bytes(), indexed.survey().picture()
    held: list[bool] = []
    rename, write = at.rename_no_replace, pigeon.Labels.write

    def renamed(*arguments: int | bytes) -> None:
        held.append(indexed.path(LOCK).exists())
        rename(*arguments)  # pyright: ignore[reportArgumentType]

    def written(labels: pigeon.Labels, changes: list[pigeon.Change]) -> list[pigeon.Change]:
        held.append(indexed.path(LOCK).exists())
        return write(labels, changes)

    monkeypatch.setattr(at, "rename_no_replace", renamed)
    monkeypatch.setattr(pigeon.Labels, "write", written)
    indexed.apply(indexed.fix())
    assert indexed.path(b"cur/" + RIGHT + b":2,S").exists()
    assert indexed.path(LABELS).read_bytes() == before.replace(WRONG, RIGHT)
    assert held == [True, True]
    assert not indexed.path(LOCK).exists()

    indexed.undo()
    assert indexed.path(LABELS).read_bytes() == before
    after = indexed.picture()
    assert {**after, LABELS: first[LABELS]} == first  # the list is another file of the same bytes
    assert held == [True] * 4


@pytest.mark.usefixtures("known")
def test_nothing_is_done_while_it_holds_its_lock(indexed: IndexedMaildir) -> None:
    plan = indexed.survey().fix()
    indexed.path(LOCK).write_bytes(b"pigeon 7")
    first = indexed.picture()
    with indexed.surgeon() as surgeon:
        report = surgeon.apply(plan)
    assert [one.reason for one in report.refused] == ["pigeon.lock is held by Pigeon"]
    assert indexed.picture() == first


@pytest.mark.usefixtures("known")
def test_what_a_killed_run_has_left_of_its_lock_is_removed(indexed: IndexedMaildir) -> None:
    places = places_of(indexed.spool)
    for mark, stays in ((b"pigeon 7", True), (pigeon.OURS, False)):
        indexed.path(LOCK).write_bytes(mark)
        remove_dead_locks(places, b"", os.getpid(), "host")
        assert indexed.path(LOCK).exists() is stays
    places.close()


@pytest.mark.usefixtures("known")
def test_what_is_lost_with_its_list_is_told(indexed: IndexedMaildir) -> None:
    indexed.survey()
    first = indexed.picture()
    plan = propose_file(indexed.spool, indexed.index, LABELS, force=True)
    assert any(
        line.endswith("goes to the quarantine: the labels of all messages are lost")
        for line in plan.effects
    )
    indexed.apply(plan)
    assert not indexed.path(LABELS).exists()
    indexed.undo()
    assert indexed.picture() == first


@pytest.mark.usefixtures("known")
def test_its_traces_are_seen(indexed: IndexedMaildir) -> None:
    assert not traces_of(indexed.spool, b"").synced
    indexed.path(b"pigeon-state").touch()
    traces = traces_of(indexed.spool, b"")
    assert traces.servers == (PIGEON,)
    assert traces.synced and traces.names_tell


def places_of(spool: Spool) -> Places:
    def quarantine(_operation: int, _make: bool) -> int:
        raise FileNotFoundError

    return Places(spool, open_root(spool), quarantine)
