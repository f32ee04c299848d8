"""The sum in maildirsize after repairs, against what the server counts itself."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.lists.maildirsize import parse_maildirsize
from tests.servers.support.dovecot import Dovecot, message
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = pytest.mark.servers

QUOTA = """\
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=1G
}
"""


def sum_of(server: Dovecot) -> tuple[int, int]:
    """The bytes and messages that maildirsize tells."""
    total = parse_maildirsize((server.spool / "maildirsize").read_bytes())
    assert not total.damaged
    return total.bytes, total.messages


def used(server: Dovecot) -> int:
    """The messages in use as doveadm tells them."""
    lines = server.must("-f", "tab", "quota", "get").decode().splitlines()
    return next(int(line.split("\t")[2]) for line in lines if line.split("\t")[1] == "MESSAGE")


@protects("the quota follows, once", where="surgery/steps/lists/maildirsize.py")
def test_the_sum_is_what_dovecot_counts(dovecot: Dovecot, operator: Operator) -> None:
    with dovecot.configuration.open("a") as file:
        file.write(QUOTA)
    dovecot.append("INBOX", range(1, 7))
    dovecot.append("Sent", range(7, 10))
    dovecot.rename_listed(1, r",S=\d+", ",S=7777")
    dovecot.rename_listed(2, r",S=\d+", ",S=9")
    dovecot.put("1300000000.M1P1.host:2,S", message(11))
    dovecot.put(".Sent/1300000000.M2P1.host", message(12))
    dovecot.put("cur/1300000000.M3P1.host:2,", b"")
    dovecot.fetch("flags")
    dovecot.must("quota", "recalc")
    before = sum_of(dovecot)
    moved = dovecot.file_of(4)
    for words in (
        ("fix", "--only", "size-mismatch"),
        ("fix", "--only", "misfiled"),
        ("fix", "--only", "empty", "--force"),
        ("file", moved, "--to", "Sent"),
    ):
        operator.must(words[0], dovecot.spool, *words[1:], "--yes")
        told = sum_of(dovecot)
        assert used(dovecot) == told[1]
    assert told != before
    with (dovecot.spool / "maildirsize").open("a") as file:
        file.write("5 5\n")  # so that it is known to count anew
    dovecot.must("quota", "recalc")
    assert sum_of(dovecot) == told
    operator.must("undo", dovecot.spool, "--all", "--yes")
    assert sum_of(dovecot) == before
    dovecot.must("quota", "recalc")
    assert sum_of(dovecot) == before
    print(f"\nmaildirsize {before} -> {told} -> {before}, each as Dovecot counts it")
