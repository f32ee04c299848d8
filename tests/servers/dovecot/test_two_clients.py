"""Two clients save, flag, move and expunge beside fix, undo and redo; then all is compared.

The clients share the messages out between them, so it is known of each where it must be and which
flags and keywords it must bear. `MAILSURGEON_CRASH=full` takes 1,000 messages.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.dovecot.test_live import SENTENCES, Loop
from tests.servers.support.dovecot import Dovecot, message, moment
from tests.servers.support.imap import ImapSession
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner
from tests.servers.support.served import Served, digest, glance
from tests.servers.support.stock import ADDED, DovecotStock, build

pytestmark = pytest.mark.servers

FULL = os.environ.get("MAILSURGEON_CRASH") == "full"
COUNT, MISFILED, ROUNDS = (1_000, 100, 12) if FULL else (60, 6, 1)
TURNS = 4_000 if FULL else 200
"""What each client does at most."""
CHANGED = ("\\Answered", "\\Flagged", "\\Seen", "Work", "$Forwarded")
SAVED = ADDED + 50_000
GAVE_WAY = (
    *SENTENCES,
    r"it has another name by now: .*",
    r"it has this name already: .*",
    r"another program has just given it another name",
    r"its base name is taken by .*",
    r"the copy to be kept, .*",
    r"dovecot-uidlist is damaged \(line \d+: the base name has UID \d+ too\).*",
)
"""Reasons for which an undo or a redo may leave a message as the clients have made it.

The last is Dovecot's own doing: a session appends a record for a message that went and came back
under its name, and leaves the old one to whoever next writes the list anew.
"""


@dataclass
class Truth:
    """One message as the clients have left it; `mailbox` None: expunged. `uid`: while it is where
    it was."""

    mailbox: str | None
    flags: set[str]
    uid: int | None = None


@dataclass
class Client:
    """One session in INBOX that works on messages of its own. `texts`: their digests by UID."""

    session: ImapSession
    texts: dict[int, str]
    truths: dict[str, Truth]
    first: int
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)

    def act(self, turn: int) -> None:
        """One thing a user does, as long as there are any left to do."""
        if turn >= TURNS:
            self.session.must("NOOP")
            return
        uid = self.dice.choice(sorted(self.texts))
        truth = self.truths[self.texts[uid]]
        kind = self.dice.choices(("flag", "save", "move", "expunge"), (60, 10, 4, 2))[0]
        if kind == "flag":
            flag = self.dice.choice(CHANGED)
            sign = "-" if flag in truth.flags else "+"
            self.session.must(f"UID STORE {uid} {sign}FLAGS.SILENT ({flag})")
            truth.flags ^= {flag}
        elif kind == "save":
            text = message(self.first + turn)
            answer = self.session.command("APPEND INBOX (\\Seen Work)", text)
            assert answer.status == "OK", answer
            self.truths[digest(text)] = Truth("INBOX", {"\\Seen", "Work"})
        elif len(self.texts) > 10:
            if kind == "move":
                self.session.must(f"UID MOVE {uid} Archives")
                truth.mailbox, truth.uid = "Archives", None
            else:
                self.session.must(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
                self.session.must(f"UID EXPUNGE {uid}")
                truth.mailbox = None
            del self.texts[uid]
        self.done[kind] += 1


def damage(stock: DovecotStock) -> dict[str, Truth]:
    """Half of INBOX with wrong sizes, a quarter with unsorted flags; some mail misfiled. Returns
    what must become of the latter."""
    renames: list[tuple[str, int, str]] = []
    for number in stock.numbers("INBOX"):
        base, _, info = stock.filename("INBOX", number).partition(":")
        if number % 4 < 2:
            renames.append(("INBOX", number, base.replace(",S=", ",S=9") + f":{info}"))
        elif number % 4 == 2 and len(info) > 3:
            renames.append(("INBOX", number, f"{base}:2,{info[2:][::-1]}"))
    stock.rename(renames)
    found: dict[str, Truth] = {}
    for number in range(ADDED, ADDED + MISFILED):
        stock.server.put(f"{moment(number)}.M{number}P1.host:2,S", message(number), moment(number))
        found[digest(message(number))] = Truth("INBOX", {"\\Seen"})
    return found


def truths_of(served: Served) -> dict[str, Truth]:
    return {
        mail.what.body: Truth(mailbox, set(mail.what.flags), uid)
        for mailbox, box in served.items()
        for uid, mail in box.mails.items()
    }


def differences(truths: dict[str, Truth], served: Served) -> list[str]:
    """How what is served differs from what the clients have made of it, message by message."""
    found: list[str] = []
    seen: Counter[str] = Counter()
    for mailbox, box in served.items():
        for uid, mail in box.mails.items():
            truth = truths.get(mail.what.body)
            seen[mail.what.body] += 1
            if truth is None or truth.mailbox != mailbox:
                found.append(f"{mailbox} {uid}: should be in {truth and truth.mailbox}")
            elif truth.uid not in (None, uid):
                found.append(f"{mailbox} {uid}: was UID {truth.uid}")
            elif set(mail.what.flags) != truth.flags:
                found.append(f"{mailbox} {uid}: {sorted(mail.what.flags)}, not {truth.flags}")
    wanted = {body for body, truth in truths.items() if truth.mailbox is not None}
    found += [f"gone: {body}" for body in wanted - seen.keys()]
    return found + [f"twice: {body}" for body, count in seen.items() if count > 1]


def wrong_names(spool: Path) -> list[str]:
    """The messages whose name tells another size, or whose flags are out of order."""
    found: list[str] = []
    for path in spool.rglob("cur/*"):
        size, flags = re.search(r",S=(\d+)", path.name), path.name.partition(":2,")[2]
        if (size and int(size[1]) != path.stat().st_size) or flags != "".join(sorted(flags)):
            found.append(path.name)
    return found


@dataclass
class Repairs:
    """The operator's commands, and what was done and refused."""

    operator: Operator
    spool: Path
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def run(self, *words: str) -> Any:
        outcome = self.operator.run(words[0], self.spool, *words[1:], "--yes", "--format", "json")
        assert outcome.code in (0, 1), outcome
        if not outcome.out.startswith("{"):
            assert "nothing" in outcome.err, outcome  # to undo, to redo
            return None
        report = json.loads(outcome.out)
        self.done[words[0]] += sum(report.get("done", {}).values())
        rows = [*report["refused"], *(row for row in report["left"] if row["refused"])]
        self.refused.update(row["reason"] for row in rows)
        return report

    def until_nothing_is_left(self) -> None:
        for _ in range(5):
            report = self.run("fix", "--max", "5000")
            if not report["done"] and not report["refused"]:
                return
        raise AssertionError(report)

    def unknown(self) -> list[str]:
        return [one for one in self.refused if not any(re.fullmatch(s, one) for s in GAVE_WAY)]


