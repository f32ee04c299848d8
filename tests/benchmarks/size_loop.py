"""Repairs wrong sizes in names the plain way: a loop over a spool, a list rewritten once a folder.

`python size_loop.py SPOOL [--read] [--durable JOURNAL]` finds names whose S= is not the size of the
file, and with `--read` those whose W= is not what the file's line ends make it, renames the files
and replaces the names in `dovecot-uidlist` under its lock. It keeps no record and writes nothing
through to the disk; with `--durable` it promises what a repair promises: in each folder, it takes
the lock as Dovecot does, adds a line with all renames to JOURNAL before it makes any, and makes
that line, the names in cur and new, the list and its name durable. Then, outside of the time taken,
everything is put back. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

_SIZE = re.compile(rb",S=(\d+)")
_VIRTUAL = re.compile(rb",W=(\d+)")
Renames = list[tuple[str, bytes, bytes]]  # subdirectory, name, name it shall have


def main() -> None:
    """Find, repair, put back."""
    given = _arguments()
    root: Path = given.spool
    started = time.perf_counter()
    found = {folder: list(_wrong(folder, given.read)) for folder in _folders(root)}
    looked = time.perf_counter()
    repair = _repair if given.durable is None else partial(_repair_durably, _opened(given.durable))
    for folder, renames in found.items():
        repair(folder, renames)
    ended = time.perf_counter()
    os.sync()
    durable = time.perf_counter()
    for folder, renames in found.items():
        _repair(folder, [(part, new, old) for part, old, new in renames])
    os.sync()
    print(json.dumps({
        "renamed": sum(map(len, found.values())), "looking": looked - started,
        "repairing": ended - looked, "sync": durable - ended,
    }))  # fmt: skip


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("spool", type=Path)
    parser.add_argument("--read", action="store_true")
    parser.add_argument("--durable", type=Path, metavar="JOURNAL")
    return parser.parse_args()


def _folders(root: Path) -> list[Path]:
    return [root, *(each for each in sorted(root.iterdir()) if (each / "cur").is_dir())]


def _wrong(folder: Path, read: bool) -> Iterator[tuple[str, bytes, bytes]]:
    for part in ("cur", "new"):
        directory = os.fsencode(folder / part)
        for name in sorted(os.listdir(directory)):
            path = os.path.join(directory, name)
            right = _with(name, _SIZE, os.stat(path).st_size)
            if read and b",W=" in name:
                with open(path, "rb") as file:
                    content = file.read()
                virtual = len(content) + content.count(b"\n") - content.count(b"\r\n")
                right = _with(right, _VIRTUAL, virtual)
            if right != name:
                yield part, name, right


def _with(name: bytes, field: re.Pattern[bytes], value: int) -> bytes:
    found = field.search(name)
    if found is None or int(found[1]) == value:
        return name
    return name[: found.start(1)] + b"%d" % value + name[found.end(1) :]


def _repair(folder: Path, renames: Renames) -> None:
    """Renames the files of one folder and rewrites its list."""
    if not renames:
        return
    uidlist = folder / "dovecot-uidlist"
    lock = uidlist.with_name("dovecot-uidlist.lock")
    os.close(os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    new_bases = _renamed(folder, renames)
    lock.write_bytes(_list_with(uidlist, new_bases))
    os.rename(lock, uidlist)


def _repair_durably(journal: int, folder: Path, renames: Renames) -> None:
    """The same, so that a power cut at any moment loses nothing that the journal does not tell."""
    if not renames:
        return
    uidlist = folder / "dovecot-uidlist"
    lock, draft = (uidlist.with_name(uidlist.name + end) for end in (".lock", ".tmp"))
    held = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(held, f"{os.getpid()}:{socket.gethostname()}".encode())
    os.close(held)
    steps = [[part, os.fsdecode(old), os.fsdecode(new)] for part, old, new in renames]
    os.write(journal, json.dumps([os.fspath(folder), steps]).encode() + b"\n")
    os.fsync(journal)
    new_bases = _renamed(folder, renames)
    for part in dict.fromkeys(part for part, _, _ in renames):
        _sync(folder / part)
    with open(draft, "wb") as file:
        file.write(_list_with(uidlist, new_bases))
        file.flush()
        os.fsync(file.fileno())
    os.rename(draft, uidlist)
    lock.unlink()
    _sync(folder)


def _renamed(folder: Path, renames: Renames) -> dict[bytes, bytes]:
    """Renames files; returns the base names they had, each with the one that they have."""
    new_bases: dict[bytes, bytes] = {}
    for part, old, new in renames:
        directory = os.fsencode(folder / part)
        os.rename(os.path.join(directory, old), os.path.join(directory, new))
        new_bases[old.partition(b":")[0]] = new.partition(b":")[0]
    return new_bases


def _list_with(uidlist: Path, new_bases: dict[bytes, bytes]) -> bytes:
    """A list of UIDs with other base names."""
    lines: list[bytes] = []
    for line in uidlist.read_bytes().splitlines(keepends=True):
        head, colon, base = line.rstrip(b"\n").partition(b" :")
        lines.append(head + colon + new_bases[base] + b"\n" if base in new_bases else line)
    return b"".join(lines)


def _opened(journal: Path) -> int:
    """A descriptor of an empty journal, whose name is durable."""
    with suppress(FileNotFoundError):
        journal.unlink()
    opened = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    _sync(journal.parent)
    return opened


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


if __name__ == "__main__":
    main()
