"""Asks another machine whether it runs the same program and sees the same spool."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.text import visible

# Sent as text, since the machine may lack this program or have another version of Python.
_PROBE = """
import hashlib, os, sys
python = sys.version_info[:2]
version = source = inode = reason = None
try:
    import mailsurgeon
    version = mailsurgeon.__version__
    digest = hashlib.blake2b(digest_size=16)
    for place, inner, names in os.walk(os.path.dirname(mailsurgeon.__file__)):
        inner.sort()
        for name in sorted(names):
            if name.endswith(".py"):
                digest.update(name.encode())
                with open(os.path.join(place, name), "rb") as file:
                    digest.update(file.read())
    source = digest.hexdigest()
except Exception:
    pass
try:
    place = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        inode = os.fstat(place).st_ino
    finally:
        os.close(place)
except OSError as error:
    reason = error.strerror
"""


class Seen(NamedTuple):
    """A machine's answer about itself and the spool's root. `source`: a digest of its program."""

    version: str | None
    source: str | None
    inode: int | None
    reason: str | None
    python: tuple[int, int]


def question(root: bytes) -> str:
    """A Python expression whose value, on the machine that evaluates it, is the fields of
    `Seen`."""
    return (
        f"(lambda known: (exec({_PROBE!r}, known),"
        f" [known[name] for name in {Seen._fields!r}])[1])({{'root': {root!r}}})"
    )


def why_not(seen: Seen | None, spool: Spool) -> str:
    """Why a machine cannot read the spool for this one, or empty. `seen` None: it did not
    answer."""
    own = _own()
    if seen is None:
        return "does not answer"
    if seen.version is None:
        return "has no mailsurgeon"
    if seen.version != own.version:
        return f"has mailsurgeon {seen.version}, not {own.version}"
    if tuple(seen.python) != own.python:
        return "runs Python {}.{}, not {}.{}".format(*seen.python, *own.python)
    if seen.source != own.source:
        return f"has another build of mailsurgeon {seen.version}; install the same"
    if seen.inode is None:
        return f"cannot see {visible(spool.root)}: {seen.reason}"
    if seen.inode != spool.inode:
        return f"has another directory at {visible(spool.root)}"
    return ""


@cache
def _own() -> Seen:
    """The answer of this machine."""
    known: dict[str, Any] = {"root": b"/"}
    exec(_PROBE, known)  # the same probe as the other machines run
    return Seen(*(known[name] for name in Seen._fields))