def clients(stack: ExitStack, stock: DovecotStock, truths: dict[str, Truth]) -> Iterator[Client]:
    texts = {
        truth.uid: body for body, truth in truths.items()
        if truth.mailbox == "INBOX" and truth.uid is not None
    }  # fmt: skip
    for number in (0, 1):
        session = stack.enter_context(stock.server.imap())
        session.must("SELECT INBOX")
        own = {uid: body for uid, body in texts.items() if uid % 2 == number}
        first = SAVED + number * 10_000
        yield Client(session, own, truths, first, random.Random(number))


def test_nothing_differs_from_what_two_clients_have_made_of_it(
    home: Path, owner: Owner, operator: Operator
) -> None:
    dovecot = Dovecot(home, owner)
    stock = build(dovecot, COUNT)
    truths = truths_of(glance(dovecot))
    validity = glance(dovecot)["INBOX"].validity
    misfiled = damage(stock)
    repairs = Repairs(operator, dovecot.spool)

    with ExitStack() as stack:
        both = list(clients(stack, stock, truths))
        loops = [stack.enter_context(Loop(client.act).running()) for client in both]
        for _ in range(ROUNDS):
            repairs.run("fix", "--max", "5000")
            for word in ("undo", "redo", "undo", "redo"):
                repairs.run(word)
    assert repairs.unknown() == []
    dovecot.run("force-resync", "*")  # writes its lists anew, and flags it could not write before
    repairs.until_nothing_is_left()
    served = glance(dovecot)
    assert differences(truths | misfiled, served) == []
    assert served["INBOX"].validity == validity
    assert wrong_names(dovecot.spool) == []

    repairs.run("undo", "1")
    served = glance(dovecot)
    still = {body: one for body, one in misfiled.items() if body in truths_of(served)}
    assert differences(truths | still, served) == []
    repairs.run("redo", "1")
    repairs.until_nothing_is_left()
    assert differences(truths | misfiled, glance(dovecot)) == []
    assert wrong_names(dovecot.spool) == []
    assert min(loop.turns for loop in loops) > 10
    what = sum((client.done for client in both), Counter[str]())
    print(
        f"\n{len(truths)} messages, {dict(what)} by two clients, {dict(repairs.done)} by repairs:"
        f" 0 different; refused: {dict(repairs.refused)}"
    )
