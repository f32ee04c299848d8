"""Writes paths and edits of a list of UIDs as shell."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops.expected import QUARANTINE
from mailsurgeon.text import visible


class ShellWords:
    """For a script that runs in the spool, sets $QUARANTINE and defines `edit_uidlist`."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def path(self, path: bytes) -> str:
        """A step's path as one shell word."""
        if path.startswith(QUARANTINE):
            return '"$QUARANTINE"/' + quoted(path.removeprefix(QUARANTINE))
        return quoted(b"./" + path if path.startswith(b"-") else path or b".")

    def list_edit(self, folder: bytes, lines: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
        """Shell lines that replace old list lines by new ones; an empty new line removes it."""
        yield "{"
        for before, after in lines:
            yield f"printf '%s\\n' {quoted(b'-' + before)}"
            if after:
                yield f"printf '%s\\n' {quoted(b'+' + after)}"
        yield f"}} | edit_uidlist {self.path(self._spool.control_name(folder))}"

    def by_hand(self, action: str, path: bytes) -> str:
        """A comment for a step that shell has no command for."""
        return f"# {visible(action)} {visible(path or b'.')}: to be made by hand"


def quoted(name: bytes) -> str:
    """One shell word that means exactly these bytes and is safe to show on a terminal."""
    text = os.fsdecode(name)
    if visible(text) == text:
        return shlex.quote(text)
    body = text.rstrip("\n")  # command substitution strips trailing newlines
    octal = "".join(
        char if char.isascii() and char.isprintable() and char not in "\\%'-"
        else "".join(f"\\{byte:03o}" for byte in os.fsencode(char))
        for char in body
    )  # fmt: skip
    newlines = text[len(body) :]
    return f"\"$(printf '{octal}')\"" + (shlex.quote(newlines) if newlines else "")
