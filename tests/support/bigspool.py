"""A large damaged spool for trying the program by hand.

`python tests/support/bigspool.py TARGET` builds, in a few seconds and always alike for one seed, a
maildir++ spool with thousands of misfiled messages in one folder, wrong sizes over many folders
and leftovers in a `tmp/`, each folder with a `dovecot-uidlist` that fits. What was planted is
written to `TARGET.truth.json` beside it. TARGET must not exist yet.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from typing import TypedDict

_DAY = 86_400
_HOST = "marcos"
_SENDERS = (
    "Anna Berg <anna.berg@example.org>",
    "Paul Kern <paul.kern@example.net>",
    "=?utf-8?q?J=C3=BCrgen_Lindqvist?= <jl@example.com>",
    "Cron Daemon <root@marcos.example.org>",
    "The build service <builds@lists.example.org>",
    "Marta Oliveira <marta@example.net>",
)
_SUBJECTS = (
    "Re: transition of the libraries", "Photos of the weekend", "Invoice 2012-{n}",
    "Cron <root@marcos> run-parts /etc/cron.daily", "[build] report {n}", "Minutes of the meeting",
    "=?utf-8?b?UsO8Y2ttZWxkdW5nIHp1bSBFbnR3dXJm?= {n}", "Re: Re: agenda for {n}",
)  # fmt: skip
_LINES = (
    "The second draft is on the shelf by the window; take it when you pass by.\n",
    "Nobody answered at the desk, so I left the keys with the neighbour.\n",
    "Please find the numbers of last month below.\n",
    "All checks passed. Nothing to be done.\n",
    "\n",
    "I would rather meet on Thursday than on Friday.\n",
)


@dataclass(frozen=True)
class Shape:
    """How large the spool is and what is wrong with it."""

    messages: int = 20_000  # healthy ones, over all folders
    folders: int = 205  # INBOX counted
    misfiled: int = 11_973  # in the folder's own directory of Archives.2012
    misfiled_copies: int = 12  # of these: identical to one filed there
    misfiled_taken: int = 7  # of these: other mail with the same base name is filed there
    sizes: int = 389  # a wrong ,S=
    size_folders: int = 107
    leftovers: int = 131  # in the tmp/ of INBOX
    leftovers_empty: int = 21
    leftovers_copies: int = 19  # identical to a filed message
    leftovers_alone: int = 7  # the Message-ID of a filed message, another text
    seed: int = 1


class Truth(TypedDict):
    """Counts of what was planted: problems by code, and messages as `scan` counts them."""

    folders: int
    messages: int
    problems: dict[str, int]


class _Writer:
    """Writes messages; everything random comes from one seed."""

    def __init__(self, root: Path, seed: int, now: float) -> None:
        self.root = os.fsencode(root)
        self.now = int(now)
        self.random = random.Random(seed)
        self.number = 0

    def text(self, seconds: int, message_id: str | None = None) -> bytes:
        """One message, dated `seconds`, with bare LFs."""
        self.number += 1
        body = "".join(self.random.choices(_LINES, k=self.random.randint(3, 40)))
        subject = self.random.choice(_SUBJECTS).format(n=self.number)
        return (
            f"Return-Path: <bounce-{self.number}@lists.example.org>\n"
            f"Received: from mx.example.org (mx.example.org [192.0.2.25])\n"
            f"\tby {_HOST}.example.org with ESMTP id A{self.number:08X};\n"
            f"\t{formatdate(seconds)}\n"
            f"Date: {formatdate(seconds)}\n"
            f"From: {self.random.choice(_SENDERS)}\n"
            f"To: paul.kern@example.net\n"
            f"Subject: {subject}\n"
            f"Message-ID: {message_id or f'<{self.number}.{seconds}@lists.example.org>'}\n"
            f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body}\n"
        ).encode()

    def base(self, seconds: int, content: bytes, wrong: int = 0) -> str:
        """A base name with S= and W=; `wrong` is added to the true size."""
        size = len(content) + wrong
        virtual = len(content) + content.count(b"\n")
        return f"{seconds}.M{self.number:06}P{self.number % 30_000}.{_HOST},S={size},W={virtual}"

    def moment(self, year: int | None = None) -> int:
        """Seconds since the epoch within a year (of 2008 to 2019 when none is named)."""
        year = year or self.random.randint(2008, 2019)
        return (year - 1970) * 31_556_952 + self.random.randrange(31_000_000)

    def put(self, path: str, content: bytes, seconds: int) -> None:
        """Write one file, with its mtime."""
        target = os.path.join(self.root, os.fsencode(path))
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)
        os.utime(target, (seconds, seconds))


def build(target: Path, shape: Shape | None = None, *, now: float | None = None) -> Truth:
    """Build the spool at `target`, which must not exist; `now` is seconds since the epoch."""
    shape = shape or Shape()
    target.mkdir(mode=0o700)
    writer = _Writer(target, shape.seed, time.time() if now is None else now)
    folders = list(_folders(shape.folders))
    filed: dict[str, list[str]] = {}
    for folder in folders:
        _make_folder(target, folder)
        filed[folder] = []
    _healthy(writer, shape, folders, filed)
    _wrong_sizes(writer, shape, folders, filed)
    _misfiled(writer, shape, filed)
    _leftovers(writer, shape, filed)
    for folder in folders:
        _uidlist(writer, folder, filed[folder])
    return {
        "folders": len(folders),
        "messages": sum(map(len, filed.values())) + shape.misfiled,
        "problems": {
            "misfiled": shape.misfiled,
            "size-mismatch": shape.sizes,
            "in-tmp": shape.leftovers,
            "empty": shape.leftovers_empty,
            "duplicate-id": 2 * shape.misfiled_copies,
        },
    }


def _folders(count: int) -> Iterator[str]:
    yield ""
    yield ".Archives.2012"
    yield ".Entw&APw-rfe"
    yield ".Sent"
    names = ("debian", "lists", "projects", "Archives", "work", "family")
    for number in range(count - 4):
        yield f".{names[number % len(names)]}.{2013 + number // len(names)}"


def _make_folder(target: Path, folder: str) -> None:
    for part in ("cur", "new", "tmp"):
        (target / folder / part).mkdir(parents=True, mode=0o700)
    if folder:
        (target / folder).chmod(0o700)
        (target / folder / "maildirfolder").touch(mode=0o600)


def _file(writer: _Writer, folder: str, filed: list[str], content: bytes, seconds: int) -> str:
    """File `content` in a folder's cur/ and return its base name."""
    base = writer.base(seconds, content)
    flags = writer.random.choice(("", "S", "S", "RS", "FS"))
    writer.put(os.path.join(folder, "cur", f"{base}:2,{flags}"), content, seconds)
    filed.append(base)
    return base


