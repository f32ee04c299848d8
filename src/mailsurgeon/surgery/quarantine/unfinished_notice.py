"""The notice of an unfinished operation, which limits all others to looking.

It is a file `UNFINISHED` in the quarantine beside the spool, or, if there can be no quarantine,
`.mailsurgeon-unfinished` in the spool's root. It says who began the operation, on which host, and
which journal holds it. Only a run with that very journal removes it, known by the journal's random
name: two hosts may have different journals at one path. An operation that runs beside the notice of
another has a notice with the name of its journal at the end.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass

from mailsurgeon.errors import Refused, SpoolBusy
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.quarantine.directory import (
    above_default,
    default_directory,
    open_quarantine,
)
from mailsurgeon.surgery.quarantine.spool_id import remove_lonely_id
from mailsurgeon.text import visible

IN_QUARANTINE = b"UNFINISHED"
IN_SPOOL = b".mailsurgeon-unfinished"

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Notice:
    """The content of a notice. Somebody else may have written it, so show it through `visible`.

    `name` is the random name of the journal, empty in the notices of earlier versions, as are
    `host`, `machine` (of machine-id(5)), `pid` and `time`. `journal` is empty in a damaged notice.
    """

    operation: str
    journal: str
    user: str
    name: str = ""
    host: str = ""
    machine: str = ""
    pid: str = ""
    time: str = ""

    @property
    def whose(self) -> str:
        """The operation and who began it, safe to show."""
        text = f"operation {visible(self.operation, 20)} of {visible(self.user, 60)}"
        if self.host:
            text += f" on {visible(self.host, 60)}"
        if self.pid:
            text += f" (process {visible(self.pid, 20)}, {visible(self.time, 30)})"
        return text


_DAMAGED = Notice("?", "", "")

IsOurs = Callable[[Notice], bool]


def _written(text: bytes) -> Notice:
    try:
        said = json.loads(text)
        first = [str(said[key]) for key in ("operation", "journal", "user")]
        more = {key: str(said.get(key, "")) for key in ("name", "host", "machine", "pid", "time")}
        return Notice(*first, **more)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _DAMAGED


def stands(spool: Spool) -> bool:
    """Whether there is a notice; takes no lock."""
    return any(True for _ in notices_beside(spool))


def notices_beside(spool: Spool) -> Iterator[Notice]:
    """The notices of unfinished operations; takes no lock."""
    for directory, start in ((default_directory(spool), IN_QUARANTINE), (spool.root, IN_SPOOL)):
        with suppress(OSError), ExitStack() as stack:
            handle = at.open_directory(directory)
            stack.callback(os.close, handle)
            for name in _names(handle, start):
                found = _read(handle, name)
                if found is not None:
                    yield found


class Notices:
    """The two places where notices may be.

    `is_ours` says whether a notice is of the journal, named `name`, that this run writes to.
    """

    def __init__(self, spool: Spool, root: int, owner: tuple[int, int], is_ours: IsOurs) -> None:
        self._spool = spool
        self._root = root
        self._owner = owner
        self._is_ours = is_ours

    def refuse_foreign(self) -> None:
        """Raises SpoolBusy if an operation of another journal is unfinished."""
        with ExitStack() as stack:
            found = [
                (start, name, _read(directory, name))
                for directory, start in self._places(stack, make=False)
                for name in _names(directory, start)
            ]
        for start, name, notice in found:
            if notice is not None and notice.journal and not self._is_ours(notice):
                above = default_directory(self._spool) if start == IN_QUARANTINE else None
                where = os.path.join(above or self._spool.root, name)
                raise SpoolBusy(_refusal(self._spool, notice, where))

    def post(self, notice: Notice) -> None:
        """Writes the notice. Raises OSError if neither place can be written to."""
        text = json.dumps({key: value for key, value in asdict(notice).items() if value})
        with ExitStack() as stack:
            directory, name = self._places(stack, make=True)[0]
            stack.enter_context(at.as_its_owner(directory, self._owner))
            if self._is_foreign(directory, name):
                name += b"-" + notice.name.encode()
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=directory)
            handle = os.open(name, _NEW, 0o600, dir_fd=directory)
            stack.callback(os.close, handle)
            os.write(handle, text.encode())
            os.fsync(handle)
            at.sync(directory)

    def take_down(self, journal: str) -> bool:
        """Removes our notices, and the quarantine if it is empty but for the id that only the
        journal of this name knows. Returns whether it removed that id."""
        path = default_directory(self._spool)
        removed = False
        with ExitStack() as stack:
            for directory, start in self._places(stack, make=False):
                stack.enter_context(at.as_its_owner(directory, self._owner))
                ours = [
                    name
                    for name in _names(directory, start)
                    if not self._is_foreign(directory, name)
                ]
                if start == IN_QUARANTINE:  # before the notice, whose presence tells of the rest
                    removed = remove_lonely_id(directory, path, journal, ours)
                for name in ours:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=directory)
        with suppress(OSError, Refused), ExitStack() as stack:
            above = above_default(self._root)
            stack.callback(os.close, above)
            stack.enter_context(at.as_its_owner(above, self._owner))
            os.rmdir(os.path.basename(path), dir_fd=above)
        return removed

    def _is_foreign(self, directory: int, name: bytes) -> bool:
        """Whether another journal's notice has this name; a damaged one is nobody's."""
        notice = _read(directory, name)
        return notice is not None and bool(notice.journal) and not self._is_ours(notice)

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


def _refusal(spool: Spool, notice: Notice, where: bytes) -> str:
    """One line with all the ways on."""
    journal = visible(notice.journal, 300)
    return (
        f"{visible(spool.root)}: {notice.whose} is unfinished; its journal is {journal};"
        " let that user run mailsurgeon again there, which finishes it, or give --journal FILE if"
        " that journal is at hand and yours, or look only (--read-only); if nobody can finish it,"
        f" --leave-unfinished goes on beside it (its notice is {visible(where)})"
    )


def _names(directory: int, start: bytes) -> list[bytes]:
    """The names of notices in a directory."""
    names = map(os.fsencode, os.listdir(directory))
    return sorted(name for name in names if name == start or name.startswith(start + b"-"))


def _read(directory: int, name: bytes) -> Notice | None:
    try:
        handle = os.open(name, _READ, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError:
        return _DAMAGED
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return _DAMAGED
        return _written(os.read(handle, 4096))
    finally:
        os.close(handle)
