"""An operation is stopped, for a while or for good, only where it holds no server's lock."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.servers.lock_wait import Stops
from mailsurgeon.surgery.steps import moving, rename_run
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

NAMES = [b"130000000%d.M%dP1.host" % (number, number) for number in range(1, 7)]
LOCK = b"dovecot-uidlist.lock"


class Keyboard:
    """Somebody who presses Ctrl+Z, and what was held where the process stopped."""

    def __init__(self, maildir: Maildir) -> None:
        self.lock = maildir.path(LOCK)
        self.pressed = False
        self.held_at_stop: list[bool] = []

    def stops(self) -> Stops:
        return Stops(lambda: self.pressed, self._stop)

    def _stop(self) -> None:
        if self.pressed:
            self.held_at_stop.append(self.lock.exists())
            self.pressed = False


@pytest.fixture
def acts(maildir: Maildir) -> list[Act]:
    maildir.uidlist(b"", *NAMES)
    return [maildir.rename(maildir.mail(b"new/" + name), b"cur/" + name + b":2,") for name in NAMES]


@pytest.fixture
def after_two(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Has something happen when the second step of an operation is done."""

    def arrange(happens: Callable[[], None]) -> None:
        done, move = [0], moving.move

        def counted(*arguments: object) -> None:
            move(*arguments)  # pyright: ignore[reportArgumentType]
            done[0] += 1
            if done[0] == 2:
                happens()

        monkeypatch.setattr(rename_run, "move", counted)

    return arrange


@protects(
    "Ctrl+Z stops an operation only where it holds no server's lock",
    where="surgery/apply/batches.py, surgery/apply/locked_batch.py",
)
def test_a_stop_waits_for_the_locks_to_be_released_and_the_rest_follows(
    maildir: Maildir, acts: list[Act], after_two: Callable[[Callable[[], None]], None]
) -> None:
    keyboard = Keyboard(maildir)
    after_two(lambda: setattr(keyboard, "pressed", True))
    seen: list[int] = []
    stops = keyboard.stops()

    def here() -> None:
        if keyboard.pressed:
            seen.append(len(os.listdir(maildir.path(b"cur"))))
        stops.here()

    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts), stops=Stops(stops.wanted, here))
    assert (report.state, report.done) == ("applied", {"file": 6})
    assert (keyboard.held_at_stop, seen) == ([False], [2])


@pytest.fixture
def held_by_a_server(maildir: Maildir) -> Iterator[None]:
    """Dovecot's lock, of a process that lives."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    maildir.path(LOCK).write_bytes(b"%d:%s" % (child, os.fsencode(socket.gethostname())))
    try:
        yield
    finally:
        os.close(write)
        os.waitpid(child, 0)


@pytest.mark.usefixtures("held_by_a_server")
def test_a_stop_while_it_waits_for_a_lock_needs_no_lock(maildir: Maildir, acts: list[Act]) -> None:
    waits: list[str] = []
    keyboard = Keyboard(maildir)

    def waiting(line: str) -> None:
        waits.append(line)
        keyboard.pressed = len(waits) == 1

    def here() -> None:
        if keyboard.pressed:
            keyboard.pressed = False
            maildir.path(LOCK).unlink()  # the server is done while the process stands still

    with maildir.surgeon() as surgeon:
        surgeon.on_wait = waiting
        report = surgeon.apply(plan(*acts), stops=Stops(lambda: keyboard.pressed, here))
    assert report.state == "applied"
    assert len(waits) == 1


@protects(
    "an operation ends after the act in progress when it is cancelled",
    where="surgery/apply/locked_batch.py",
)
def test_an_end_does_not_wait_for_the_rest_of_the_batch(
    maildir: Maildir, acts: list[Act], after_two: Callable[[Callable[[], None]], None]
) -> None:
    before = maildir.picture()
    asked: list[bool] = []
    after_two(lambda: asked.append(True))
    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(*acts), cancelled=lambda: bool(asked))
        assert (report.state, report.done, report.refused) == ("partial", {"file": 2}, ())
        assert report.summary == "file 2; stopped by you"
        assert surgeon.unfinished() is None
        assert surgeon.apply(surgeon.plan_undo()).refused == ()
    assert maildir.picture() == before
