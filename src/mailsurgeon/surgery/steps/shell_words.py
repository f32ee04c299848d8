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
    """For a script that runs in the spool, and knows $QUARANTINE and $LISTS.

    `called`: the functions of `report/shell_functions.py` that it needs.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.called: set[str] = set()

    def call(self, function: str, *words: str) -> str:
        """A call of a function, with shell words."""
        self.called.add(function)
        return " ".join((function, *words))

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
            yield printed(b"-" + before)
            if after:
                yield printed(b"+" + after)
        yield f"}} | {self._editor(folder, name)}"

    def _editor(self, folder: bytes, name: bytes) -> str:
        """The command that makes the edit it reads."""
        if name == DOVECOT_UIDLIST:
            return self.call("edit_uidlist", self.path(self._spool.control_name(folder)))
        file = server_files.TABLE.file(name)
        keywords = file is not None and file.role is Role.KEYWORDS
        return self.call("carry_keywords" if keywords else "edit_list", self.place(folder, name))

    def place(self, folder: bytes, name: bytes) -> str:
        """The path of a folder's list with this name in the table of servers, as a shell word."""
        file = server_files.TABLE.file(name)
        if file and file.home is Home.CONTROL:
            return f'"$LISTS"/{quoted(os.path.join(self._spool.control_name(folder), name))}'
        return self.path(os.path.join(folder, name))

    def quota(self, name: bytes) -> str:
        """The path of a file with this name beside the quota's, as a shell word."""
        return quoted(name) if self._spool.control is None else f'"$LISTS"/{quoted(name)}'

    def by_hand(self, action: str, path: bytes) -> str:
        """A comment for a step that shell has no command for."""
        return f"# {visible(action)} {visible(path or b'.')}: to be made by hand"


def printed(line: bytes, *, newline: bool = True) -> str:
    """A command that writes this line, whatever bytes it has."""
    if b"\0" not in line and newline:
        return f"printf '%s\\n' {quoted(line)}"
    octal = "".join(f"\\{byte:03o}" for byte in line)
    return f"printf '{octal}{chr(92) + 'n' if newline else ''}'"


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
