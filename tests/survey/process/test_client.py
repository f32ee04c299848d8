"""A survey in a process of its own finds the same, and leaves nothing, whichever process dies."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.survey.process.client import Apart
from mailsurgeon.survey.process.server import carried
from mailsurgeon.survey.progress import Progress
from mailsurgeon.survey.read.hang_guard import GAVE_UP, GaveUp
from tests.support.protects import protects
from tests.survey.processes import PATIENCE, below, ending, stopped, workers_below
from tests.survey.survey_maildir import SurveyMaildir

pytestmark = [
    pytest.mark.process,
    protects(
        "a survey beside the screen is the same survey, ends with the program and is "
        "replaced when it dies",
        where="survey/process/client.py, survey/process/server.py",
        seen="indexes compared, processes killed and stopped in the middle; seen failing "
        "without the last line of `serve`",
    ),
]


@pytest.fixture
def full(maildir: SurveyMaildir) -> SurveyMaildir:
    """Three folders; some messages have a wrong size, one is misfiled."""
    for folder in (b"", b".Archive", b".Lists"):
        if folder:
            maildir.folder(folder)
        for number in range(40):
            size = b",S=3" if number % 7 == 0 else b""
            place = os.path.join(folder, b"" if number == 5 else b"cur")
            maildir.mail(os.path.join(place, b"%d.M1.host%s:2,S" % (number, size)), number)
    return maildir


@pytest.fixture(params=[1, 2], ids=["alone", "with workers"])
def apart(request: pytest.FixtureRequest) -> Iterator[Apart]:
    yield from closed(Apart(request.param))


@pytest.fixture
def crewed() -> Iterator[Apart]:
    yield from closed(Apart(2))


def closed(made: Apart) -> Iterator[Apart]:
    yield made
    made.close()
    assert made._process is None or made._process.returncode is not None


def process_of(apart: Apart) -> int:
    assert apart._process is not None
    return apart._process.pid


def at_reading(act: Callable[[], object]) -> Callable[[Progress], None]:
    """Has something done once, when all has been listed and nothing read: the survey waits."""
    done: list[object] = []

    def tell(progress: Progress) -> None:
        if progress.stage == "reading" and not done:
            done.append(None)
            act()

    return tell


def test_it_finds_what_a_survey_in_this_process_finds(full: SurveyMaildir, apart: Apart) -> None:
    told: list[Progress] = []
    result = apart.survey(full.spool, full.index, full.options, on_progress=told.append)
    assert (result.messages, result.cancelled) == (120, False)
    assert full.contents() == full.fresh_contents()
    assert list(dict.fromkeys(each.stage for each in told)) == ["listing", "reading", "comparing"]
    assert any(each.total for each in told)


def test_it_looks_again_at_some_folders_in_the_same_process(
    full: SurveyMaildir, apart: Apart
) -> None:
    apart.survey(full.spool, full.index, full.options)
    process = process_of(apart)
    new = full.mail(b"cur/99.M1.host,S=1:2,S", 99)
    hidden = full.mail(b".Archive/cur/99.M1.host:2,S", 100)
    apart.survey(full.spool, full.index, full.options, folders={b""})
    assert new in full.surveyed_paths() and hidden not in full.surveyed_paths()
    apart.survey(full.spool, full.index, full.options, folders=iter([b".Archive"]))
    assert hidden in full.surveyed_paths()
    assert full.contents() == full.fresh_contents()
    assert process_of(apart) == process


def test_it_leaves_the_order_that_lists_are_shown_in(full: SurveyMaildir, apart: Apart) -> None:
    apart.survey(full.spool, full.index)
    found = full.index.db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")
    assert ("files_date",) in found.fetchall()


def test_it_looks_at_no_content_when_it_is_to_be_quick(full: SurveyMaildir, apart: Apart) -> None:
    assert apart.survey(full.spool, full.index, quick=True).depth == "quick"
    assert full.contents() == full.fresh_contents(quick=True)


def test_it_stops_when_it_is_told_to(full: SurveyMaildir, apart: Apart) -> None:
    over = threading.Event()
    result = apart.survey(
        full.spool, full.index, on_progress=at_reading(over.set), cancelled=over.is_set
    )
    assert result.cancelled


def test_the_index_can_be_read_while_it_is_written(full: SurveyMaildir, crewed: Apart) -> None:
    other = full.index.again()
    seen: list[int] = []

    def read(_progress: Progress) -> None:
        mine = full.index.again()  # as a worker of the screen does, anew each time
        seen.append(len(mine.view(ViewQuery())))
        mine.close()
        seen.append(len(other.view(ViewQuery())))  # and as the screen does, with one it keeps
        other.entries(other.view(ViewQuery()))

    crewed.survey(full.spool, full.index, on_progress=read)
    assert seen[0] == 0
    assert len(other.view(ViewQuery())) >= 120
    other.close()


def test_two_surveys_at_once(full: SurveyMaildir, crewed: Apart, tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    other = SurveyMaildir(tmp_path / "two")
    other.mail(b"cur/1.M1.host:2,S", 1)

    def second() -> None:  # the first has been begun, and waits
        crewed.survey(other.spool, other.index)

    crewed.survey(full.spool, full.index, on_progress=at_reading(second))
    assert full.contents() == full.fresh_contents()
    assert other.contents() == other.fresh_contents()
    other.close()


def test_what_it_raises_is_what_a_survey_raises(full: SurveyMaildir, apart: Apart) -> None:
    gone = Spool(full.spool.root + b"-gone", 1, 2, "maildir++")
    with pytest.raises(FileNotFoundError) as caught:
        apart.survey(gone, full.index)
    assert caught.value.filename == gone.root
    full.index.db.execute("DROP TABLE problems")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        apart.survey(full.spool, full.index)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", place]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_told(full: SurveyMaildir, apart: Apart, small_disk: Path) -> None:
    index = Index.open(small_disk / "index")
    with (
        open(small_disk / "full", "ab", buffering=0) as file,
        pytest.raises(OSError),
    ):
        while True:
            file.write(bytes(4096))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        apart.survey(full.spool, index, full.options)
    index.close()
    apart.survey(full.spool, full.index, full.options)
    assert full.contents() == full.fresh_contents()


def test_what_does_not_answer_is_told_and_can_be_given_up(
    full: SurveyMaildir, crewed: Apart
) -> None:
    crewed.survey(full.spool, full.index)  # its workers are there
    full.mail(b".Lists/cur/88.M1.host:2,S", 88)
    told: set[bytes | None] = set()
    asked: list[bytes] = []

    def given_up(place: bytes) -> bool:
        asked.append(place)
        return len(asked) > 1  # after a second thought

    with stopped(*workers_below(process_of(crewed), 2)):
        result = crewed.survey(
            full.spool, full.index, folders=[b".Lists"], given_up=given_up,
            on_progress=lambda progress: told.add(progress.waiting),
        )  # fmt: skip
    assert not result.cancelled
    assert told == {None, *asked} and len(asked) > 1
    assert asked[-1].startswith(b".Lists")
    left = full.not_examined()
    assert left.pop(asked[-1]) == GAVE_UP
    # What is given up on is a folder: by the first of its directories, or by its list.
    assert all(path.startswith(b".Lists") and why == GAVE_UP for path, why in left.items())


def test_one_that_is_killed_in_the_middle_is_told_and_replaced(
    full: SurveyMaildir, crewed: Apart
) -> None:
    crewed.start()
    first = process_of(crewed)
    with ending(first, *workers_below(first, 2)), pytest.raises(BrokenExecutor):
        crewed.survey(
            full.spool, full.index, on_progress=at_reading(lambda: os.kill(first, signal.SIGKILL))
        )
    crewed.survey(full.spool, full.index)
    assert full.contents() == full.fresh_contents()
    assert process_of(crewed) != first


def test_a_worker_that_is_killed_over_its_work_is_told_and_replaced(
    full: SurveyMaildir, crewed: Apart
) -> None:
    crewed.survey(full.spool, full.index)  # its workers are there
    full.mail(b".Lists/cur/88.M1.host:2,S", 88)
    workers = workers_below(process_of(crewed), 2)

    def kill(progress: Progress) -> None:
        if progress.waiting is not None:  # it has something in hand
            os.kill(workers[0], signal.SIGKILL)

    with stopped(*workers), pytest.raises(BrokenExecutor):
        crewed.survey(full.spool, full.index, on_progress=kill, given_up=lambda _place: False)
    crewed.survey(full.spool, full.index)
    assert full.contents() == full.fresh_contents()


def test_a_worker_that_is_killed_at_rest_is_replaced(full: SurveyMaildir, crewed: Apart) -> None:
    crewed.start()
    worker = workers_below(process_of(crewed), 2)[0]
    with ending(worker):
        os.kill(worker, signal.SIGKILL)
    crewed.survey(full.spool, full.index)
    assert full.contents() == full.fresh_contents()


def test_one_that_died_between_two_surveys_is_replaced(full: SurveyMaildir, apart: Apart) -> None:
    apart.survey(full.spool, full.index)
    with ending(process_of(apart)):
        os.kill(process_of(apart), signal.SIGKILL)
    apart.survey(full.spool, full.index)
    assert full.contents() == full.fresh_contents()


def test_nothing_is_left_when_it_is_closed_in_the_middle(full: SurveyMaildir) -> None:
    apart = Apart(2)
    begun, go_on, errors = threading.Event(), threading.Event(), list[BaseException]()

    def wait() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    def survey() -> None:
        try:
            apart.survey(full.spool, full.index, on_progress=at_reading(wait))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=survey)
    thread.start()
    assert begun.wait(PATIENCE)
    with ending(process_of(apart), *workers_below(process_of(apart), 2)):
        apart.close()
    go_on.set()
    thread.join(PATIENCE)
    assert len(errors) == 1 and isinstance(errors[0], BrokenExecutor)
    with pytest.raises(BrokenExecutor):
        apart.survey(full.spool, full.index)


def test_one_that_hangs_is_ended_with_the_program(full: SurveyMaildir) -> None:
    apart = Apart(1)
    apart.survey(full.spool, full.index)
    with ending(process_of(apart)):
        os.kill(process_of(apart), signal.SIGSTOP)
        apart.close()


PROGRAM = """
import os, sys
from pathlib import Path
from mailsurgeon.survey.process.client import Apart
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import open_spool
class Caught:  # as an app has it: what is printed is caught, and there is no descriptor
    def fileno(self): return -1
