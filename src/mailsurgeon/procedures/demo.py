"""Builds a throw-away copy of the sample spool, for the demo and for tests.

The files are readable in `sample-spool/` (in the repository's root, or inside the installed
package). `manifest.json` describes what a repository cannot hold: empty directories, times, modes,
links, FIFOs, and files that are awkward to store.

`python -m mailsurgeon.procedures.demo DIRECTORY` builds one by hand.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import mailsurgeon
from mailsurgeon.errors import MailsurgeonError, SpoolError
from mailsurgeon.text import visible

CLOCK_AHEAD = 48 * 3600.0
"""How far ahead the demo's clock is, in seconds (`Options.clock_ahead`)."""

SPOOL_NAME = "Maildir"

_UNITS = {"h": 3600, "d": 86_400}
_LEADING_SECONDS = re.compile(rb"\.?([0-9]{9,10})(?![0-9])")


def sample_source() -> Path:
    """The directory of the sample. Raises SpoolError if it is not installed."""
    package = Path(mailsurgeon.__file__).parent
    for place in (package / "sample-spool", package.parents[1] / "sample-spool"):
        if (place / "manifest.json").is_file():
            return place
    raise SpoolError(f"{package}: the sample spool is missing; install mailsurgeon again")


def build_sample(target: Path, *, now: float | None = None) -> Path:
    """Builds the sample spool as `target/Maildir` and returns that path.

    Makes `target` if it is missing and writes nothing outside it. `now`: the time that relative
    times count from, in seconds since the epoch (default: the present). Raises SpoolError when
    `Maildir` exists already or cannot be written.
    """
    sample = _Sample.load(sample_source(), time.time() if now is None else now)
    spool = target / SPOOL_NAME
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        spool.mkdir(mode=0o700)
        _build(sample, os.fsencode(spool))
    except FileExistsError:
        raise SpoolError(f"{visible(str(spool))}: exists already; name another place") from None
    except OSError as error:
        raise SpoolError(
            f"{visible(str(spool))}: the sample cannot be built here: {error.strerror}"
        ) from error
    return spool


class _File(NamedTuple):
    """One file to make; `path` is relative to the spool."""

    path: bytes
    content: bytes
    mtime: int
    mode: int


@dataclass(frozen=True)
class _Sample:
    """The sample as it is on the disk, and its manifest."""

    source: Path
    manifest: Mapping[str, Any]
    now: float

    @classmethod
    def load(cls, source: Path, now: float) -> _Sample:
        manifest = json.loads((source / "manifest.json").read_text("ascii"))
        return cls(source, manifest, now)

    def directories(self) -> dict[bytes, int]:
        """Every directory with its mode: those of the manifest, and the parents of all files."""
        found = {_inside(path): _mode(entry, 0o700) for path, entry in self._named_directories()}
        needed = [os.path.dirname(path) for path in (*found, *self._file_paths())]
        while needed:
            path = needed.pop()
            if path and path not in found:
                found[path] = 0o700
                needed.append(os.path.dirname(path))
        return found

    def _named_directories(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for folder, parts in self.manifest["folders"].items():
            yield from ((path, {}) for path in (folder, *_below(folder, parts)) if path)
        yield from self.manifest["directories"].items()

    def _file_paths(self) -> list[bytes]:
        """The paths of all regular files, sorted."""
        tree = os.fsencode(self.source / "tree")
        stored = {
            os.path.relpath(os.path.join(directory, name), tree)
            for directory, _, names in os.walk(tree)
            for name in names
        }
        return sorted(stored | {_inside(path) for path in self.manifest["files"]})

    def files(self) -> Iterator[_File]:
        """All regular files, sorted by path."""
        described = {os.fsencode(path): entry for path, entry in self.manifest["files"].items()}
        for path in self._file_paths():
            entry = described.get(path, {})
            content = self._content(path, entry)
            yield _File(path, content, self._mtime(path, entry), _mode(entry, 0o600))

    def _content(self, path: bytes, entry: Mapping[str, Any]) -> bytes:
        if "text" in entry:
            return entry["text"].format(host=socket.gethostname()).encode()
        if "fill" in entry:
            line = entry["fill"].encode()
            return (line * (entry["size"] // len(line) + 1))[: entry["size"]]
        if "from" in entry:
            content = (self.source / entry["from"]).read_bytes()
        else:
            with open(os.path.join(os.fsencode(self.source / "tree"), path), "rb") as stored:
                content = stored.read()
        return gzip.compress(content, mtime=0) if entry.get("gzip") else content

    def _mtime(self, path: bytes, entry: Mapping[str, Any]) -> int:
        """The manifest's time for the file, else the one its name begins with, else its default."""
        mtime = entry.get("mtime")
        if isinstance(mtime, str):
            return int(self.now) + int(mtime[:-1]) * _UNITS[mtime[-1]]
        if mtime is not None:
            return mtime
        leading = _LEADING_SECONDS.match(os.path.basename(path))
        return int(leading[1]) if leading else self.manifest["default_mtime"]


def _build(sample: _Sample, spool: bytes) -> None:
    directories = sorted(sample.directories().items())
    for path, _ in directories:
        os.mkdir(os.path.join(spool, path), 0o700)
    # In the order of the paths, so that of two files always the same one was changed later.
    for file in sample.files():
        _write(spool, file)
    for path in sample.manifest["fifos"]:
        os.mkfifo(os.path.join(spool, _inside(path)), 0o600)
    for path, goal in sample.manifest["symlinks"].items():
        os.symlink(_link(path, goal), os.path.join(spool, _inside(path)))
    for path, mode in directories:
        os.chmod(os.path.join(spool, path), mode)


def _write(spool: bytes, file: _File) -> None:
    target = os.path.join(spool, file.path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(target, flags, 0o600), "wb") as stream:
        stream.write(file.content)
        stream.flush()
        os.fchmod(stream.fileno(), file.mode)
        os.utime(stream.fileno(), (file.mtime, file.mtime))


def _below(folder: str, parts: Iterable[str]) -> Iterator[str]:
    return (os.path.join(folder, part) for part in parts)


def _mode(entry: Mapping[str, Any], usual: int) -> int:
    return int(entry["mode"], 8) if "mode" in entry else usual


def _inside(path: str) -> bytes:
    """`path` in the file system's bytes. Raises ValueError if it leads out of the spool."""
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError(f"{path}: leads out of the spool")
    return os.fsencode(path)


def _link(path: str, goal: str) -> bytes:
    """The content of a symlink. Raises ValueError if it points out of the spool."""
    _inside(os.path.normpath(os.path.join(os.path.dirname(path), goal)))
    return os.fsencode(goal)


def main() -> None:
    """Builds the sample in the directory given on the command line and prints the spool's path."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m mailsurgeon.procedures.demo DIRECTORY")
    try:
        print(build_sample(Path(sys.argv[1])))
    except MailsurgeonError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
