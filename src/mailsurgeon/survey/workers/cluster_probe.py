"""What another machine says of itself: does it run this very program, and see this very spool?"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.text import visible

# Sent as text: a machine need not have this program, nor this version of Python.
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
    """What a machine says of itself and of the spool's root. `source`: a digest of its program."""

    version: str | None
    source: str | None
    inode: int | None
    reason: str | None
    python: tuple[int, int]


def question(root: bytes) -> str:
    """An expression of Python; its value, where it is evaluated, is what `Seen` takes."""
    return (
        f"(lambda known: (exec({_PROBE!r}, known),"
        f" [known[name] for name in {Seen._fields!r}])[1])({{'root': {root!r}}})"
    )


def why_not(seen: Seen | None, spool: Spool) -> str:
    """Why a machine cannot read a spool for this one; empty when it can. None: no answer came."""
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
    """What this machine says of itself."""
    known: dict[str, Any] = {"root": b"/"}
    exec(_PROBE, known)  # so that both are asked the same
    return Seen(*(known[name] for name in Seen._fields))
