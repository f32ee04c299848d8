"""Whether servers and syncs get through, as it is printed."""

from __future__ import annotations

import io

import pytest

from mailsurgeon.diagnosis.stops import (
    ALL_MAY_STOP,
    READERS_MAY_STOP,
    READERS_STOP,
    SYNC_MAY_STOP,
    SYNC_STOPS,
    Stoppage,
)
from mailsurgeon.procedures.obstacles import Obstacle, Outlook
from mailsurgeon.report.follow_up.left import MOST_PATHS
from mailsurgeon.report.follow_up.outlook import outlook_as_dict, print_outlook
from mailsurgeon.report.output import console_for


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")


def shown(outlook: Outlook, **how: bool) -> list[str]:
    stream = Terminal()
    print_outlook(console_for(stream), outlook, **how)
    return stream.getvalue().splitlines()


def at(path: bytes, stops: Stoppage = READERS_STOP, code: str = "size-mismatch") -> Obstacle:
    return Obstacle(path, code, stops)


def test_nothing_left_is_one_line() -> None:
    assert shown(Outlook(())) == [
        "servers   IMAP servers and syncs such as mbsync get through the whole spool"
    ]
    assert shown(Outlook(()), planned=True) == [
        "servers   once this is done, IMAP servers and syncs such as mbsync get through the whole"
        " spool"
    ]


def test_what_was_not_looked_at_is_no_promise() -> None:
    line = " ".join(" ".join(shown(Outlook((), unseen=3))).split())
    assert line.endswith("whole spool, as far as is known: 3 paths were not examined")
    assert "1 path was not examined and --exclude left some out" in " ".join(
        " ".join(shown(Outlook((), unseen=1, excluded=True))).split()
    )
    assert any("there may be more" in line for line in shown(Outlook((at(b"cur/1"),), unseen=1)))
    assert not Outlook((), excluded=True).whole


def test_who_stops_where() -> None:
    outlook = Outlook((
        at(b"cur/1"), at(b"cur/2"), at(b".A", READERS_MAY_STOP, "big-uid"),
        at(b"cur/3", SYNC_STOPS, "uid-clash"),
    ))  # fmt: skip
    assert shown(outlook) == [
        "servers   an IMAP server, and a sync through it, will stop at 2 messages:",
        "          SIZE cur/1",
        "          SIZE cur/2",
        "          mbsync, where it syncs this spool itself, will stop at 1 message:",
        "          UID  cur/3",
        "          an IMAP server, and a sync through it, may stop at 1 folder or server's file:",
        "          BUID .A",
    ]


@pytest.mark.parametrize(
    "stops", [READERS_STOP, READERS_MAY_STOP, SYNC_STOPS, SYNC_MAY_STOP, ALL_MAY_STOP]
)
def test_every_way_to_stop_has_its_words(stops: Stoppage) -> None:
    text = "\n".join(shown(Outlook((at(b"cur/1", stops),))))
    assert "cur/1" in text
    assert ("will stop" in text) == stops.surely
    assert ("IMAP server" in text) == stops.server


def test_on_a_terminal_some_are_named_and_nothing_is_raw() -> None:
    outlook = Outlook(tuple(at(b"cur/\x1b%d" % number) for number in range(MOST_PATHS + 2)))
    lines = shown(outlook)
    assert lines[-1] == "          and 2 more; -v names all"
    assert len(shown(outlook, whole=True)) == MOST_PATHS + 3
    assert "\x1b" not in "".join(lines)


def test_json() -> None:
    assert outlook_as_dict(Outlook((at(b"cur/1"),), unseen=1)) == {
        "get_through": False,
        "complete": False,
        "stops": [
            {"path": "cur/1", "code": "size-mismatch", "server": True, "sync": False,
             "surely": True}
        ],
    }  # fmt: skip
