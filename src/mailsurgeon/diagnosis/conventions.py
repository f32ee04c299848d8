"""How the names of a folder end: the separator before the info, and names without one. Pure.

KMail writes `!` or `_` for the colon, programs on Windows `;`; copies escape it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import NamedTuple

from mailsurgeon.maildir.filename import (
    FOREIGN,
    NO_NEIGHBOURS,
    NONE,
    Info,
    Neighbours,
    neighbours_of,
    parse_info,
)

_COLON = parse_info(b"x:2,")  # a name with a colon has no foreign separator, whatever else it has


class Conventions(NamedTuple):
    """`separator`: the foreign one that the folder uses, in lower case; None for the colon.

    `served`: a server, which reads colons alone, keeps a list of UIDs for the folder. `neighbours`:
    what its names tell about one that ends in `2,` without a separator.
    """

    separator: bytes | None = None
    served: bool = False
    neighbours: Neighbours = NO_NEIGHBOURS

    @property
    def written(self) -> bytes:
        """The separator to write into the names of the folder."""
        return b":" if self.separator is None or self.served else self.separator.upper()


def conventions_of(
    odd: Sequence[bytes],
    usual: int,
    store: bytes | None,
    *,
    highest_uid: Callable[[], int | None],
    served: Callable[[], bool],
) -> Conventions:
    """The conventions of a folder with the names `odd` without a colon and so many others.

    `store`: the foreign separator of the whole spool, if it has one. The others are called only
    where they matter: for the last UID that mbsync assigned here, and for whether a server lists
    the folder.
    """
    if not odd and store is None:
        return Conventions()
    own = store_separator(chain(map(parse_info, odd), repeat(_COLON, usual)), store)
    marked = any(b",U=" in name for name in odd)
    neighbours = neighbours_of(odd, highest_uid() if marked else None)
    return Conventions(own, own is not None and served(), neighbours)


def store_separator(infos: Iterable[Info], store: bytes | None = None) -> bytes | None:
    """The foreign separator that more than half of the infos have, and at least two of them; None
    when there is no such separator.

    `store`: that of the whole spool, which a folder follows if less than two names have an info.
    """
    with_info = 0
    counts: dict[bytes, int] = {}
    for info in infos:
        if info.kind != NONE:
            with_info += 1
        if info.kind == FOREIGN:
            counts[info.separator] = counts.get(info.separator, 0) + 1
    if with_info < 2:
        return store
    for separator, count in counts.items():
        if count >= 2 and count * 2 > with_info:
            return separator
    return None


class StoreCount:
    """Counts the separators in the names of a whole spool."""

    def __init__(self) -> None:
        self._odd: list[Info] = []
        self._usual = 0

    def add(self, names: Sequence[bytes]) -> None:
        """Takes the names in one cur."""
        if b"\0".join(names).count(b":2,") == len(names):  # told apart quickly: nearly always
            self._usual += len(names)
            return
        odd = [name for name in names if b":" not in name]
        self._usual += len(names) - len(odd)
        self._odd += [info for info in map(parse_info, odd) if info.kind != NONE]

    def add_usual(self, number: int) -> None:
        """Takes so many names with a usual info."""
        self._usual += number

    def add_count(self, other: StoreCount) -> None:
        """Takes what another count has."""
        self._odd += other._odd
        self._usual += other._usual

    @property
    def separator(self) -> bytes | None:
        """The foreign separator that most names use; None for the colon."""
        if not self._odd:
            return None
        return store_separator(chain(self._odd, repeat(_COLON, self._usual)))
