"""Every remedy on spools of 50 and (some) of 5,000 messages, seen by a real Courier all along.

As with Dovecot: UID, UIDVALIDITY, flags, keywords, INTERNALDATE and the hash of the text of every
message before the repair, after it, undone, redone and undone again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.servers.support.courier import Courier
from tests.servers.support.courier_stock import CourierStock, build
from tests.servers.support.damages import NAMES, Damage, sizes
from tests.servers.support.damages_away import AWAY, FOLDERS
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner, plain_user
from tests.servers.support.repair_round import RepairRound
from tests.servers.support.served import Served, count_of

pytestmark = pytest.mark.servers

OF_DOVECOT = {
    "fix-size in the list", "quarantine bloated-index", "quarantine stale-lock", "fix-uidlist",
}  # fmt: skip
"""Damage to files of Dovecot's that Courier has nothing like."""
REMEDIES = {
    name: damage for name, damage in {**NAMES, **AWAY, **FOLDERS}.items() if name not in OF_DOVECOT
}
Stocks = Callable[[int], tuple[CourierStock, Served]]


@pytest.fixture(scope="session")
def courier() -> Iterator[Stocks]:
    """Healthy spools by their size, each built once, and what clients see of them."""
    built: dict[int, tuple[CourierStock, Served]] = {}
    with ExitStack() as ends:

        def stock(count: int) -> tuple[CourierStock, Served]:
            if count not in built:
                owner = plain_user()
                home = Path(tempfile.mkdtemp(prefix="mailsurgeon-stock-"))
                ends.callback(shutil.rmtree, home)
                if os.geteuid() == 0:
                    os.chown(home, owner.uid, owner.gid)
                server = ends.enter_context(closing(Courier(home, owner)))
                made = build(server, count)
                built[count] = made, made.look("strict")
            return built[count]

        yield stock


@pytest.mark.parametrize(("damage", "count"), sizes(REMEDIES))
def test_a_remedy_changes_what_it_is_to_change_and_undo_gives_it_back(
    damage: Damage,
    count: int,
    courier: Stocks,
    home: Path,
    owner: Owner,
    operator: Operator,
    request: pytest.FixtureRequest,
) -> None:
    made, healthy = courier(count)
    stock = made.copy_to(home, owner)
    assert isinstance(stock, CourierStock)
    assert count_of(healthy) == count
    with closing(stock.server):
        repair_round = RepairRound(stock, damage(stock), operator, healthy)
        print(f"\n{request.node.callspec.id} (Courier): {repair_round.measure()}")
