"""The names of keywords in each folder, and the letters a plan assigns.

It writes nothing. All messages of one plan use the same letters: each one assigned is noted here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.lists import courier_keywords, keywords
from mailsurgeon.maildir.lists.keywords import Keywords, Numbered
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS, DOVECOT_KEYWORDS
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.servers.files import LARGEST_SMALL_FILE


@dataclass(slots=True)
class Letters:
    """The letters of one folder. `added`: those this plan assigns, in order.

    `made`: the folder has no file of them yet. `closed`: why none can be added; empty if they can.
    """

    known: Keywords
    made: bool
    closed: str
    added: list[Numbered] = field(default_factory=list[Numbered])

    def number_of(self, name: bytes) -> int | None:
        """The number of a name that the folder has or gets by this plan; None without one."""
        number = self.known.number_of(name)
        if number is None:
            number = Keywords(dict(self.added)).number_of(name)
        return number

    def add(self, name: bytes) -> str:
        """Assigns a letter to `name`; returns why it cannot, or an empty text."""
        if self.closed:
            return self.closed
        if not keywords.is_fit(name):
            return "it is not a valid IMAP keyword"
        number = self.known.free_number(number for number, _ in self.added)
        if number is None:
            return f"all {keywords.LETTERS} letters are in use there"
        self.added.append((number, name))
        return ""

    def up_to(self, numbers: frozenset[int]) -> list[Numbered]:
        """The names to add before a message may use these letters.

        It includes all assigned earlier. A running server that sees a letter beyond a gap would
        take a name that fills the gap later for a lost one.
        """
        places = [place for place, (number, _) in enumerate(self.added) if number in numbers]
        return self.added[: max(places, default=-1) + 1]


@dataclass(frozen=True, slots=True)
class _CourierFolder:
    listed: bytes
    updates: dict[bytes, list[bytes]]  # file names by base name


class KeywordBook:
    """The keywords of a spool's folders, each folder read once. Made for one plan."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._letters: dict[bytes, Letters] = {}
        self._courier: dict[bytes, _CourierFolder | None] = {}

    def letters(self, folder: bytes) -> Letters:
        """Dovecot's letters of a folder (path relative to the spool)."""
        if folder not in self._letters:
            self._letters[folder] = self._read_letters(folder)
        return self._letters[folder]

    def _read_letters(self, folder: bytes) -> Letters:
        home = self._spool.control_of(folder)
        path = os.path.join(home, DOVECOT_KEYWORDS)
        data = read_small(path, LARGEST_SMALL_FILE)
        known = keywords.parse_keywords(data or b"")
        closed = f"the list of names there is damaged: {known.damage}" if known.damage else ""
        if data is None and os.path.lexists(path):
            closed = "the list of names there is not a plain file of usual size"
        elif not os.path.isdir(home):
            closed = "Dovecot has not opened the folder yet"
        return Letters(known, data is None, closed)

    def courier(self, folder: bytes, base: bytes) -> tuple[bytes, ...]:
        """The keywords Courier keeps for a message of a folder, by its base name."""
        if folder not in self._courier:
            self._courier[folder] = self._read_courier(folder)
        kept = self._courier[folder]
        if kept is None:
            return ()
        updates = {
            name: read_small(os.path.join(self.courier_home(folder), name), LARGEST_SMALL_FILE)
            or b""
            for name in kept.updates.get(base, ())
        }
        return courier_keywords.effective(kept.listed, updates, base)

    def courier_home(self, folder: bytes) -> bytes:
        """Courier's absolute directory for a folder's keywords."""
        return os.path.join(self._spool.absolute(folder), COURIER_KEYWORDS)

    def _read_courier(self, folder: bytes) -> _CourierFolder | None:
        home = self.courier_home(folder)
        try:
            names = [os.fsencode(name) for name in os.listdir(home)]
        except OSError:
            return None
        updates: dict[bytes, list[bytes]] = {}
        for name in names:
            base = courier_keywords.update_base(name)
            if base is not None:
                updates.setdefault(base, []).append(name)
        listed = read_small(
            os.path.join(home, courier_keywords.LIST), courier_keywords.LARGEST_COURIER_LIST
        )
        return _CourierFolder(listed or b"", updates) if listed or updates else None
