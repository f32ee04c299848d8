"""A thousand repairs while mail comes in and flags are flipped: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.support.dovecot import Dovecot, message, moment
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner
from tests.servers.support.served import Served, bodies, digest, glance, look
from tests.servers.support.stock import ADDED, DovecotStock, build

pytestmark = pytest.mark.servers

LDA = Path("/usr/lib/dovecot/dovecot-lda")
COUNT = 800
MISFILED = 400
DELIVERED = ADDED + 10_000
ROUNDS = 10
REPORTED = ("--yes", "--format", "json")
SENTENCES = (
    r"it is gone",
    r"another file has taken its place",
    r"its (size|time) has changed",
    r".*dovecot-uidlist\.lock is held by process \d+; try again later",
)
"""Why a repair may be refused here: somebody renamed the message first, or holds the lock."""


@dataclass
class Loop:
    """Something that goes on in a thread until it is told to end; what fails there fails here."""

    act: Callable[[int], None]
    turns: int = 0
    failure: BaseException | None = None

    @contextmanager
    def running(self) -> Iterator[Loop]:
        ended = threading.Event()
        thread = threading.Thread(target=self._run, args=(ended,))
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self, ended: threading.Event) -> None:
        try:
            while not ended.is_set():
                self.act(self.turns)
                self.turns += 1
        except BaseException as failure:
            self.failure = failure


@dataclass
class Post:
    """Mail that comes in, to INBOX and Sent in turn, by `doveadm save` and `dovecot-lda`."""

    server: Dovecot
    texts: list[str] = field(default_factory=list[str])

    def deliver(self, turn: int) -> None:
        text = message(DELIVERED + turn)
        mailbox = ("INBOX", "Sent")[turn // 2 % 2]
        if turn % 2:
            self.server.save(text, mailbox)
        else:
            words = [str(LDA), "-c", str(self.server.configuration), "-e", "-m", mailbox]
            place = {"HOME": str(self.server.home), "USER": "mail", "PATH": os.environ["PATH"]}
            subprocess.run(
                words, input=text, capture_output=True, check=True, cwd=self.server.home,
                env=place, timeout=60, **self.server.owner.switch,
            )  # fmt: skip
        self.texts.append(digest(text))


def damage(stock: DovecotStock) -> int:
    """Half of the messages with wrong sizes, a quarter with bad flags, some more misfiled."""
    renames: list[tuple[str, int, str]] = []
    for mailbox, number in stock.every(1):
        base, _, info = stock.filename(mailbox, number).partition(":")
        if number % 4 < 2:
            renames.append((mailbox, number, base.replace(",S=", ",S=9") + f":{info}"))
        elif number % 4 == 2:
            renames.append((mailbox, number, f"{base}:2,SRF"))
    stock.rename(renames)
    for number in range(ADDED, ADDED + MISFILED):
        folder = ("", ".Sent/", ".Archives/")[number % 3]
        name = f"{folder}{moment(number)}.M{number}P1.host:2,S"
        stock.server.put(name, message(number), moment(number))
    return len(renames) + MISFILED


def flip(stock: DovecotStock, mailbox: str) -> Callable[[int], None]:
    """A client that marks messages, healthy ones and such with wrong sizes, and unmarks them.

    Those with bad flags it leaves alone: Dovecot itself would put their names right.
    """
    uids = [uid for uid, number in enumerate(stock.numbers(mailbox), start=1) if number % 4 != 2]

    def act(turn: int) -> None:
        verb = ("add", "remove")[turn // len(uids) % 2]
        words = ("flags", verb, "\\Flagged", "mailbox", mailbox, "uid", str(uids[turn % len(uids)]))
        stock.server.must(*words)

    return act


@contextmanager
def session_flips(stock: DovecotStock) -> Iterator[Callable[[int], None]]:
    """The same in INBOX by an IMAP session that is open all the time."""
    uids = [uid for uid, number in enumerate(stock.numbers("INBOX"), start=1) if number % 4 != 2]
    with stock.server.imap() as session:
        session.must("SELECT INBOX")

        def act(turn: int) -> None:
            sign = "+-"[turn // len(uids) % 2]
            session.must(f"UID STORE {uids[turn * 7 % len(uids)]} {sign}FLAGS (\\Answered)")

        yield act


@dataclass
class History:
    """Which text each UID has ever shown."""

    texts: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])

    def note(self, served: Served) -> None:
        for mailbox, box in served.items():
            for uid, mail in box.mails.items():
                known = self.texts.setdefault((mailbox, uid), mail.what.body)
                assert known == mail.what.body, f"UID {uid} in {mailbox} was another message"


def refusals(report: dict[str, Any]) -> Counter[str]:
    """The reasons of what was not done; each must be one we know."""
    rows = [*report["refused"], *(row for row in report["left"] if row["refused"])]
    reasons = Counter(row["reason"] for row in rows)
    unknown = [one for one in reasons if not any(re.fullmatch(s, one) for s in SENTENCES)]
    assert not unknown, unknown
    return reasons


def files(server: Dovecot) -> Counter[str]:
    """The texts of all messages on the disk, filed or not."""
    return Counter(
        digest(path.read_bytes())
        for path in server.spool.rglob("*")
        if path.is_file() and re.match(r"\d+\.", path.name)
    )


def repair_all(
    operator: Operator, stock: DovecotStock, history: History
) -> tuple[int, Counter[str], int]:
    """Repairs kind by kind and folder by folder until nothing is left; acts done, reasons of
    refusals, operations."""
    done, operations, reasons = 0, 0, Counter[str]()
    codes = ("size-mismatch", "misfiled", "bad-flags")
    portions = [
        ("--only", code, "--folder", folder) for code in codes for folder in ("INBOX", "Sent")
    ]
    for words in [*portions, *[()] * ROUNDS]:
        outcome = operator.run("fix", stock.server.spool, *words, "--yes", "--format", "json")
        assert outcome.code in (0, 1), outcome
        report = json.loads(outcome.out)
        count = sum(report["done"].values())
        done, operations = done + count, operations + bool(count)
        reasons += refusals(report)
        history.note(glance(stock.server))
        if not words and not count and not report["refused"]:
            break
    return done, reasons, operations


def test_a_thousand_repairs_in_a_spool_that_is_in_use(
    home: Path, owner: Owner, operator: Operator
) -> None:
    dovecot = Dovecot(home, owner)
    stock = build(dovecot, COUNT)
    history, post = History(), Post(dovecot)
    healthy = look(dovecot)
    history.note(healthy)
    wanted = damage(stock)
    seeded = files(dovecot)
    assert (wanted, seeded.total()) == (1000, COUNT + MISFILED)

    with (
        session_flips(stock) as by_session,
        Loop(post.deliver).running() as deliveries,
        Loop(flip(stock, "Sent")).running() as flips,
        Loop(by_session).running() as stores,
    ):
        done, reasons, operations = repair_all(operator, stock, history)

    # A directory whose files get other names all the time cannot be listed whole (POSIX,
    # readdir()): what every scan has missed until now is repaired once it is quiet.
    late = sum(operator.must("fix", dovecot.spool, *REPORTED).json["done"].values())
    assert (done + late, late < wanted // 50) == (wanted, True)
    last = operator.must("fix", dovecot.spool, *REPORTED).json
    assert (last["done"], last["refused"]) == ({}, [])
    expected = seeded + Counter(post.texts)
    repaired = look(dovecot)
    history.note(repaired)
    assert bodies(repaired) == expected == files(dovecot)
    for mailbox, box in healthy.items():
        assert box.validity == repaired[mailbox].validity
        assert box.mails.keys() <= repaired[mailbox].mails.keys(), "UIDs of before are kept"
    assert min(deliveries.turns, flips.turns, stores.turns) > 10

    undone = operator.run("undo", dovecot.spool, "--all", "--yes", "--format", "json")
    assert undone.code in (0, 1), undone
    reports = json.loads(undone.out)["operations"]
    kept_back = sum((refusals(report) for report in reports), Counter[str]())
    taken_back = sum(sum(report["done"].values()) for report in reports)
    assert taken_back + kept_back.total() == wanted
    assert files(dovecot) == expected
    history.note(glance(dovecot))
    print(
        f"\n{done} repairs in {operations} operations while {deliveries.turns} messages came in"
        f" and {late} afterwards, {flips.turns + stores.turns} flags were flipped: nothing lost,"
        f" nothing doubled, all {COUNT} UIDs kept, {len(history.texts)} UIDs never reused;"
        f" refused on the way: {dict(reasons)}; undone {taken_back}, refused {dict(kept_back)}"
    )
