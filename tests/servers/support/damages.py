"""Damage to the names, places and flags of messages: what is done to a healthy spool, the command
that mends it, and all that clients may then see change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.servers.support.dovecot import message, moment
from tests.servers.support.served import Change, Counted, Reading, What, digest
from tests.servers.support.stock import ADDED, Stock, flags_of, received, what


@dataclass(frozen=True)
class Expected:
    """`words`: the command and what follows the spool; `done`: what it must report.

    `seen`: how the server's view of the damaged spool stands to that of the healthy one: the
    `same`; `other` (looked at anew); or `never`, because its look would do away with the damage
    or do worse. `reading`: how texts are read while it is damaged. `brings`: mailboxes to appear
    as those of the healthy spool were; `takes`: mailboxes to disappear. `mailbox`: where somebody
    has it open meanwhile. `old_dates`: the server shows the dates it has cached.
    """

    words: tuple[str, ...]
    done: Mapping[str, int]
    change: Change = field(default_factory=Change)
    seen: str = "same"
    reading: Reading = "strict"
    mailbox: str = "INBOX"
    brings: Mapping[str, str] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    old_dates: bool = False


Damage = Callable[[Stock], Expected]


def fix(code: str) -> tuple[str, ...]:
    return ("fix", "--only", code)


def wrong_sizes(stock: Stock) -> Expected:
    """S= too large, too small, S= and W=, W= alone; in every mailbox."""
    renames: list[tuple[str, int, str]] = []
    for place, (mailbox, number) in enumerate(stock.every(3)):
        size = len(message(number))
        lines = message(number).count(10)
        wrong = (
            f",S={size + 7000},W={size + lines}", f",S={size - 9},W={size + lines}",
            f",S={size + 4000},W={size + 4100}", f",S={size},W={size + lines + 30}",
        )[place % 4]  # fmt: skip
        base, _, info = stock.filename(mailbox, number, sizes=False).partition(":")
        renames.append((mailbox, number, f"{base}{wrong}:{info}"))
    stock.rename(renames)
    return Expected(fix("size-mismatch"), {"fix-size": len(renames)}, reading="tolerant")


def wrong_sizes_of_the_list(stock: Stock) -> Expected:
    """Names without sizes, and sizes in their records that are not theirs."""
    victims = stock.every(10, "INBOX")
    names = [
        (mailbox, number, stock.filename(mailbox, number, sizes=False))
        for mailbox, number in victims
    ]
    stock.rename(names)
    place = stock.list_place("INBOX")
    text = place.read_text("latin-1")
    for _, _, name in names:
        base = name.partition(":")[0]
        text = text.replace(f" :{base}\n", f" S9999 W9999 :{base}\n")
    stock.server.replace(place, text.encode("latin-1"))
    return Expected(fix("size-mismatch"), {"fix-size": len(victims)}, reading="none")


_INFOS = (
    (":2,SRF", "FRS", "FRS"), (":2,FS:2,FS", "FS", "FS"), ("", "", ""), (";2,FS", "", "FS"),
    (":1,S", "", ""),
)  # fmt: skip
_SYSTEM = {"F": "\\Flagged", "R": "\\Answered", "S": "\\Seen"}


def bad_infos(stock: Stock) -> Expected:
    """Unsorted, doubled, missing, foreign and unknown infos; in every mailbox."""
    renames: list[tuple[str, int, str]] = []
    altered: dict[tuple[str, str], tuple[What, What]] = {}
    # Courier runs without end when it meets a doubled one.
    infos = _INFOS if stock.keywords_in_names else [one for one in _INFOS if one[0].count(":") < 2]
    for place, (mailbox, number) in enumerate(stock.every(5)):
        info, before, after = infos[place % len(infos)]
        base = stock.filename(mailbox, number).partition(":")[0]
        renames.append((mailbox, number, base + info))
        healthy = what(mailbox, number)
        kept = set[str]() if stock.keywords_in_names else keywords(healthy.flags)
        was, becomes = (
            healthy._replace(flags=frozenset({_SYSTEM[one] for one in flags} | kept))
            for flags in (before, after)
        )
        altered[mailbox, healthy.body] = was, becomes
    stock.rename(renames)
    done = {"fix-flags": len(renames)}
    return Expected(fix("bad-flags"), done, Change(altered=altered), seen="other")


def keywords(flags: Iterable[str]) -> set[str]:
    return {one for one in flags if not one.startswith("\\")}


def misfiled(stock: Stock) -> Expected:
    """Mail in a folder's own directory, with a keyword, and in one below it that is none."""
    stock.server.make_directory(".Sent/old")
    new = Counted()
    count = stock.count // 10
    for number in range(ADDED, ADDED + count):
        mail = f"{moment(number)}.M{number}P1.host"
        nested = number % 2
        path = f".Sent/old/{mail},U=7:2,S" if nested else f".Sent/{mail}:2,FSb"
        stock.server.put(path, message(number), moment(number))
        flags = {"\\Seen"} if nested else {"\\Flagged", "\\Seen"}
        if not nested and stock.keywords_in_names:
            flags.add("Work")
        new["Sent", added(number, flags)] += 1
    return Expected(fix("misfiled"), {"file": count}, Change(new=new), mailbox="Sent")


def added(number: int, flags: set[str]) -> What:
    """A message that damage brings along."""
    return What(frozenset(flags), received(moment(number)), digest(message(number)))


