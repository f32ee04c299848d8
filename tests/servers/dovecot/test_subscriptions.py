"""The list of subscriptions as a real Dovecot writes it, and the folder details made of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.maildir.folder_names import folder_path
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.uidlists.folder_details import folder_details
from tests.servers.conftest import prepared
from tests.servers.support.dovecot import Dovecot, Owner, message

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("layout", ["maildir++", "fs"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["beside", "control"])
def test_what_the_owner_subscribed_to(
    home: Path, owner: Owner, layout: str, elsewhere: bool
) -> None:
    settings = ["LAYOUT=fs"] if layout == "fs" else []
    settings += [f"CONTROL={home}/control"] if elsewhere else []
    server = prepared(Dovecot(home, owner, *settings))
    between = "." if layout == "maildir++" else "/"
    wanted, other = f"Archives{between}Entwürfe", f"Archives{between}2012"
    server.create("Archives", wanted, other)
    for number in range(1, 4):
        server.save(message(number), wanted)
    server.must("mailbox", "subscribe", wanted)
    control = os.fsencode(home / "control") if elsewhere else None
    spool = open_spool(home / "Maildir", Options(layout=layout, control=control))
    details = [folder_details(spool, folder_path(name, layout)) for name in (wanted, other)]
    assert [one.subscribed for one in details] == [True, False]
    assert details[0].next_uid == 4
    assert server.validity(wanted).endswith(f"uidvalidity={details[0].uidvalidity}")
