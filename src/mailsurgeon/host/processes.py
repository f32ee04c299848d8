"""Reads /proc: which processes have a file open, run under a name, or hold a lock.

Only root may see the open files of another user's process, and a /proc mounted with `hidepid` does
not even list such processes. Each method says what it returns if it could not see everything. Each
call walks /proc once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from mailsurgeon.text import visible

_FIRST_NAMESPACE = 0xEFFF_FFFC
"""The inode of the first PID namespace (PROC_PID_INIT_INO in the kernel's proc_ns.h)."""
_PATHS = 5  # the most open paths that are reported of a process


@dataclass(frozen=True, slots=True)
class Users:
    """The processes that have a spool open.

    `found` gives by process id the name and the open paths, relative to the spool (`.` is its
    root). `hidden` counts the processes whose open files could not be seen; -1 without /proc.
    """

    found: Mapping[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """The ids of processes that have files of one device open, by inode. `complete`: the open files
    of all processes could be seen."""

    holders: Mapping[int, Collection[int]]
    complete: bool

    def of(self, inode: int) -> list[int] | None:
        """The ids of processes that have this inode open; None if none was found, but not all
        processes could be seen."""
        found = sorted(self.holders.get(inode, ()))
        return found if found or self.complete else None


@dataclass(frozen=True, slots=True)
class Started:
    """The id of a process, and the name it was started under, without directories."""

    name: bytes
    number: int


class Processes:
    """The processes listed in `proc`."""

    def __init__(self, proc: bytes = b"/proc") -> None:
        self._proc = proc

    # Questions

    def users_of(self, root: bytes) -> Users:
        """The processes that have something at or below the directory `root` open, or as working
        directory; this process and its workers are left out."""
        try:
            numbers = self._numbers()
        except OSError:
            return Users(hidden=-1)
        ours = self._family()
        found: dict[int, tuple[str, tuple[str, ...]]] = {}
        hidden = 0
        for number in numbers:
            if number in ours:
                continue
            try:
                below = set(_below(root, [*self.descriptors(number), self._of(number, b"cwd")]))
            except PermissionError:
                hidden += 1
                continue
            except OSError:
                continue  # it has ended meanwhile
            if below:
                paths = sorted(os.path.relpath(path, root) for path in below)[:_PATHS]
                found[number] = self._name(number), tuple(map(visible, paths))
        return Users(found, hidden)

    def holders_of(self, path: bytes) -> list[int] | None:
        """The ids of the processes that have the file at this absolute path open; None if none was
        found, but not all processes could be seen."""
        try:
            numbers = self._numbers()
        except OSError:
            return None
        holders: list[int] = []
        hidden = False
        for number in numbers:
            try:
                if path in self._open_paths(number):
                    holders.append(number)
            except PermissionError:
                hidden = True
            except OSError:
                continue  # it has ended
        return holders or (None if hidden else [])

    def open_on(self, device: int) -> OpenFiles:
        """All open files of one device."""
        holders: dict[int, set[int]] = {}
        try:
            numbers = self._numbers()
        except OSError:
            return OpenFiles(holders, complete=False)
        complete = True
        for number in numbers:
            try:
                links = self.descriptors(number)
            except FileNotFoundError:
                continue  # it has ended
            except OSError:
                complete = False
                continue
            for link in links:
                with suppress(OSError):
                    status = os.stat(link)
                    if status.st_dev == device:
                        holders.setdefault(status.st_ino, set()).add(number)
        return OpenFiles(holders, complete)

    def at_work(self, names: Collection[bytes], root: bytes, owner: int) -> Started | None:
        """The first process that was started under one of these names, and either runs as the user
        id `owner` or has something at or below `root` open; None if none is found."""
        try:
            numbers = self._numbers()
        except OSError:
            return None
        for number in numbers:
            # The command line of a script begins with its interpreter, then the script.
            words = (os.path.basename(word) for word in self._command(number)[:2])
            name = next((word for word in words if word in names), b"")
            if name and (self._runs_as(number, owner) or self._is_inside(number, root)):
                return Started(name, number)
        return None

    def flock_holder(self, file: os.stat_result) -> int:
        """The id of the process that holds a flock on this file, by the kernel's list of locks; 0
        if unknown."""
        wanted = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
        table = os.path.join(self._proc, b"locks")
        with suppress(OSError, ValueError), open(table, encoding="ascii") as lines:
            for line in lines:
                words = line.split()
                if "FLOCK" in words and wanted in words:
                    return max(0, int(words[words.index(wanted) - 1]))
        return 0

    # One process

    def descriptors(self, number: int) -> list[bytes]:
        """The paths of the links in /proc to a process's open files. Raises OSError (often
        PermissionError) if they cannot be seen."""
        home = self._of(number, b"fd")
        return [os.path.join(home, name) for name in os.listdir(home)]

    def _open_paths(self, number: int) -> Iterator[bytes]:
        for link in self.descriptors(number):
            with suppress(FileNotFoundError):  # closed meanwhile
                yield os.readlink(link)

    def _is_inside(self, number: int, root: bytes) -> bool:
        links = [self._of(number, b"cwd")]
        with suppress(OSError):
            links += self.descriptors(number)
        return any(True for _ in _below(root, links))

    def _command(self, number: int) -> list[bytes]:
        """The words of the process's command line; none if they cannot be read."""
        try:
            with open(self._of(number, b"cmdline"), "rb") as file:
                return file.read(4096).split(b"\0")
        except OSError:
            return []

    def _name(self, number: int) -> str:
        try:
            with open(self._of(number, b"comm"), "rb") as file:
                return visible(file.read(64).strip())
        except OSError:
            return "?"

    def _runs_as(self, number: int, user: int) -> bool:
        try:
            return os.stat(self._of(number)).st_uid == user
        except OSError:
            return False

    # All processes

    def _numbers(self) -> list[int]:
        """The ids of all processes. Raises OSError without /proc."""
        return sorted(int(name) for name in os.listdir(self._proc) if name.isdigit())

    def _family(self) -> set[int]:
        """The ids of this process and its workers, which naturally have the spool open."""
        ours = {os.getpid()}
        listed = os.path.join(self._proc, b"self/task/%d/children" % os.getpid())
        with suppress(OSError), open(listed) as children:
            ours.update(map(int, children.read().split()))
        return ours

    def _of(self, number: int, name: bytes = b"") -> bytes:
        return os.path.join(self._proc, b"%d" % number, name)


def single_threaded() -> bool:
    """Whether this process has one thread, those of libraries counted too."""
    if threading.active_count() > 1:
        return False
    with suppress(OSError):
        return len(os.listdir("/proc/self/task")) == 1
    return True


def lives(number: int, proc: bytes = b"/proc", *, but_us: bool = False) -> bool | None:
    """Whether the process lives that a file names by this id and the name of this host; None if it
    cannot be known.

    Containers may have this host's name but a PID namespace of their own (pid_namespaces(7)). From
    the first namespace all processes can be seen, with the ids that they have in their own; from
    another one, those outside cannot. `but_us`: this process does not count, for a file that it
    did not write.
    """
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        pass
    except OSError:
        return True
    else:
        if number != os.getpid() or not but_us:
            return True
    try:
        first = os.stat(os.path.join(proc, b"self/ns/pid")).st_ino == _FIRST_NAMESPACE
        return _has_inner_id(number, proc) if first else None
    except OSError:
        return None


def _has_inner_id(number: int, proc: bytes) -> bool:
    """Whether a process has this id in a PID namespace of its own. Raises OSError without /proc."""
    wanted = b"%d" % number
    for name in os.listdir(proc):
        if name.isdigit():
            with suppress(OSError), open(os.path.join(proc, name, b"status"), "rb") as file:
                ids = file.read(8192).partition(b"\nNSpid:")[2].partition(b"\n")[0].split()
                if wanted in ids[1:]:
                    return True
    return False


def _below(root: bytes, links: Collection[bytes]) -> Iterator[bytes]:
    """The targets of those links that lead to `root` or below it."""
    inside = root.rstrip(b"/") + b"/"
    for link in links:
        with suppress(OSError):
            target = os.readlink(link)
            if target == root or target.startswith(inside):
                yield target


def users_text(users: Users) -> str:
    """Text such as `imap ×2, mbsync have it open`; empty if no process was found."""
    counts: dict[str, int] = {}
    for name, _paths in users.found.values():
        counts[name] = counts.get(name, 0) + 1
    if not counts:
        return ""
    names = ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in sorted(counts.items()))
    return f"{names} {'has' if sum(counts.values()) == 1 else 'have'} it open"