def undelivered(stock: Stock) -> Expected:
    """Whole messages that a delivery has left in tmp/."""
    new = Counted()
    count = stock.count // 10
    for number in range(ADDED, ADDED + count):
        path = f".Sent/tmp/{moment(number)}.M{number}P1.host"
        stock.server.put(path, message(number), moment(number))
        new["Sent", added(number, set())] += 1
    return Expected(fix("in-tmp"), {"file": count}, Change(new=new), mailbox="Sent")


def wrong_folder(stock: Stock) -> Expected:
    """Messages that are to go to another folder, which knows not all of their keywords."""
    victims = stock.every(4, "Sent")
    gone, new = Counted(), Counted()
    for mailbox, number in victims:
        gone[mailbox, what(mailbox, number)] += 1
        new["Archives", what(mailbox, number)] += 1
    paths = [stock.path(mailbox, number) for mailbox, number in victims]
    words = ("file", *paths, "--to", "Archives")
    return Expected(words, {"file": len(victims)}, Change(new, gone), mailbox="Sent")


def one_name_for_two(stock: Stock) -> Expected:
    """Another message in new/ under the base name of one in cur/: a server shows but one."""
    victims = stock.every(10, "INBOX")
    new = Counted()
    for mailbox, number in victims:
        base = stock.filename(mailbox, number).partition(":")[0]
        other = message(number).replace(b"Text of", b"Note of")  # the sizes in the name fit both
        stock.server.put(f"new/{base}", other, moment(number))
        new["INBOX", What(frozenset(), received(moment(number)), digest(other))] += 1
    done = {"rename": len(victims)}
    return Expected(fix("name-clash"), done, Change(new=new), seen="never")


def bad_names(stock: Stock) -> Expected:
    """Names too long, with two sizes, with a control character; and mail in a dot file."""
    renames: list[tuple[str, int, str]] = []
    for place, (mailbox, number) in enumerate(stock.every(5, "INBOX")):
        base, _, info = stock.filename(mailbox, number).partition(":")
        bad = (f"{base}{'x' * 200}", base.replace(",S=", ",S=1,S="), f"\x01{base}")[place % 3]
        renames.append((mailbox, number, f"{bad}:{info}"))
    stock.rename(renames)
    new = Counted()
    for number in range(ADDED, ADDED + stock.count // 25):
        stock.server.put(f"cur/.{moment(number)}.M1P1.host:2,S", message(number), moment(number))
        new["INBOX", added(number, {"\\Seen"})] += 1
    done = {"rename": len(renames) + new.total()}
    return Expected(fix("bad-name"), done, Change(new=new), reading="tolerant")


def one_uid_for_two(stock: Stock) -> Expected:
    """mbsync's `,U=` twice in a folder."""
    renames: list[tuple[str, int, str]] = []
    victims = stock.every(4, "Sent")
    victims = victims[: len(victims) // 2 * 2]
    for place, (mailbox, number) in enumerate(victims):
        base, _, info = stock.filename(mailbox, number).partition(":")
        renames.append((mailbox, number, f"{base},U={1 + place // 2}:{info}"))
    stock.rename(renames)
    return Expected(fix("uid-clash"), {"rename": len(victims) // 2}, mailbox="Sent")


def other_flags(stock: Stock) -> Expected:
    """Flags the operator sets; keywords stay."""
    altered: dict[tuple[str, str], tuple[What, What]] = {}
    paths: list[str] = []
    for mailbox, number in stock.every(5, "INBOX"):
        flags = flags_of(mailbox, number)
        wanted = frozenset({"\\Flagged", "\\Seen", *keywords(flags)})
        if flags != wanted:
            healthy = what(mailbox, number)
            altered[mailbox, healthy.body] = healthy, healthy._replace(flags=wanted)
        paths.append(stock.path(mailbox, number))
    words = ("flags", *paths, "--set", "FS")
    return Expected(words, {"fix-flags": len(altered)}, Change(altered=altered))


def wrong_dates(stock: Stock) -> Expected:
    """Times that are not those of the headers: the only remedy that is to change INTERNALDATE."""
    altered: dict[tuple[str, str], tuple[What, What]] = {}
    for mailbox, number in stock.every(10, "INBOX"):
        path = stock.server.spool / stock.path(mailbox, number)
        wrong = moment(number) + 500 * 86400
        os.utime(path, (wrong, wrong))
        healthy = what(mailbox, number)
        altered[mailbox, healthy.body] = healthy._replace(received=received(wrong)), healthy
    done = {"fix-date": len(altered)}
    change = Change(altered=altered)
    return Expected(fix("bad-date"), done, change, seen="other", old_dates=True)


NAMES: Mapping[str, Damage] = {
    "fix-size": wrong_sizes,
    "fix-size in the list": wrong_sizes_of_the_list,
    "fix-flags": bad_infos,
    "flags --set": other_flags,
    "fix-date": wrong_dates,
    "file misfiled": misfiled,
    "file in-tmp": undelivered,
    "file --to": wrong_folder,
    "rename name-clash": one_name_for_two,
    "rename bad-name": bad_names,
    "rename uid-clash": one_uid_for_two,
}

MANY = {"fix-size", "fix-size in the list", "file misfiled", "rename uid-clash", "fix-uidlist"}
"""Repairs that depend on the size of a folder or its list."""


def sizes(remedies: Mapping[str, Damage]) -> list[object]:
    """Each remedy with 50 messages, and with 5,000 where that may matter; with
    `MAILSURGEON_CRASH=full` all with both."""
    full = os.environ.get("MAILSURGEON_CRASH") == "full"
    return [
        pytest.param(damage, count, id=f"{name}-{count}")
        for count in (50, 5_000)
        for name, damage in remedies.items()
        if count == 50 or full or name in MANY
    ]
