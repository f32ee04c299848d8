"""Every remedy on spools of 50 and (some) of 5,000 messages, seen by a real server all along.

For each: the damaged spool, the repair, undo, redo and undo again. After each of them UID,
UIDVALIDITY, flags, keywords, INTERNALDATE, GUID, UIDL and the hash of the text of every message
are those they were, but for exactly what the remedy is to change; what is new has a UID that
nothing had before. `fix-date` changes INTERNALDATE, and nothing else: that is what it is for.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.support.damages import NAMES, Damage, sizes
from tests.servers.support.damages_away import AWAY, FOLDERS
from tests.servers.support.dovecot import Dovecot
from tests.servers.support.imap import ImapSession, Response
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner, plain_user
from tests.servers.support.repair_round import RepairRound
from tests.servers.support.served import Change, Served, count_of, digest
from tests.servers.support.stock import DovecotStock, Stock, build
from tests.support.protects import protects

pytestmark = pytest.mark.servers

REMEDIES = {**NAMES, **AWAY, **FOLDERS}
Stocks = Callable[[int], tuple[Stock, Served]]


@pytest.fixture(scope="session")
def stocks() -> Iterator[Stocks]:
    """Healthy spools by their size, each built once, and what clients see of them."""
    places: list[Path] = []
    built: dict[int, tuple[Stock, Served]] = {}

    def stock(count: int) -> tuple[Stock, Served]:
        if count not in built:
            owner = plain_user()
            home = Path(tempfile.mkdtemp(prefix="mailsurgeon-stock-"))
            places.append(home)
            if os.geteuid() == 0:
                os.chown(home, owner.uid, owner.gid)
            made = build(Dovecot(home, owner), count)
            built[count] = made, made.look("strict")
        return built[count]

    yield stock
    for place in places:
        shutil.rmtree(place)


@pytest.fixture
def repair_round(
    damage: Damage, count: int, stocks: Stocks, home: Path, owner: Owner, operator: Operator
) -> RepairRound:
    stock, healthy = stocks(count)
    copied = stock.copy_to(home, owner)
    return RepairRound(copied, damage(copied), operator, healthy)


each_remedy = pytest.mark.parametrize("damage", REMEDIES.values(), ids=REMEDIES)


@pytest.mark.parametrize(("damage", "count"), sizes(REMEDIES))
@protects(
    "UIDs follow the file", where="surgery/apply/locked_batch.py, surgery/servers/uidlist_file.py"
)
def test_a_remedy_changes_what_it_is_to_change_and_undo_gives_it_back(
    repair_round: RepairRound, count: int, request: pytest.FixtureRequest
) -> None:
    assert count_of(repair_round.healthy) == count
    print(f"\n{request.node.callspec.id}: {repair_round.measure()}")


@each_remedy
def test_a_session_that_is_open_sees_no_error_and_nothing_go_that_stays(
    damage: Damage,
    stocks: Stocks,
    home: Path,
    owner: Owner,
    operator: Operator,
    request: pytest.FixtureRequest,
) -> None:
    stock, healthy = stocks(50)
    stock = stock.copy_to(home, owner)
    assert isinstance(stock, DovecotStock)
    with stock.server.imap() as session:
        session.must("SELECT INBOX")  # where a look at the damage would end it, it had none
        expected = damage(stock)
        repair_round = RepairRound(stock, expected, operator, healthy)
        before = repair_round.view(damaged=True) if expected.reading != "none" else healthy
        if expected.mailbox != "INBOX":
            session.must(f"SELECT {expected.mailbox}")
        mails = before[expected.mailbox].mails
        watch = Watch(session, {uid: mail.what.body for uid, mail in mails.items()})
        repair_round.repair()
        watch.look(*bodies_of(expected.change, expected.mailbox))
        # A session that has read wrong sizes in the list goes by them whatever is there now.
        if expected.seen != "never" and expected.reading != "none":
            repair_round.again("undo")
            undone = bodies_of(expected.change.back(), expected.mailbox)
            watch.look(*undone, texts=expected.reading == "strict")
            repair_round.again("redo")
            watch.look(*bodies_of(expected.change, expected.mailbox))
        session.must("CLOSE")
    assert watch.texts, "there were messages to watch"
    print(f"\n{request.node.callspec.id}, {expected.mailbox} open: {watch}")


def bodies_of(change: Change, mailbox: str) -> tuple[Counter[str], Counter[str]]:
    """The texts that go and that come in a mailbox."""
    gone, new = Counter[str](), Counter[str]()
    for counted, texts in ((change.gone, gone), (change.new, new)):
        for (box, what), number in counted.items():
            if box == mailbox:
                texts[what.body] += number
    return gone, new


@dataclass
class Watch:
    """What an open session hears after each act; `texts` by UID as it knows them."""

    session: ImapSession
    texts: dict[int, str]
    answers: int = 0
    expunged: int = 0

    def look(self, gone: Counter[str], new: Counter[str], *, texts: bool = True) -> None:
        """Asks for everything at once, again after NOOP; only `gone` may go, only `new` come."""
        items = "FLAGS RFC822.SIZE BODY.PEEK[]" if texts else "FLAGS"
        words = (f"UID FETCH 1:* ({items})", "NOOP", f"UID FETCH 1:* ({items})")
        answers = [self.session.command(one) for one in words]
        for answer in answers:
            assert not answer.has(b"BYE"), answer
            assert answer.status == "OK" or (gone and answer is answers[0]), answer
        now = set(answers[2].uids())
        lost, come = self.texts.keys() - now, now - self.texts.keys()
        assert Counter(self.texts[uid] for uid in lost) == gone
        expunged = sum(b" EXPUNGE" in line[:20] for one in answers for line in one.lines)
        assert expunged == gone.total()
        assert all(uid > max(self.texts) for uid in come)
        if texts:
            self._compare(answers, come, new)
        else:
            assert (come, new) == (set(), Counter()), "not asked for here"
        for uid in lost:
            del self.texts[uid]
        self.answers += len(answers)
        self.expunged += expunged

    def _compare(self, answers: list[Response], come: set[int], new: Counter[str]) -> None:
        early, late = answers[0].bodies(), answers[2].bodies()
        assert answers[2].number("RFC822.SIZE") == {uid: len(text) for uid, text in late.items()}
        found = {uid: digest(text.replace(b"\r\n", b"\n")) for uid, text in late.items()}
        assert Counter(found[uid] for uid in come) == new
        for uid in self.texts.keys() & found.keys():
            assert found[uid] == self.texts[uid], uid
            assert early[uid] == late[uid], uid
        self.texts |= found

    def __str__(self) -> str:
        return (
            f"{self.answers} commands, no BYE, no error, {self.expunged} EXPUNGE of what went;"
            f" {len(self.texts)} messages as they were"
        )
