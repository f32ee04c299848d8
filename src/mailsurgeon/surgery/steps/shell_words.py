"""Writes paths and edits of servers' lists as shell."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.server_entry import Home, Role
from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.text import visible


class ShellWords:
    """For a script that runs in the spool, knows $QUARANTINE and $LISTS, and has `edit_uidlist`.

    `called`: the functions that it needs besides, `edit_list` and `carry_keywords`.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.called: set[str] = set()

    def path(self, path: bytes) -> str:
        """A step's path as one shell word."""
        if isinstance(path, QuarantinePath):
            return '"$QUARANTINE"/' + quoted(path.inside.rstrip(b"/"))
        return quoted(b"./" + path if path.startswith(b"-") else path or b".")

    def list_edit(
        self, folder: bytes, name: bytes, lines: Iterable[tuple[bytes, bytes]]
    ) -> Iterator[str]:
        """Lines that put new lines in the place of old ones in the list `name` of a folder.

        An empty new line takes the old one out. In a list of keywords these are base names.
        """
        yield "{"
        for before, after in lines:
            yield f"printf '%s\\n' {quoted(b'-' + before)}"
            if after:
                yield f"printf '%s\\n' {quoted(b'+' + after)}"
        yield f"}} | {self._editor(folder, name)}"

    def _editor(self, folder: bytes, name: bytes) -> str:
        """The command that makes the edit it reads."""
        if name == DOVECOT_UIDLIST:
            return f"edit_uidlist {self.path(self._spool.control_name(folder))}"
        file = server_files.TABLE.file(name)
        function = "carry_keywords" if file and file.role is Role.KEYWORDS else "edit_list"
        self.called.add(function)
        if file and file.home is Home.CONTROL:
            inside = os.path.join(self._spool.control_name(folder), name)
            return f'{function} "$LISTS"/{quoted(inside)}'
        return f"{function} {self.path(os.path.join(folder, name))}"

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
