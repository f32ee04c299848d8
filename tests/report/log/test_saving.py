"""The file of a log: private, whole or not there at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from mailsurgeon.errors import JournalError
from mailsurgeon.report.log.saving import save_log
from tests.support.protects import protects


def failing() -> Iterator[str]:
    yield "half"
    raise JournalError("damaged")


def names(place: Path) -> list[str]:
    return sorted(os.listdir(place))


@protects(
    "a log is read by its owner alone", where="report/log/saving.py",
    seen="failing with a mode of 0644, and with an old file written to",
)  # fmt: skip
@pytest.mark.parametrize("executable", [False, True])
def test_only_the_owner_reads_it(tmp_path: Path, executable: bool) -> None:
    old = os.umask(0)
    try:
        (tmp_path / "old").write_text("x")
        for name in ("new", "old"):
            save_log(tmp_path / name, ["a\n", "ü\udcff"], replace=True, executable=executable)
            save_log(tmp_path / f"{name}2", ["a"], executable=executable)
    finally:
        os.umask(old)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if executable else 0o600)
    assert (tmp_path / "new").read_bytes() == b"a\n\xc3\xbc\xff"


@pytest.mark.parametrize("replace", [False, True])
def test_half_a_log_never_gets_the_name(tmp_path: Path, replace: bool) -> None:
    with pytest.raises(JournalError):
        save_log(tmp_path / "log", failing(), replace=replace)
    assert names(tmp_path) == []


def test_an_old_log_outlives_a_failure(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("old")
    with pytest.raises(JournalError):
        save_log(tmp_path / "log", failing(), replace=True)
    assert (tmp_path / "log").read_text() == "old"
    assert names(tmp_path) == ["log"]


def test_what_has_the_name_by_then_is_not_overwritten(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "mine"
        (tmp_path / "log").write_text("theirs")

    with pytest.raises(FileExistsError):
        save_log(tmp_path / "log", pieces())
    assert (tmp_path / "log").read_text() == "theirs"
    assert names(tmp_path) == ["log"]


def test_a_link_leads_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("old")
    (tmp_path / "link").symlink_to("log")
    save_log(tmp_path / "link", ["new"], replace=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "log").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = Thread(target=save_log, args=(tmp_path / "pipe", ["a", "b"]), kwargs={"replace": True})
    writer.start()
    assert (tmp_path / "pipe").read_text() == "ab"
    writer.join()
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_file_system_without_links_gets_a_log_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "not here")

    monkeypatch.setattr(os, "link", refuse)
    save_log(tmp_path / "log", ["a"])
    assert (tmp_path / "log").read_text() == "a"
    assert names(tmp_path) == ["log"]
