"""Surveys by a real Dask cluster on the loopback find the same, whichever process dies."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import mailsurgeon
from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.questions import every_id, full_entries
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.process.client import Apart
from mailsurgeon.survey.run import run_survey
from mailsurgeon.survey.workers import cluster, scheduler
from mailsurgeon.survey.workers.cluster import ClusterError, Readers, connect
from tests.support.protects import protects
from tests.survey.dask_cluster import SECONDS, DaskCluster, nobody

pytestmark = pytest.mark.cluster

pytest.importorskip("distributed")


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[DaskCluster]:
    made = DaskCluster(tmp_path)
    yield made
    made.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """2,400 messages in twelve folders; every fifth has a wrong size, some are misfiled."""
    root = tmp_path / "mail" / "Maildir"
    for number in range(12):
        folder = root / (f".F{number}" if number else "")
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
        for message in range(200):
            wrong = ",S=3" if message % 5 == 0 else ""
            place = folder if message % 50 == 7 else folder / "cur"
            path = place / f"{1_600_000_000 + message}.M{number}P1.host{wrong}:2,S"
            path.write_text(f"From: a@example.org\nMessage-ID: <{message % 150}>\n\n{message}\n")
    (root / "cur" / "link").symlink_to("nowhere")
    return open_spool(root)


def contents(index: Index) -> dict[str, list[tuple[Any, ...]]]:
    """All that an index says, without the numbers it gives to its rows."""
    folders = {row.id: row.path for row in index.folders()}
    entries = full_entries(index, every_id(index))
    found: dict[str, list[tuple[Any, ...]]] = {
        "entries": sorted(((folders.get(one.folder), *one[2:]) for one in entries), key=repr)
    }
    for name, ask in {
        "problems": "SELECT f.path, e.directory, e.filename, p.* FROM problems p"
        " JOIN entries e ON e.id = p.entry LEFT JOIN folders f ON f.id = p.folder",
        "not_examined": "SELECT * FROM not_examined",
    }.items():
        rows = index.db.execute(ask)
        kept = [n for n, column in enumerate(rows.description)
                if column[0] not in ("id", "folder", "entry")]  # fmt: skip
        found[name] = sorted((tuple(row[n] for n in kept) for row in rows), key=repr)
    return found


@pytest.fixture
def local(spool: Spool, tmp_path: Path) -> dict[str, list[tuple[Any, ...]]]:
    index = Index.open(tmp_path / "local" / "index")
    run_survey(spool, index)
    found = contents(index)
    index.close()
    assert len(found["entries"]) >= 2400 and len(found["problems"]) > 480
    return found


def survey(
    spool: Spool, readers: Readers, tmp_path: Path, meanwhile: Callable[[], None] = bool
) -> dict[str, list[tuple[Any, ...]]]:
    """What a survey by a cluster finds. `meanwhile` is called when some is read, but not all."""
    index = Index.open(tmp_path / "far" / "index")
    begun: list[int] = []

    def told(progress: Any) -> None:
        if progress.stage == "reading" and 0 < progress.done < progress.total and not begun:
            begun.append(progress.done)
            meanwhile()

    options = Options(jobs=2)
    result = run_survey(spool, index, options, executor=readers, on_progress=told)
    assert begun and not result.cancelled
    found = contents(index)
    index.close()
    return found


@pytest.mark.smoke
def test_a_cluster_finds_what_this_machine_finds(
    dask: DaskCluster, spool: Spool, local: object, tmp_path: Path
) -> None:
    dask.worker()
    dask.worker()
    readers = dask.connect().for_spool(spool)
    assert readers.jobs == 2
    assert survey(spool, readers, tmp_path) == local
    dask.close()
    assert dask.told == []


@protects(
    "what a dead worker had in hand is read again",
    where="survey/workers/cluster.py",
    seen="workers and scheduler killed in the middle, indexes compared row by row; seen "
    "failing without the watch",
)
def test_what_a_worker_had_in_hand_when_it_died_is_read_by_another(
    dask: DaskCluster, spool: Spool, local: object, tmp_path: Path
) -> None:
    first, _second = dask.worker(), dask.worker()
    readers = dask.connect().for_spool(spool)
    assert survey(spool, readers, tmp_path, meanwhile=first.kill) == local
    assert dask.told == []


def test_a_call_under_way_is_made_again_by_one_that_came_later(
    dask: DaskCluster, spool: Spool, tmp_path: Path
) -> None:
    """The only worker waits for a pipe when it dies."""
    first = dask.worker()
    readers = dask.connect().for_spool(spool)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    future = readers.submit(pipe.read_text)
    held = os.open(pipe, os.O_WRONLY)  # opens when the first reads
    dask.worker()
    first.kill()
    os.close(held)
    with open(pipe, "w") as file:  # opens when the second does
        file.write("said again")
    assert future.result(SECONDS) == "said again"
    assert dask.told == []


@pytest.mark.parametrize("victim", ["all workers", "the scheduler"])
@protects("what a dead worker had in hand is read again", where="survey/workers/cluster.py")
def test_whennobody_is_left_this_machine_goes_on_and_says_so(
    dask: DaskCluster,
    spool: Spool,
    local: object,
    tmp_path: Path,
    victim: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE_SECONDS", 0.2)
    workers = [dask.worker(), dask.worker()]
    readers = dask.connect(lambda: ThreadPoolExecutor(1)).for_spool(spool)

    def end() -> None:
        for program in workers if victim == "all workers" else [dask.scheduler]:
            program.kill()

    assert survey(spool, readers, tmp_path, meanwhile=end) == local
    another = dask.connections[0].for_spool(spool)  # the next of many
    assert another.submit(os.getpid).result(SECONDS) == os.getpid()
    assert dask.told == [f"{dask.address}: no worker is left; this machine goes on alone"]


ALONE = """
import os, signal, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from mailsurgeon.survey.workers import cluster
from mailsurgeon.survey.process.client import Apart
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey

address, root, index, *victims = sys.argv[1:]
cluster.PATIENCE_SECONDS = 0.2
connection = cluster.connect(address, lambda: ThreadPoolExecutor(1), print)
spool = open_spool(root)

def told(progress):
    while 0 < progress.done < progress.total and victims:
        os.kill(int(victims.pop()), signal.SIGKILL)

readers = connection.for_spool(spool)
run_survey(spool, Index.open(Path(index)), Options(jobs=2), executor=readers, on_progress=told)
connection.close()
assert not victims
"""


@pytest.mark.parametrize("victims", ["a worker", "all workers", "the scheduler"])
@protects(
    "what a cluster's library says reaches no terminal",
    where="survey/workers/cluster.py",
    seen="in a process of its own; seen failing with its logging left on",
)
def test_what_the_library_has_to_say_reaches_no_terminal(
    dask: DaskCluster, spool: Spool, tmp_path: Path, victims: str
) -> None:
    workers = [dask.worker(), dask.worker()]
    end = {"a worker": workers[:1], "all workers": workers, "the scheduler": [dask.scheduler]}
    pids = [str(program.process.pid) for program in end[victims]]
    words = [sys.executable, "-c", ALONE, dask.address, spool.shown, str(tmp_path / "i" / "x")]
    ended = subprocess.run(
        [*words, *pids], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    alone = f"{dask.address}: no worker is left; this machine goes on alone\n"
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == (alone if victims != "a worker" else "")


def test_an_error_of_the_call_itself_is_told(dask: DaskCluster, spool: Spool) -> None:
    dask.worker()
    readers = dask.connect().for_spool(spool)
    with pytest.raises(ValueError, match="invalid literal"):
        readers.submit(int, "x").result(SECONDS)
    future = readers.submit(os.getpid)
    dask.close()
    assert future.done() or future.cancelled()


# Workers that are not used


def hidden_from(place: Path, *more: str) -> tuple[str, ...]:
    """Words that run a program in a mount namespace of its own, in which `place` is empty."""
    inside = " && ".join(["mount -t tmpfs none " + str(place), *more, 'exec "$@"'])
    words = ("unshare", "--mount", "sh", "-c", inside, "sh")
    try:
        tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    except OSError:
        pytest.skip("there is no unshare here")
    if tried.returncode:
        pytest.skip("a mount namespace cannot be had here")
    return words


@protects(
    "only workers that see this very spool, by inode, and run this very program get work",
    where="survey/workers/cluster.py",
    seen="a worker in a mount namespace of its own; seen failing without the restriction",
)
def test_a_worker_that_cannot_see_the_spool_is_named(
    dask: DaskCluster, spool: Spool, tmp_path: Path
) -> None:
    other = tmp_path / "mail" / "other"
    (other / "cur").mkdir(parents=True)
    blind = dask.worker(*hidden_from(tmp_path / "mail", f"mkdir {other}"))
    seeing = dask.worker()
    address = blind.word_after("Start worker at:")
    connection = dask.connect()
    readers = connection.for_spool(spool)
    assert dask.told == [
        f"worker {address} cannot see {spool.shown}: No such file or directory; it is not used"
    ]
    pids = {readers.submit(os.getpid).result(SECONDS) for _ in range(8)}
    assert pids == {seeing.process.pid}
    connection.for_spool(open_spool(other))
    assert dask.told[1:] == [f"worker {address} has another directory at {other}; it is not used"]


def test_where_no_worker_sees_the_spool_it_is_one_line(
    dask: DaskCluster, spool: Spool, tmp_path: Path
) -> None:
    with pytest.raises(ClusterError, match="the scheduler has no workers"):
        dask.connect()
    dask.worker(*hidden_from(tmp_path / "mail"))
    connection = dask.connect()
    with pytest.raises(ClusterError, match="none of its workers can read"):
        connection.for_spool(spool)


@protects(
    "only workers that see this very spool, by inode, and run this very program get work",
    where="survey/workers/cluster.py",
)
def test_a_worker_with_another_program_is_named(
    dask: DaskCluster, spool: Spool, tmp_path: Path
) -> None:
    (tmp_path / "old" / "mailsurgeon").mkdir(parents=True)
    (tmp_path / "old" / "mailsurgeon" / "__init__.py").write_text("__version__ = '0.0.9'\n")
    dask.worker(path=str(tmp_path / "old"))
    dask.worker()
    assert len(dask.connect().for_spool(spool).usable) == 1
    (line,) = dask.told
    assert line.endswith(f"has mailsurgeon 0.0.9, not {mailsurgeon.__version__}; it is not used")


# No cluster at all


@pytest.mark.parametrize(
    "address",
    ["", "8786", "host:8786", "tcp://", "tcp://host", "tcp://host:0", "tcp://host:99999",
     "http://host:8786", "tcp://host:8786/x", "tcp://a b:1", "tcp://\x1b[31m:1"],
)  # fmt: skip
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(MailsurgeonError, match="not an address of a scheduler") as told:
        connect(address, nobody, print)
    assert str(told.value).isprintable()


@pytest.mark.parametrize("listens", [False, True], ids=["nobody", "somebody else"])
def test_a_scheduler_that_is_not_there_is_one_line(
    listens: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scheduler, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not listens:
            server.close()
        with pytest.raises(ClusterError, match="no scheduler answers there"):
            connect(f"tcp://127.0.0.1:{port}", nobody, print)
    assert capfd.readouterr() == ("", "")


def test_without_the_library_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'mailsurgeon\[cluster\]'"):
        connect("tcp://127.0.0.1:8786", nobody, print)


def test_a_survey_in_a_process_of_its_own_reads_by_the_cluster(
    dask: DaskCluster, spool: Spool, local: object, tmp_path: Path
) -> None:
    dask.worker()
    told: list[str] = []
    index = Index.open(tmp_path / "far" / "index")
    apart = Apart(2, dask.address)
    apart.listen(told.append)
    apart.meet(spool)
    lost: list[int] = []

    def tell(progress: Any) -> None:
        if progress.stage == "reading" and not lost:
            lost.append(len(dask.programs))
            dask.programs[-1].kill()  # its only worker

    apart.survey(spool, index, Options(), on_progress=tell)
    assert contents(index) == local
    assert told == [f"{dask.address}: no worker is left; this machine goes on alone"]
    index.close()
    apart.close()


def test_a_process_of_its_own_tells_of_a_cluster_that_cannot_be_used(
    dask: DaskCluster, spool: Spool
) -> None:
    for address, why in ((dask.address, "has no workers"), ("nowhere", "not an address")):
        apart = Apart(2, address)
        with pytest.raises(MailsurgeonError, match=why):
            apart.meet(spool)
        apart.close()
