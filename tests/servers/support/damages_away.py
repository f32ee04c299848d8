"""Damage that ends in the quarantine, and damage to folders and the servers' own files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from tests.servers.support.damages import Damage, Expected, fix
from tests.servers.support.dovecot import message, moment
from tests.servers.support.served import Change, Counted, What, digest
from tests.servers.support.stock import ADDED, Stock, flags_of, received, what

JUNK = b"#!/bin/sh\necho this is no mail\n"


def leftovers(stock: Stock) -> Expected:
    """Old files in tmp/: empty, cut, and copies of filed mail. No client sees any of them."""
    count = stock.count // 10
    for place, number in enumerate(stock.numbers("Sent")[:count]):
        size = len(message(number))
        text = (b"", message(number)[:-9], message(number))[place % 3]
        name = f"{moment(number)}.M9P9.host" + (f",S={size}" if place % 3 == 1 else "")
        stock.server.put(f".Sent/tmp/{name}", text, moment(number))
    kinds = ("quarantine empty", "quarantine cut", "quarantine copy")
    done = {kind: len(range(place, count, 3)) for place, kind in enumerate(kinds)}
    return Expected(fix("in-tmp"), done, mailbox="Sent")


def misfiled_copies(stock: Stock) -> Expected:
    """Beside cur/ what lies in cur/ too."""
    victims = stock.every(4, "Sent")
    for _, number in victims:
        stock.server.put(f".Sent/{moment(number)}.M9P9.host:2,S", message(number), moment(number))
    return Expected(fix("misfiled"), {"quarantine copy": len(victims)}, mailbox="Sent")


def copies(stock: Stock) -> Expected:
    """Served twice in one folder: one is kept, under its UID, and gets the flags of the other."""
    gone = Counted()
    altered: dict[tuple[str, str], tuple[What, What]] = {}
    victims = stock.every(10, "Sent")
    for mailbox, number in victims:
        when = moment(ADDED + number)
        stock.server.put(f".Sent/cur/{when}.M9P9.host:2,R", message(number), when)
        gone[mailbox, What(frozenset({"\\Answered"}), received(when), digest(message(number)))] += 1
        kept = what(mailbox, number)
        united = kept.flags | {"\\Answered"}
        altered[mailbox, kept.body] = kept, kept._replace(flags=united)
    change = Change(gone=gone, altered=altered)
    done = {"quarantine copy": len(victims)}
    return Expected(fix("duplicate-id"), done, change, seen="other", mailbox="Sent")


def twins(stock: Stock) -> Expected:
    """The same bytes under one base name in new/ and cur/."""
    victims = stock.every(10, "INBOX")
    for mailbox, number in victims:
        base = stock.filename(mailbox, number).partition(":")[0]
        stock.server.put(f"new/{base}", message(number), moment(number))
    return Expected(fix("name-clash"), {"quarantine twin": len(victims)}, seen="never")


def empties(stock: Stock) -> Expected:
    """Messages that have lost all their text: clients will see them deleted."""
    return _emptied(stock, b"", "empty", "quarantine empty")


def no_mail(stock: Stock) -> Expected:
    """Files in cur/ that are no mail."""
    return _emptied(stock, JUNK, "not-mail", "quarantine")


def _emptied(stock: Stock, text: bytes, code: str, verdict: str) -> Expected:
    gone = Counted()
    for mailbox, number in stock.every(10, "INBOX"):
        (path,) = stock.rename([(mailbox, number, stock.filename(mailbox, number, sizes=False))])
        stock.server.put(path, text, moment(number))
        seen = What(flags_of(mailbox, number), received(moment(number)), digest(text))
        gone[mailbox, seen] += 1
    return Expected(fix(code), {verdict: gone.total()}, Change(gone=gone), seen="other")


def backup(stock: Stock) -> Expected:
    """A folder that is called a backup."""
    (stock.server.spool / ".Archives").rename(stock.server.spool / ".Archives-backup")
    takes = ("Archives-backup",)
    return Expected(fix("backup-folder"), {"quarantine folder": 1}, seen="other", takes=takes)


def bloated(stock: Stock) -> Expected:
    """Dovecot's cache of a folder grown over 1 GiB (a sparse file)."""
    os.truncate(stock.server.spool / ".Sent" / "dovecot.index.cache", (1 << 30) + 1)
    # Whether somebody has it open not every root of a container can see.
    words = (*fix("bloated-index"), "--force")
    return Expected(words, {"quarantine": 1}, seen="never")


def missing_subdirs(stock: Stock) -> Expected:
    """INBOX without new/ and tmp/."""
    for part in ("new", "tmp"):
        (stock.server.spool / part).rmdir()
    return Expected(fix("missing-subdir"), {"make-subdirs": 1}, seen="never")


def bad_modes(stock: Stock) -> Expected:
    """Messages that others may write, and such that their owner cannot read."""
    victims = stock.every(5, "INBOX")
    for place, (mailbox, number) in enumerate(victims):
        path = stock.server.spool / stock.path(mailbox, number)
        # Courier dates what it cannot open at this very second.
        path.chmod((0o602, 0o200 if stock.dates_unreadable else 0o606)[place % 2])
    done = {"fix-permissions": len(victims)}
    return Expected(fix("bad-permissions"), done, reading="none")


def damaged_list(stock: Stock) -> Expected:
    """Lines in the list of UIDs for which Dovecot would throw all of it away."""
    place = stock.list_place("INBOX")
    lines = place.read_bytes().splitlines(keepends=True)
    lines[4:4] = [b"this is no record\n", b"0 :1300000000.M1P1.host\n"]
    stock.server.replace(place, b"".join(lines))
    return Expected(fix("uidlist-damaged"), {"fix-uidlist": 1}, seen="never")


def nested_folder(stock: Stock) -> Expected:
    """A whole Maildir inside another folder's directory, where no server sees it."""
    (stock.server.spool / ".Archives").rename(stock.server.spool / ".Sent" / "Archives")
    brings = {"Sent.Archives": "Archives"}
    return Expected(fix("nested-folder"), {"lift-folder": 1}, seen="other", brings=brings)


def stale_lock(stock: Stock) -> Expected:
    """The lock of a process that is gone."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    mark = f"{gone.pid}:{os.uname().nodename}".encode()
    stock.server.put("dovecot-uidlist.lock", mark)
    return Expected(fix("stale-lock"), {"quarantine": 1}, seen="never")


AWAY: Mapping[str, Damage] = {
    "quarantine tmp leftover": leftovers,
    "quarantine misfiled copy": misfiled_copies,
    "quarantine served copy": copies,
    "quarantine identical twin": twins,
    "quarantine empty": empties,
    "quarantine not-mail": no_mail,
    "quarantine backup folder": backup,
    "quarantine bloated-index": bloated,
    "quarantine stale-lock": stale_lock,
}
FOLDERS: Mapping[str, Damage] = {
    "make-subdirs": missing_subdirs,
    "fix-permissions": bad_modes,
    "fix-uidlist": damaged_list,
    "lift-folder": nested_folder,
}
