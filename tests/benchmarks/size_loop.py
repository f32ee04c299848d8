"""Repairs wrong sizes in names the plain way: a loop over a spool, a list rewritten once a folder.

`python size_loop.py SPOOL [--read]` finds names whose S= is not the size of the file, and with
`--read` those whose W= is not what the file's line ends make it, renames the files and replaces
the names in `dovecot-uidlist` under its lock. It keeps no record and writes nothing through to
the disk. Then, outside of the time taken, everything is put back. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_SIZE = re.compile(rb",S=(\d+)")
_VIRTUAL = re.compile(rb",W=(\d+)")
Renames = list[tuple[str, bytes, bytes]]  # subdirectory, name, name it shall have


def main() -> None:
    """Find, repair, put back."""
    root = Path(sys.argv[1])
    started = time.perf_counter()
    found = {folder: list(_wrong(folder, "--read" in sys.argv)) for folder in _folders(root)}
    looked = time.perf_counter()
    for folder, renames in found.items():
        _repair(folder, renames)
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
    new_bases: dict[bytes, bytes] = {}
    for part, old, new in renames:
        directory = os.fsencode(folder / part)
        os.rename(os.path.join(directory, old), os.path.join(directory, new))
        new_bases[old.partition(b":")[0]] = new.partition(b":")[0]
    lines: list[bytes] = []
    for line in uidlist.read_bytes().splitlines(keepends=True):
        head, colon, base = line.rstrip(b"\n").partition(b" :")
        lines.append(head + colon + new_bases[base] + b"\n" if base in new_bases else line)
    lock.write_bytes(b"".join(lines))
    os.rename(lock, uidlist)


if __name__ == "__main__":
    main()