sys.stderr = Caught()
apart = Apart(2)
def tell(progress):
    if progress.stage == "reading":
        print(apart._process.pid, flush=True)
        sys.stdin.read()
apart.survey(open_spool(sys.argv[1]), Index.open(Path(sys.argv[2])), on_progress=tell)
"""


def test_nothing_is_left_of_a_program_that_is_killed(full: SurveyMaildir, tmp_path: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, full.spool.root, tmp_path / "its" / "index"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None and program.stdin is not None
    with program:
        try:
            process = int(program.stdout.readline())
            with ending(process, *workers_below(process, 2)):
                program.kill()
        finally:
            program.kill()
    assert not below(program.pid)


def test_it_loads_nothing_from_where_it_stands(
    full: SurveyMaildir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mailsurgeon", "socket", "sqlite3"):
        (tmp_path / f"{name}.py").write_text("open('loaded', 'w'); raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *(place for place in sys.path if place)])
    apart = Apart(1)
    apart.survey(full.spool, full.index)
    apart.close()
    assert not (tmp_path / "loaded").exists()


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left", b"/x\xff"), GaveUp(), sqlite3.OperationalError("full")]
)
def test_errors_come_out_as_they_were(error: Exception) -> None:
    there: Any = pickle.loads(pickle.dumps(carried(error)))
    assert isinstance(there, OSError) is isinstance(error, OSError)
    assert str(there) == str(error)


def test_an_error_that_cannot_be_sent_is_told_in_words() -> None:
    class Own(Exception):
        """Known here alone."""

    assert str(carried(Own("a fault"))) == "Own: a fault"