def _healthy(
    writer: _Writer, shape: Shape, folders: list[str], filed: dict[str, list[str]]
) -> None:
    big = folders[:4] * (len(folders) // 4)
    for _ in range(shape.messages):
        folder = writer.random.choice(folders + big)
        seconds = writer.moment(2012 if folder == ".Archives.2012" else None)
        _file(writer, folder, filed[folder], writer.text(seconds), seconds)


def _wrong_sizes(
    writer: _Writer, shape: Shape, folders: list[str], filed: dict[str, list[str]]
) -> None:
    for number in range(shape.sizes):
        folder = folders[number % min(shape.size_folders, len(folders))]
        seconds = writer.moment()
        content = writer.text(seconds)
        # Smaller than the file: a larger one could stand for lost text.
        base = writer.base(seconds, content, wrong=-writer.random.randint(1, 99))
        writer.put(os.path.join(folder, "cur", f"{base}:2,S"), content, seconds)
        filed[folder].append(base)


def _misfiled(writer: _Writer, shape: Shape, filed: dict[str, list[str]]) -> None:
    folder = ".Archives.2012"
    for number in range(shape.misfiled):
        seconds = writer.moment(2012)
        content = writer.text(seconds)
        base = writer.base(seconds, content)
        if number < shape.misfiled_copies:
            writer.put(os.path.join(folder, "cur", f"{base}:2,S"), content, seconds)
            filed[folder].append(base)
        elif number < shape.misfiled_copies + shape.misfiled_taken:
            base = f"{seconds}.M{writer.number:06}P1.{_HOST}"
            writer.put(os.path.join(folder, "cur", f"{base}:2,S"), writer.text(seconds), seconds)
            filed[folder].append(base)
        info = ":2,S" if number % 3 else ""
        writer.put(os.path.join(folder, base + info), content, seconds)


def _leftovers(writer: _Writer, shape: Shape, filed: dict[str, list[str]]) -> None:
    seconds = writer.now - 3 * _DAY
    empty = shape.leftovers_empty
    copies = empty + shape.leftovers_copies
    alone = copies + shape.leftovers_alone
    for number in range(shape.leftovers):
        name = f"{seconds - number}.M{number:06}P77.{_HOST}"
        if number < empty:
            content = b""
        elif number < copies:
            content = writer.text(seconds - number)
            _file(writer, "", filed[""], content, seconds - number)
        elif number < alone:
            message_id = f"<redelivered.{number}@example.org>"
            content = writer.text(seconds - number, message_id)
            sent = writer.text(seconds - number, message_id)
            _file(writer, "", filed[""], sent, seconds - number)
        else:
            content = writer.text(seconds - number)
            name += f",S={len(content)}"
        writer.put(os.path.join("tmp", name), content, seconds - number)


def _uidlist(writer: _Writer, folder: str, bases: list[str]) -> None:
    guid = f"{writer.random.getrandbits(128):032x}"
    lines = [f"3 V{1_300_000_000 + len(folder)} N{len(bases) + 1} G{guid}\n"]
    lines += [f"{uid} :{base}\n" for uid, base in enumerate(bases, 1)]
    writer.put(os.path.join(folder, "dovecot-uidlist"), "".join(lines).encode(), writer.now - _DAY)


def main() -> None:
    """Build the spool named on the command line and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("target", type=Path)
    standard = Shape()
    for name in ("messages", "misfiled", "sizes", "leftovers", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(standard, name))
    given = parser.parse_args()
    asked = {name: value for name, value in vars(given).items() if name != "target"}
    truth = build(given.target, replace(standard, **asked))
    report = given.target.with_name(given.target.name + ".truth.json")
    report.write_text(json.dumps(truth, indent=1) + "\n")
    print(f"{given.target}: {truth}")


if __name__ == "__main__":
    main()
