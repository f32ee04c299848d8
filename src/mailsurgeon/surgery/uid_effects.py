"""Lines about kept and lost UIDs, one per folder, for plans and reports. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mailsurgeon.maildir.filename import uid_field
from mailsurgeon.maildir.server_entry import Server
from mailsurgeon.maildir.server_files import COURIER, DOVECOT

MANY_FOLDERS = 20
"""Above this number of folders, one line sums up all those that keep every UID."""


@dataclass(frozen=True, slots=True)
class Traces:
    """`servers`: those that have left files in a folder which tie its messages to UIDs: Dovecot's
    indexes, Courier's list, mbsync's state."""

    servers: tuple[Server, ...] = ()

    @property
    def dovecot(self) -> bool:
        """Whether Dovecot has left such files."""
        return DOVECOT in self.servers

    @property
    def courier(self) -> bool:
        """Whether Courier has left such files."""
        return COURIER in self.servers

    @property
    def synced(self) -> bool:
        """Whether one of the servers writes UIDs into file names."""
        return any(server.uids_in_names for server in self.servers)

    def kept_by_name(self, before: bytes, after: bytes) -> bool:
        """Whether a message without a uidlist keeps its UID through a rename: the name carries
        it, and no server here assigns UIDs of its own."""
        uid = uid_field(before)
        same = uid == uid_field(after) and (self.synced or uid is not None)
        return same and self.names_tell

    @property
    def names_tell(self) -> bool:
        """Whether no server here assigns UIDs of its own, in a list."""
        return not any(server.uids_in_lists for server in self.servers)


NO_TRACES = Traces()
NOT_LISTED = "no server has listed the names that they get"


@dataclass(slots=True)
class UidCount:
    """Messages renamed in one folder: how many keep their UID, have none yet, get back the one that
    is listed under the new name, or lose it (by reason)."""

    kept: int = 0
    unlisted: int = 0
    returned: int = 0
    lost: Counter[str] = field(default_factory=Counter[str])

    @property
    def whole(self) -> bool:
        """Whether every message has a UID and keeps it."""
        return not self.unlisted and not self.lost and not self.returned


def uid_lines(folders: Mapping[str, UidCount]) -> Iterator[str]:
    """The lines, first the losses by folder name, then what is kept."""
    names = sorted(name for name, count in folders.items() if not count.whole)
    for name in names:
        yield from _losses(name, folders[name])
    names = sorted(name for name, count in folders.items() if count.kept)
    if len(names) > MANY_FOLDERS:
        whole = [name for name in names if folders[name].whole]
        kept = sum(folders[name].kept for name in whole)
        if whole:
            yield f"UIDs kept for {kept:,} of {kept:,} in {_folders(len(whole))}"
        names = [name for name in names if not folders[name].whole]
    for name in names:
        kept = folders[name].kept
        yield f"UIDs kept for {kept:,} of {kept + folders[name].lost.total():,} in {name}"


def _losses(name: str, count: UidCount) -> Iterator[str]:
    for reason, number in count.lost.items():
        yield f"UIDs cannot be kept for {_messages(number)} in {name}: {reason}"
    if count.returned:
        number = count.returned
        yield (
            f"{_messages(number)} in {name} {'gets its UID' if number == 1 else 'get their UIDs'}"
            " back: a server has listed the new name before"
        )
    if count.unlisted:
        have = "has" if count.unlisted == 1 else "have"
        yield f"{_messages(count.unlisted)} in {name} {have} no UID yet: no server has listed them"


def no_list(control: str, found_by: str) -> str:
    """Why UIDs are lost where there is no uidlist. `control`: the directory that was searched,
    empty for the folder itself; `found_by`: what named that directory."""
    if control:
        by = f" (by {found_by})" if found_by else ""
        return f"no uidlist is in {control}{by}; if Dovecot keeps it elsewhere, --control says so"
    return "no uidlist is in the folder; if Dovecot keeps it elsewhere, --control names the place"


def _folders(number: int) -> str:
    return f"{number:,} {'folder' if number == 1 else 'folders'}"


def _messages(number: int) -> str:
    return f"{number:,} {'message' if number == 1 else 'messages'}"
