"""What Courier keeps under the name of a message that has two infos."""

from __future__ import annotations

import pytest

from tests.servers.courier.test_courier import plant
from tests.servers.support.courier import KEYWORDS, Courier
from tests.servers.support.operator import Operator

pytestmark = pytest.mark.servers


def test_two_infos_in_one_name_do_not_keep_courier_busy(
    courier: Courier, operator: Operator
) -> None:
    """Courier names the keywords by what is before the last colon, and looks for ever for a file
    by that name when the message has another one."""
    path = plant(courier, 1, "", ":2,FS:2,FS")
    courier.served()
    courier.put(f"{KEYWORDS}/{path.name.rpartition(':')[0]}", b"Work\n")
    before = courier.served()
    assert before[1].flags == {"\\Flagged", "\\Seen", "Work"}
    operator.fix(courier.spool, "bad-flags")
    assert courier.served() == before
    operator.undo(courier.spool)
    assert courier.served() == before
    print("\ntwo infos: one after, with the same UID, flags and keyword")
