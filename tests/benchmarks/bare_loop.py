"""The least that a survey in Python could do: one process, no judgement, no lists of UIDs.

`python bare_loop.py stat|read SPOOL DATABASE` lists the spool, takes each file's status (`read`:
reads it whole, counts its line feeds and looks for four header fields), and stores a row of each in
SQLite with an index by place.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from itertools import chain, count, islice

_COLUMNS = (
    "id INTEGER PRIMARY KEY, place, name, size, mtime, ctime, inode, mode, uid, gid, links, v"
)
_TOGETHER = 20  # rows a statement


def _looked(directory: int, name: bytes) -> tuple[os.stat_result, int]:
    return os.stat(name, dir_fd=directory, follow_symlinks=False), 0


def _read(directory: int, name: bytes) -> tuple[os.stat_result, int]:
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    status = os.fstat(file)
    data = os.read(file, status.st_size + 1)
    os.close(file)
    header = data[: data.find(b"\n\n") + 1].lower()
    for field in (b"\nfrom:", b"\nmessage-id:", b"\nsubject:", b"\nreceived:"):
        header.find(field)
    return status, 2 * len(data) - len(data.replace(b"\n", b""))


Row = tuple[int | bytes, ...]


def _rows(root: bytes, look: Callable[[int, bytes], tuple[os.stat_result, int]]) -> Iterator[Row]:
    numbers = count(1)
    for place, (path, _, _) in enumerate(os.walk(root)):
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        for name in names:
            status, size = look(directory, name)
            yield (
                next(numbers), place, name, status.st_size, status.st_mtime_ns, status.st_ctime_ns,
                status.st_ino, status.st_mode, status.st_uid, status.st_gid, status.st_nlink, size,
            )  # fmt: skip
        os.close(directory)


def main() -> None:
    """Look at the spool named on the command line."""
    how, spool, path = sys.argv[1:]
    rows = _rows(os.fsencode(spool), _read if how == "read" else _looked)
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")
    db.execute(f"CREATE TABLE files ({_COLUMNS})")
    db.execute("BEGIN")
    one = f"({', '.join('?' * len(_COLUMNS.split(',')))})"
    while together := list(islice(rows, _TOGETHER)):
        values = ", ".join([one] * len(together))
        db.execute(f"INSERT INTO files VALUES {values}", list(chain.from_iterable(together)))
    db.execute("CREATE UNIQUE INDEX by_place ON files (place, name)")
    db.execute("COMMIT")
    print(f"{db.execute('SELECT COUNT(*) FROM files').fetchone()[0]} files")
    db.close()


if __name__ == "__main__":
    main()
