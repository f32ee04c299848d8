"""Reads the servers' lists of UIDs for a plan: is a message in one, and can it be edited?

This takes no lock: the operator sees the result before agreeing, and everything is checked again,
under the lock, when the plan runs.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from mailsurgeon.host.at_rest import read_at_rest
from mailsurgeon.host.files import PlainFile
from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.lists.uidlist import LIST_CHUNK, UidlistError
from mailsurgeon.maildir.lists.uidlist_edit import Editor, first_rejected
from mailsurgeon.maildir.lists.uidlist_fast import TooManyRecords, survey_uidlist
from mailsurgeon.maildir.server_entry import Server, Tells
from mailsurgeon.maildir.spool import Spool, list_path
from mailsurgeon.surgery.fsops.failures import HardError, StepRefused
from mailsurgeon.surgery.servers import uidlist_file
from mailsurgeon.surgery.uid_effects import Traces

_LARGE = 16 << 20


@dataclass(frozen=True, slots=True)
class Listed:
    """`names`: the lists that exist. `unlisted`: those of the given base names that are in no list.

    `largest`: the size of the largest, in bytes. `trouble`: why an edit would be refused, naming
    the list; `damaged`: repairing the list would help.
    """

    names: tuple[bytes, ...] = ()
    unlisted: frozenset[bytes] = frozenset()
    trouble: str = ""
    damaged: bool = False
    largest: int = 0


def lists_there(spool: Spool, folder: bytes) -> tuple[bytes, ...]:
    """The names of the lists of UIDs that exist for a folder."""
    names = server_files.TABLE.uidlists
    return tuple(name for name in names if os.path.lexists(list_path(spool, folder, name)))


def traces_in(names: Collection[bytes]) -> Traces:
    """The servers that made some of these files in a folder's directory."""
    servers = server_files.TABLE.servers
    return Traces(tuple(server for server in servers if _has_left(server, names)))


def _has_left(server: Server, names: Collection[bytes]) -> bool:
    return any(
        any(map(file.means, names)) if file.begins else file.name in names
        for file in server.telling(Tells.NUMBERED)
    )


def traces_of(spool: Spool, folder: bytes) -> Traces:
    """The servers that left files in a folder's directory."""
    with suppress(OSError):
        return traces_in(frozenset(os.listdir(spool.absolute(folder))))
    return Traces()


def lists_present(spool: Spool, folder: bytes, bases: Collection[bytes], owner: int) -> Listed:
    """Looks `bases` up in a folder's lists; `owner`: the user id the lists must belong to."""
    names = lists_there(spool, folder)
    missing = set(bases)
    largest = 0
    for name in names:
        path = list_path(spool, folder, name)
        read = partial(_read, spool, folder, name, owner)
        listed, size, trouble = read_at_rest(path, read, lambda one: one.trouble.damaged)
        if trouble.trouble:
            return replace(trouble, names=names)
        if listed is not None:
            missing = {base for base in missing if base not in listed}
        largest = max(largest, size)
    return Listed(names, frozenset(missing) if names else frozenset(), largest=largest)


class _Read(NamedTuple):
    """One list, its size in bytes, and what is wrong with it."""

    listed: Editor | None = None
    size: int = 0
    trouble: Listed = Listed()


def _read(spool: Spool, folder: bytes, name: bytes, owner: int) -> _Read:
    try:
        _look_first(list_path(spool, folder, name))
        found = _bytes_of(spool, folder, name, owner)
        return _Read(Editor(found), len(found)) if found is not None else _Read()
    except TooManyRecords as error:
        return _troubled(str(error))
    except UidlistError as error:
        return _Read(trouble=Listed(trouble=_damaged(folder, name, str(error)), damaged=True))
    except OSError as error:
        return _troubled(os.strerror(error.errno or 0))
    except (StepRefused, HardError) as error:
        return _troubled(str(error))


def _troubled(said: str) -> _Read:
    return _Read(trouble=Listed(trouble=f"{said}, so the UID could not be kept"))


def _look_first(path: bytes) -> None:
    """Raises UidlistError for a large list of nonsense, so that it is not read whole. The list may
    be missing, or what may not be opened."""
    with suppress(OSError), PlainFile(path) as file:
        if file.status.st_size > _LARGE:
            found = survey_uidlist(lambda: file.blocks(LIST_CHUNK))
            bad = found.bad[0] if found.more else first_rejected(found.bad)
            if bad is not None:
                raise UidlistError(f"line {bad.number}: {bad.reason}")


def _damaged(folder: bytes, name: bytes, why: str) -> str:
    shown = os.fsdecode(os.path.join(folder, name))
    return f"{shown} is damaged ({why}), so the UID could not be kept; repair it first"


def _bytes_of(spool: Spool, folder: bytes, name: bytes, owner: int) -> bytes | None:
    directory = os.path.dirname(list_path(spool, folder, name))
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        found = uidlist_file.read_list_file(handle, name, os.path.join(folder, name), owner)
        return found.data if found else None
    finally:
        os.close(handle)
