"""What becomes of the UIDs, one line a folder: the words of the plan and of the report. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mailsurgeon.maildir.filename import uid_field
from mailsurgeon.maildir.server_entry import Server
from mailsurgeon.maildir.server_files import COURIER, DOVECOT

MANY_FOLDERS = 20
"""Above this number of folders, those that keep all are told of in one line."""


@dataclass(frozen=True, slots=True)
class Traces:
    """`servers`: those that have left something in a folder by which they know its messages by
    UID: Dovecot's indexes, Courier's list, the state of mbsync."""

    servers: tuple[Server, ...] = ()

    @property
    def dovecot(self) -> bool:
        """Whether Dovecot is among them."""
        return DOVECOT in self.servers

    @property
    def courier(self) -> bool:
        """Whether Courier is among them."""
        return COURIER in self.servers

    @property
    def synced(self) -> bool:
        """Whether one is among them for which a UID is in the name."""
        return any(server.uids_in_names for server in self.servers)

    def told_by_name(self, before: bytes, after: bytes) -> bool:
        """Whether a message keeps its UID through a rename although no uidlist is there: no
        server gives another than the name tells."""
        uid = uid_field(before)
        same = uid == uid_field(after) and (self.synced or uid is not None)
        return same and self.names_tell

    @property
    def names_tell(self) -> bool:
        """Whether no server is seen to give UIDs of its own."""
        return not any(server.uids_in_lists for server in self.servers)


NO_TRACES = Traces()


@dataclass(slots=True)
class UidCount:
    """Messages renamed in one folder: how many keep their UID, have none yet, lose it and why."""

    kept: int = 0
    unlisted: int = 0
    lost: Counter[str] = field(default_factory=Counter[str])

    @property
    def whole(self) -> bool:
        """Whether there is nothing to tell but that all are kept."""
        return not self.unlisted and not self.lost


def uid_lines(folders: Mapping[str, UidCount]) -> Iterator[str]:
    """The lines, by the folders' names: what is lost first, then what is kept."""
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
    if count.unlisted:
        have = "has" if count.unlisted == 1 else "have"
        yield f"{_messages(count.unlisted)} in {name} {have} no UID yet: no server has listed them"


def no_list(control: str, found_by: str) -> str:
    """Why UIDs are lost where no uidlist is. `control`: the directory that was looked in, or
    empty for the folder itself; `found_by`: who named it."""
    if control:
        by = f" (by {found_by})" if found_by else ""
        return f"no uidlist is in {control}{by}; if Dovecot keeps it elsewhere, --control says so"
    return "no uidlist is in the folder; if Dovecot keeps it elsewhere, --control names the place"


def _folders(number: int) -> str:
    return f"{number:,} {'folder' if number == 1 else 'folders'}"


def _messages(number: int) -> str:
    return f"{number:,} {'message' if number == 1 else 'messages'}"
