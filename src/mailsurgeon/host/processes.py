"""Who has the spool open, as far as this user may see it: `/proc/PID/fd` and `/proc/PID/cwd`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.text import visible

_PATHS = 5  # open paths named a process


def users_of(spool: Spool, proc: bytes = b"/proc") -> Users:
    """Processes, this one aside, with something below the spool open or as working directory.

    `hidden` counts the processes whose files this user may not see. Where there is no `/proc`
    (not Linux) nothing is found and `hidden` is -1.
    """
    found: dict[int, tuple[str, tuple[str, ...]]] = {}
    hidden = 0
    try:
        numbers = [int(name) for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        return Users(hidden=-1)
    ours = _family()
    for number in sorted(numbers):
        if number in ours:
            continue
        place = os.path.join(proc, str(number).encode())
        try:
            paths = _paths_below(place, spool.root)
        except PermissionError:
            hidden += 1
            continue
        except OSError:
            continue  # it has ended meanwhile
        if paths:
            found[number] = (_name(place), tuple(paths))
    return Users(found, hidden)


def _family() -> set[int]:
    """This process and its workers, which have the spool open by nature."""
    ours = {os.getpid()}
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as children:
            ours.update(map(int, children.read().split()))
    except OSError:
        pass
    return ours


def _paths_below(place: bytes, root: bytes) -> list[str]:
    paths: set[bytes] = set()
    links = [os.path.join(place, b"fd", name) for name in os.listdir(os.path.join(place, b"fd"))]
    for link in (*links, os.path.join(place, b"cwd")):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target == root or target.startswith(root.rstrip(b"/") + b"/"):
            paths.add(os.path.relpath(target, root))
    return [visible(path) for path in sorted(paths)[:_PATHS]]


def _name(place: bytes) -> str:
    try:
        with open(os.path.join(place, b"comm"), "rb") as comm:
            return visible(comm.read(64).strip())
    except OSError:
        return "?"


def users_text(users: Users) -> str:
    """`imap ×2, mbsync have it open`; empty when nobody is seen."""
    counts: dict[str, int] = {}
    for name, _paths in users.found.values():
        counts[name] = counts.get(name, 0) + 1
    if not counts:
        return ""
    names = ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in sorted(counts.items()))
    return f"{names} {'has' if sum(counts.values()) == 1 else 'have'} it open"


@dataclass(frozen=True, slots=True)
class Users:
    """Who has the spool open: process names and numbers; `hidden` could not be looked at."""

    found: Mapping[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    hidden: int = 0
