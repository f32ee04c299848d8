"""The notice of an unfinished operation, which limits other users to looking.

It is a file `UNFINISHED` in the quarantine beside the spool, or, if there can be no quarantine,
`.mailsurgeon-unfinished` in the spool's root. It names the journal that holds the operation.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from mailsurgeon.errors import Refused, SpoolBusy
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.quarantine.directory import (
    above_default,
    default_directory,
    open_quarantine,
)
from mailsurgeon.text import visible

IN_QUARANTINE = b"UNFINISHED"
IN_SPOOL = b".mailsurgeon-unfinished"

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Notice:
    """The content of a notice. Somebody else may have written it, so show it through `visible`."""

    operation: str
    journal: str
    user: str


def _written(text: bytes) -> Notice:
    try:
        said = json.loads(text)
        return Notice(str(said["operation"]), str(said["journal"]), str(said["user"]))
    except (ValueError, KeyError, TypeError):
        return Notice("?", "", "")


def stands(spool: Spool) -> bool:
    """Whether there is a notice; takes no lock."""
    places = ((default_directory(spool), IN_QUARANTINE), (spool.root, IN_SPOOL))
    return any(os.path.lexists(os.path.join(*place)) for place in places)


class Notices:
    """The two places where a notice may be."""

    def __init__(self, spool: Spool, root: int, owner: tuple[int, int]) -> None:
        self._spool = spool
        self._root = root
        self._owner = owner

    def refuse_foreign(self, journal: Path) -> None:
        """Raises SpoolBusy if an operation of another journal than `journal` is unfinished."""
        with ExitStack() as stack:
            found = [_read(*place) for place in self._places(stack, make=False)]
        for notice in found:
            if notice is not None and notice.journal not in ("", str(journal)):
                where = visible(notice.journal, 300)
                raise SpoolBusy(
                    f"{visible(self._spool.root)}: operation {visible(notice.operation, 20)} of"
                    f" {visible(notice.user, 60)} is unfinished; its journal is {where};"
                    " let that user run mailsurgeon again, or look only (--read-only)"
                )

    def post(self, operation: int, journal: Path, user: str) -> None:
        """Writes the notice. Raises OSError if neither place can be written to."""
        text = json.dumps({"operation": operation, "journal": str(journal), "user": user})
        with ExitStack() as stack:
            directory, name = self._places(stack, make=True)[0]
            stack.enter_context(at.as_its_owner(directory, self._owner))
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=directory)
            handle = os.open(name, _NEW, 0o600, dir_fd=directory)
            stack.callback(os.close, handle)
            os.write(handle, text.encode())
            os.fsync(handle)
            at.sync(directory)

    def take_down(self) -> None:
        """Removes the notice, and the quarantine if it is empty."""
        with ExitStack() as stack:
            for directory, name in self._places(stack, make=False):
                with suppress(FileNotFoundError), at.as_its_owner(directory, self._owner):
                    os.unlink(name, dir_fd=directory)
        name = os.path.basename(default_directory(self._spool))
        with suppress(OSError), ExitStack() as stack:
            above = above_default(self._root)
            stack.callback(os.close, above)
            stack.enter_context(at.as_its_owner(above, self._owner))
            os.rmdir(name, dir_fd=above)

    def _places(self, stack: ExitStack, *, make: bool) -> list[tuple[int, bytes]]:
        """Directories (`stack` closes them) and names; with `make` only the one to write to."""
        found: list[tuple[int, bytes]] = []
        with suppress(Refused, OSError):
            beside = default_directory(self._spool)
            directory = open_quarantine(beside, self._spool, self._owner, self._root, make=make)
            stack.callback(os.close, directory)
            found.append((directory, IN_QUARANTINE))
        if not (make and found):
            found.append((self._root, IN_SPOOL))
        return found


def _read(directory: int, name: bytes) -> Notice | None:
    try:
        handle = os.open(name, _READ, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError:
        return Notice("?", "", "")
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return Notice("?", "", "")
        return _written(os.read(handle, 4096))
    finally:
        os.close(handle)
