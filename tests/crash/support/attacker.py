"""The owner of a spool as root's enemy: a process of that user's that swaps what root works on.

It takes away nothing for good: what it has put aside it puts back, so that each message is
somewhere when it has ended.
"""

from __future__ import annotations

import os
import random
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mailsurgeon.surgery.fsops import at

USER = 61_235
"""A user and group nobody has."""

LOCKS = (
    "dovecot-uidlist.lock", "dovecot-uidlist.lock.mailsurgeon", "dovecot-uidlist.lock.stale",
    "dovecot-uidlist.lock.dead", "dovecot-uidlist.mailsurgeon", "tmp/courier.lock",
    "tmp/courier.lock.mailsurgeon", "courierimapuiddb.mailsurgeon", "dovecot-keywords.mailsurgeon",
    "maildirsize.mailsurgeon", ".mailsurgeon-unfinished", ".uidvalidity",
)  # fmt: skip
LISTS = (
    "dovecot-uidlist", "courierimapuiddb", "courierimapkeywords", "courierimapkeywords/:list",
    "dovecot-keywords", "maildirsize",
)  # fmt: skip
DIRECTORIES = ("cur", "new", "tmp", ".Sent", ".Sent/cur", ".Sent/new")
_SPINS = 400  # turns of an empty loop that a swap stands at most


@dataclass(frozen=True)
class Weapons:
    """What the attacker puts in the place of things.

    `files` and `directories` are root's, outside; `links` a directory with hard links to `files`;
    `trap` a directory of root's that lies where the attacker may rename it.
    """

    home: Path  # the attacker's own, with mail/Maildir in it
    files: tuple[Path, ...]
    directories: tuple[Path, ...]
    links: Path
    trap: Path


class Attacker:
    """Its swaps, each of which is taken back at once."""

    def __init__(self, weapons: Weapons, seed: int) -> None:
        self.weapons = weapons
        self.dice = random.Random(seed)
        self.swaps = 0
        self.stopped = False
        self.root = weapons.home / "mail" / "Maildir"
        self.quarantine = weapons.home / "mail" / ".Maildir.quarantine"
        self.aside = weapons.home / "aside"
        self.aside.mkdir(exist_ok=True)

    def run(self) -> None:
        kinds: tuple[Callable[[], None], ...] = (
            self._directory, self._directory, self._message, self._message, self._lock,
            self._lock, self._list, self._quarantine, self._parent, self._trap,
        )  # fmt: skip
        while not self.stopped:
            with suppress(OSError):
                self.dice.choice(kinds)()
            if self.swaps % 50 == 0:
                self._take_back_links()

    def _take_back_links(self) -> None:
        """What was put under the name of a draft may have been renamed with it."""
        for folder in ("", ".Sent"):
            for name in LISTS:
                self._cleared(self.root / folder / name)

    def _directory(self) -> None:
        self._swapped(self.root / self.dice.choice(DIRECTORIES), [self._link_to_directory])

    def _message(self) -> None:
        part = self.root / self.dice.choice(("", "cur", "new", ".Sent/cur"))
        names = [name for name in os.listdir(part) if name[:1].isdigit()]
        self._swapped(part / self.dice.choice(names or ["1"]), self._anything())

    def _lock(self) -> None:
        folder = self.root / self.dice.choice(("", ".Sent"))
        self._swapped(folder / self.dice.choice(LOCKS), self._anything())

    def _list(self) -> None:
        folder = self.root / self.dice.choice(("", ".Sent"))
        self._swapped(folder / self.dice.choice(LISTS), self._anything())

    def _quarantine(self) -> None:
        names = ["", *os.listdir(self.quarantine)] if self.quarantine.is_dir() else [""]
        self._swapped(self.quarantine / self.dice.choice(names), [self._link_to_directory])

    def _parent(self) -> None:
        self._swapped(self.weapons.home / "mail", [self._link_to_directory])

    def _trap(self) -> None:
        """Root's own directory in the place of one that root makes, in the same directory."""
        place = self.weapons.trap.with_name(self.quarantine.name)
        os.rename(self.weapons.trap, place)
        self._spin()
        os.rename(place, self.weapons.trap)
        self.swaps += 1

    def _anything(self) -> list[Callable[[Path], None]]:
        return [self._link_to_file, self._link_to_directory, self._hard_link, self._pipe]

    def _swapped(self, place: Path, kinds: list[Callable[[Path], None]]) -> None:
        """Something else in a place for a moment; what was there comes back."""
        aside = self.aside / f"{self.swaps}"
        with suppress(OSError):
            os.rename(place, aside)
        try:
            self.dice.choice(kinds)(place)
            self.swaps += 1
            self._spin()
        finally:
            self._cleared(place)
            if os.path.lexists(aside):
                self._put_back(aside, place)

    def _cleared(self, place: Path) -> None:
        """Takes away what was put there; a hard link goes back to the others."""
        with suppress(OSError):
            if place.is_symlink() or place.is_fifo():
                place.unlink()
            elif os.lstat(place).st_uid == 0 and place.is_file():
                os.rename(place, self.weapons.links / f"back{self.swaps}")

    def _put_back(self, aside: Path, place: Path) -> None:
        with suppress(OSError):
            if not os.path.lexists(place):
                os.rename(aside, place)

    def _link_to_file(self, place: Path) -> None:
        place.symlink_to(self.dice.choice(self.weapons.files))

    def _link_to_directory(self, place: Path) -> None:
        place.symlink_to(self.dice.choice(self.weapons.directories))

    def _hard_link(self, place: Path) -> None:
        """One that root has made: the kernel may not allow it to others."""
        links = os.fsencode(self.weapons.links)
        link = os.path.join(links, self.dice.choice(os.listdir(links)))
        at.rename_no_replace(
            -1, link, -1, os.fsencode(place)
        )  # a message that is back is not replaced

    def _pipe(self, place: Path) -> None:
        os.mkfifo(place)

    def _spin(self) -> None:
        for _ in range(self.dice.randrange(_SPINS)):
            pass


@contextmanager
def attacking(weapons: Weapons, seed: int) -> Iterator[Callable[[], int]]:
    """The attacker at work; what is yielded ends it and tells how many swaps it has made."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        _attack(weapons, seed, tell)
    os.close(tell)
    ended: list[int] = []

    def end() -> int:
        os.kill(child, signal.SIGTERM)
        with os.fdopen(told) as said:
            text = said.read()
        assert os.waitpid(child, 0)[1] == 0, f"the attacker has failed: {text}"
        ended.append(int(text))
        return ended[0]

    try:
        yield end
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _attack(weapons: Weapons, seed: int, tell: int) -> None:
    code = 1
    try:
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
        os.umask(0)
        one = Attacker(weapons, seed)

        def stop(*_: object) -> None:
            one.stopped = True

        signal.signal(signal.SIGTERM, stop)
        one.run()
        os.write(tell, b"%d" % one.swaps)
        code = 0
    except BaseException:
        os.write(tell, traceback.format_exc().encode()[-2000:])
    finally:
        os._exit(code)
