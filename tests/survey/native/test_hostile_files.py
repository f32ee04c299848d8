"""The native reader and files that were made to break it, or that change under its hands."""

from __future__ import annotations

import os
import resource
import socket
import threading
from pathlib import Path

import pytest

from mailsurgeon.diagnosis.facts import FolderFacts, Moment
from mailsurgeon.survey.index.slice import Slice
from tests.survey.native.both import Both, told
from tests.survey.native.mail import DATE, USUAL
from tests.survey.native.test_agreement import NAME, alone, compare, cur, write  # noqa: F401

_MILLION = 1024 * 1024


def test_what_is_no_usual_file_is_left(
    both: Both,
    cur: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(cur, b"1.mail:2,S", USUAL[0])
    os.symlink("1.mail:2,S", cur / "2.linked:2,S")
    os.symlink("/dev/zero", cur / "3.zero:2,S")
    os.mkfifo(cur / "4.fifo:2,S")
    (cur / "5.directory:2,S").mkdir()
    os.link(cur / "1.mail:2,S", cur / "6.twice:2,S")
    monkeypatch.chdir(cur)  # a socket's path may have 108 bytes only
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("7.socket:2,S")
    write(cur, b"8.empty:2,S", b"")
    assert compare(both, cur) == []


def test_a_name_that_has_gone_is_left(both: Both, cur: Path) -> None:  # noqa: F811
    write(cur, NAME, USUAL[0])
    assert both.agree(os.fsencode(cur.parent), b"cur", [b"1.gone:2,S", NAME, b"2.gone"]) == [NAME]


@pytest.mark.parametrize("more", [-1, 0, 1, 5 * _MILLION])
def test_the_largest_file(both: Both, cur: Path, more: int) -> None:  # noqa: F811
    data = USUAL[0] + b"x" * (_MILLION - len(USUAL[0]) + more)
    assert alone(both, cur, NAME, data) == (more <= 0)


@pytest.mark.parametrize("line", [b"X: y\n", b"\n ", b"a", b"\0", b"\r", b"From: x\n", b":"])
def test_a_header_of_a_megabyte(both: Both, cur: Path, line: bytes) -> None:  # noqa: F811
    header = b"X: " + line * ((_MILLION - 500) // len(line))
    assert len(header) < _MILLION
    alone(both, cur, NAME, header)
    alone(both, cur, NAME, header + b"\n" + USUAL[0])
    alone(both, cur, NAME, USUAL[0].partition(b"\n\n")[0] + b"\n" + header + b"\n\nText.\n")


def test_a_header_of_200_megabytes(both: Both, cur: Path) -> None:  # noqa: F811
    write(cur, NAME, USUAL[0][:100])
    with open(os.path.join(os.fsencode(cur), NAME), "ab") as file:
        file.truncate(200 * _MILLION)  # a hole, which Python does not read
    assert compare(both, cur) == []


def test_more_text_than_there_is_room_for(both: Both, cur: Path) -> None:  # noqa: F811
    for number in range(20):
        head = b"Subject: %s\nX-" % (b"long " * 310)
        write(cur, b"%d.M%02d.host:2,S" % (DATE, number), head + USUAL[0])
    both.native._rooms.clear()  # one for twenty names
    taken = compare(both, cur)
    assert 0 < len(taken) < 20


def test_more_modes_than_there_is_room_for(both: Both, cur: Path) -> None:  # noqa: F811
    for number in range(32):
        name = b"%d.M%02d.host:2,S" % (DATE, number)
        write(cur, name, USUAL[0], mode=0o400 | number << 3)
    assert len(compare(both, cur)) == 16


def test_too_many_open_files(both: Both, cur: Path) -> None:  # noqa: F811
    write(cur, NAME, USUAL[0])
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    task = _task(cur, [NAME])
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            os.close(held.pop())  # for the directory
        with pytest.raises(OSError, match="open files"):
            both.examined(task, both.native)
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_no_descriptor_is_left_open(both: Both, cur: Path) -> None:  # noqa: F811
    test_what_is_no_usual_file_is_left(both, cur, pytest.MonkeyPatch())
    before = os.listdir("/proc/self/fd")
    compare(both, cur)
    assert os.listdir("/proc/self/fd") == before


def test_files_that_change_while_they_are_read(both: Both, cur: Path) -> None:  # noqa: F811
    """Whatever is seen of a file is what it once was: never a mixture."""
    states = {data: len(data) + data.count(b"\n") for data in (USUAL[0], USUAL[0] + b"More.\n" * 9)}
    virtual = {len(data): size for data, size in states.items()}
    names = [b"%d.M%d.host:2,S" % (DATE, number) for number in range(50)]
    for name in names:
        write(cur, name, USUAL[0])
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for data in states:
                for name in names:
                    replaced = os.path.join(os.fsencode(cur), b"..", b"made")
                    with open(replaced, "wb") as file:
                        file.write(data)
                    os.utime(replaced, (DATE, DATE))
                    os.rename(replaced, os.path.join(os.fsencode(cur), name))
                    os.truncate(os.path.join(os.fsencode(cur), name), len(USUAL[0]) - 3)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(50):
            seen = told(both.examined(_task(cur, names), both.native))
            sizes, shown_sizes = seen.get("sizes", ()), seen.get("virtual_sizes", ())
            for size, shown in zip(sizes, shown_sizes, strict=True):
                assert shown == virtual.get(size, size + USUAL[0].count(b"\n", 0, size))
    finally:
        stop.set()
        thread.join()


def _task(place: Path, names: list[bytes]) -> Slice:
    return Slice(
        os.fsencode(place.parent), b"cur", "cur", names, FolderFacts(), Moment(DATE * 1.2), 7, 100,
        regular=True, packs=True,
    )  # fmt: skip
