"""Keywords through a real Dovecot: a message that changes its folder keeps them by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.support.dovecot import Dovecot, message
from tests.servers.support.imap import ImapSession, Response
from tests.servers.support.operator import Operator
from tests.support.protects import protects

pytestmark = [
    pytest.mark.servers,
    protects(
        "keywords keep their names in another folder", where="surgery/steps/lists/keywords.py"
    ),
]

MOVED = ("Work", "$Forwarded", "Later")
ALL = tuple(f"K{number}" for number in range(26))

TARGETS = {  # what Sent knows before, in the order of its letters
    "knows none": (),
    "the same letters": MOVED,
    "other letters": ("Zebra", "Later", "Work"),
    "another case": ("WORK", "later"),
    "room for one": (*ALL[:23], "Later", "$Forwarded"),
}


def append(server: Dovecot, mailbox: str, number: int, *flags: str) -> None:
    with server.imap() as session:
        session.must(f"APPEND {mailbox} ({' '.join(flags)})", message(number))
        session.must(f"SELECT {mailbox}")


def keywords(server: Dovecot, mailbox: str) -> dict[str, frozenset[str]]:
    """Flags and keywords by the subject, the same with the indexes on the disk and without."""
    found: list[dict[str, frozenset[str]]] = []
    for memory in (False, True):
        rows = server.fetch("hdr.subject flags", mailbox, memory=memory)
        found.append({
            row["hdr.subject"]: frozenset(row["flags"].split()) - {"\\Recent"} for row in rows
        })  # fmt: skip
    assert found[0] == found[1]
    return found[0]


def prepared(server: Dovecot, known: tuple[str, ...]) -> Path:
    """Three messages in INBOX, of which the second is to go to Sent, which has one with all the
    keywords it knows. Gives the file that is to go."""
    append(server, "INBOX", 1, "\\Seen", "Work")
    append(server, "INBOX", 2, "\\Flagged", *MOVED)
    append(server, "INBOX", 3, "Other", "Later")
    append(server, "Sent", 9, "\\Seen", *known)
    return server.file_of(2)


def move(server: Dovecot, operator: Operator, path: Path) -> None:
    operator.must("file", server.spool, path, "--to", "Sent", "--yes")


def listed(server: Dovecot, folder: str) -> bytes | None:
    place = server.spool / folder / "dovecot-keywords"
    return place.read_bytes() if place.exists() else None


@pytest.mark.parametrize("target", TARGETS)
def test_keywords_go_along_and_come_back(target: str, dovecot: Dovecot, operator: Operator) -> None:
    path = prepared(dovecot, TARGETS[target])
    before = {mailbox: keywords(dovecot, mailbox) for mailbox in ("INBOX", "Sent")}
    move(dovecot, operator, path)
    after = {mailbox: keywords(dovecot, mailbox) for mailbox in ("INBOX", "Sent")}
    as_known = {name.lower(): name for name in (*MOVED, *TARGETS[target])}
    wanted = {as_known[name.lower()] for name in MOVED} | {"\\Flagged"}
    assert after["Sent"] == before["Sent"] | {"number 2": wanted}
    assert after["INBOX"] == {k: v for k, v in before["INBOX"].items() if k != "number 2"}
    operator.undo(dovecot.spool)
    assert {mailbox: keywords(dovecot, mailbox) for mailbox in ("INBOX", "Sent")} == before
    print(f"\n{target}: 3 of 3 keywords kept by name, and taken back")


@pytest.mark.parametrize("target", TARGETS)
def test_taken_back_before_dovecot_looks_the_lists_are_as_they_were(
    target: str, dovecot: Dovecot, operator: Operator
) -> None:
    path = prepared(dovecot, TARGETS[target])
    lists = {folder: listed(dovecot, folder) for folder in ("", ".Sent")}
    move(dovecot, operator, path)
    operator.undo(dovecot.spool)
    assert {folder: listed(dovecot, folder) for folder in ("", ".Sent")} == lists


def test_all_26_letters_in_use(dovecot: Dovecot, operator: Operator) -> None:
    path = prepared(dovecot, (*ALL[:25], "Later"))
    before = {mailbox: keywords(dovecot, mailbox) for mailbox in ("INBOX", "Sent")}
    told = operator.run("file", dovecot.spool, path, "--to", "Sent", "--dry-run")
    for name in ("Work", "$Forwarded"):
        assert f"keyword {name} is dropped: all 26 letters are in use there" in told.out
    move(dovecot, operator, path)
    assert keywords(dovecot, "Sent")["number 2"] == {"\\Flagged", "Later"}
    operator.undo(dovecot.spool)
    assert {mailbox: keywords(dovecot, mailbox) for mailbox in ("INBOX", "Sent")} == before
    print("\n26 in use: 1 of 3 keywords kept, 2 told as dropped, all 3 back after undo")


def flags(session: ImapSession) -> dict[int, set[str]]:
    answer: Response = session.must("UID FETCH 1:* (FLAGS)")
    found: dict[int, set[str]] = {}
    for line in answer.lines:
        if b"FETCH (" in line and b"UID" in line:
            text = line.decode()
            uid = int(text.partition("UID ")[2].split(" ")[0].rstrip(")\r\n"))
            words = set(text.partition("FLAGS (")[2].partition(")")[0].split())
            found[uid] = words - {"\\Recent"}
    return found


@pytest.mark.parametrize("target", TARGETS)
def test_a_session_open_on_the_target_sees_them_by_name(
    target: str, dovecot: Dovecot, operator: Operator
) -> None:
    path = prepared(dovecot, TARGETS[target])
    before = keywords(dovecot, "Sent")
    as_known = {name.lower(): name for name in (*MOVED, *TARGETS[target])}
    wanted = {as_known[name.lower()] for name in MOVED} | {"\\Flagged"}
    with dovecot.imap() as session:
        session.must("SELECT Sent")
        assert flags(session) == {1: {*before["number 9"]}}
        move(dovecot, operator, path)
        session.must("NOOP")
        assert flags(session) == {1: {*before["number 9"]}, 2: wanted}
        if len(TARGETS[target]) < 20:
            session.must("UID STORE 2 +FLAGS (Since)")
            wanted = wanted | {"Since"}
        assert keywords(dovecot, "Sent") == before | {"number 2": wanted}


def test_a_session_open_over_the_undo_may_use_what_it_has_seen(
    dovecot: Dovecot, operator: Operator
) -> None:
    path = prepared(dovecot, ("Zebra",))
    before = {mailbox: keywords(dovecot, mailbox) for mailbox in ("INBOX", "Sent")}
    with dovecot.imap() as session:
        session.must("SELECT Sent")
        move(dovecot, operator, path)
        session.must("NOOP")
        operator.undo(dovecot.spool)
        session.must("NOOP")
        assert flags(session) == {1: {"\\Seen", "Zebra"}}
        session.must("UID STORE 1 +FLAGS (Work Other)")
    after = {mailbox: keywords(dovecot, mailbox) for mailbox in ("INBOX", "Sent")}
    used = frozenset({"\\Seen", "Zebra", "Work", "Other"})
    assert after == before | {"Sent": {"number 9": used}}


def test_a_keyword_that_a_client_uses_since_survives_the_undo(
    dovecot: Dovecot, operator: Operator
) -> None:
    path = prepared(dovecot, ("Zebra",))
    before = keywords(dovecot, "INBOX")
    move(dovecot, operator, path)
    with dovecot.imap() as session:
        session.must("SELECT Sent")
        session.must("UID STORE 1 +FLAGS ($Forwarded)")
        session.must("UID STORE 1 +FLAGS (Since)")
    operator.undo(dovecot.spool)
    assert keywords(dovecot, "Sent") == {"number 9": {"\\Seen", "Zebra", "$Forwarded", "Since"}}
    assert keywords(dovecot, "INBOX") == before


def test_without_the_names_dovecot_shows_others(dovecot: Dovecot) -> None:
    """The control: a plain move of the file."""
    path = prepared(dovecot, ("Zebra",))
    dovecot.fetch("flags", "Sent")
    path.rename(dovecot.spool / ".Sent" / "cur" / path.name)
    shown = keywords(dovecot, "Sent")["number 2"]
    assert shown == {"\\Flagged", "Zebra", "unknown-1", "unknown-2"}
    print(f"\nmoved by hand: {', '.join(MOVED)} became {', '.join(sorted(shown))}")
