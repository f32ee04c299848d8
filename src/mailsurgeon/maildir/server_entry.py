"""What an entry in the table of servers can say. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, StrEnum, auto


class Home(Enum):
    """The directory that something of a server lies in."""

    FOLDER = auto()
    TMP = auto()  # the folder's tmp
    CONTROL = auto()  # where CONTROL= has the folder's lists; without it the folder
    ROOT = auto()  # the mail root
    CONTROL_ROOT = auto()  # the directory of CONTROL=; without it the mail root


class Role(StrEnum):
    """What a file is for."""

    UIDLIST = auto()  # the folder's UIDs by base name, as `lists/uidlist.py` reads them
    KEYWORDS = auto()
    INDEX = auto()
    STATE = auto()
    SUBSCRIPTIONS = auto()
    QUOTA = auto()
    OTHER = auto()


class Tells(Flag):
    """What is known of a directory by a file that lies in it, or by its own name."""

    NOTHING = 0
    FOLDER = auto()  # it is a folder, whatever else is missing
    ROOT = auto()  # it is a mail root
    OPENED = auto()  # the server opens the folder: whoever changes it needs the server's lock
    NUMBERED = auto()  # the server knows the folder's messages by UID
    COUNTED = auto()  # the server counts the quota its own way
    AT_WORK = auto()  # the server is at work there now, or was cut off
    BEING_DELETED = auto()  # of a directory itself: no folder, although cur and new are in it
    NO_MAIL = auto()  # of a directory itself: it is searched for no spools


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file or directory that a server keeps.

    `begins`: what it tells of a folder, names that only begin so tell too. `lost`: in words, what
    goes with it when it is put away; this holds for all names that begin so, unless another entry
    says more. `shadowed`: the server reads it to know the UIDs and names it has given, so that a
    shadow of the spool needs a copy.
    """

    name: bytes
    role: Role = Role.OTHER
    home: Home = Home.FOLDER
    tells: Tells = Tells.NOTHING
    lost: str = ""
    begins: bool = False
    directory: bool = False
    shadowed: bool = False

    def means(self, name: bytes) -> bool:
        """Whether a file of this name tells what this entry tells."""
        return name.startswith(self.name) if self.begins else name == self.name


@dataclass(frozen=True, slots=True)
class ServerLock:
    """A lock on a folder. `guards`: the file that is written under it.

    `leaves_name`: it is a file that is made and removed, not a hold on one that stays.
    """

    name: bytes
    home: Home
    guards: bytes
    leaves_name: bool = True

    @property
    def path(self) -> bytes:
        """Where it lies, seen from the folder when nothing lies elsewhere."""
        return b"tmp/" + self.name if self.home is Home.TMP else self.name


@dataclass(frozen=True, slots=True)
class Server:
    """One program that keeps something in a spool.

    `prefixes`: a plain file beside cur, new and tmp whose name begins so is the server's and
    holds its state, whether it is among `files` or not; `other_prefixes`: it is the server's, or
    a directory of the server's, and holds none; `temporary`: the same, as a pattern.
    `opens_all`: what tells that it opens a folder does so for all folders when it lies in the
    mail root. `uids_in_lists`, `uids_in_names`: where it keeps the UIDs it gives.
    `sync_programs`: the names of its programs that move mail while they run.
    `config`: the absolute path of its settings, where they are a file that is read here.
    """

    name: str
    files: tuple[KnownFile, ...] = ()
    locks: tuple[ServerLock, ...] = ()
    prefixes: tuple[bytes, ...] = ()
    other_prefixes: tuple[bytes, ...] = ()
    temporary: bytes = b""
    opens_all: bool = False
    uids_in_lists: bool = False
    uids_in_names: bool = False
    sync_programs: frozenset[bytes] = frozenset()
    config: bytes = b""

    def telling(self, what: Tells) -> tuple[KnownFile, ...]:
        """Its files that tell this."""
        return tuple(file for file in self.files if what in file.tells)
