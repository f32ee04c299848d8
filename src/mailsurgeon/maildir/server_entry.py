"""The fields of an entry in the table of servers (`server_files.py`). Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, Flag, StrEnum, auto


class Home(Enum):
    """The directory in which a server keeps a file or a lock."""

    FOLDER = auto()
    TMP = auto()  # the folder's tmp
    CONTROL = auto()  # where CONTROL= has the folder's lists; without it the folder
    ROOT = auto()  # the mail root
    CONTROL_ROOT = auto()  # the directory of CONTROL=; without it the mail root


class Role(StrEnum):
    """The purpose of a server's file."""

    UIDLIST = auto()  # the folder's UIDs by base name, as `lists/uidlist.py` reads them
    KEYWORDS = auto()
    INDEX = auto()
    STATE = auto()
    SUBSCRIPTIONS = auto()
    QUOTA = auto()
    OTHER = auto()


class Tells(Flag):
    """Facts that a file shows about its directory, or a directory's name about itself."""

    NOTHING = 0
    FOLDER = auto()  # it is a folder, whatever else is missing
    LISTED_FOLDER = auto()  # it is a folder where the server lists it as one
    ROOT = auto()  # it is a mail root
    OPENED = auto()  # the server opens the folder, so changes to it need the server's lock
    NUMBERED = auto()  # the server knows the folder's messages by UID
    COUNTED = auto()  # the server counts the quota its own way
    AT_WORK = auto()  # the server is working there now, or was interrupted
    BEING_DELETED = auto()  # the directory itself is not a folder, although it has cur and new
    NO_MAIL = auto()  # the search for spools skips the directory itself


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file or directory that a server keeps.

    `tells`: the facts that it shows; with `begins`, all names that begin with `name` show them too.
    `lost`: in words, what is lost when it is quarantined; this holds for all names that begin with
    `name`, unless a longer entry matches. `shadowed`: the server reads from it which UIDs and names
    it has assigned, so a shadow of the spool needs a copy.
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
        """Whether a file of this name shows the facts in `tells`."""
        return name.startswith(self.name) if self.begins else name == self.name


@dataclass(frozen=True, slots=True)
class ServerLock:
    """A lock on a folder. `guards` is the file that is written under it.

    With `leaves_name` the lock is a file that is created and removed; otherwise it is a kernel lock
    on a file that stays.
    """

    name: bytes
    home: Home
    guards: bytes
    leaves_name: bool = True

    @property
    def path(self) -> bytes:
        """Its path relative to the folder, if the spool has no CONTROL= directory."""
        return b"tmp/" + self.name if self.home is Home.TMP else self.name


@dataclass(frozen=True, slots=True)
class Server:
    """One program that keeps files in a spool.

    `prefixes`: a regular file beside cur, new and tmp whose name begins with one of these holds the
    server's state, even if it is not among `files`. `other_prefixes`: files and directories whose
    names begin with one of these are the server's, but hold no state; `temporary` is a pattern for
    names of more such files. `opens_all`: a file in the mail root that shows that the server opens
    the folder shows it for all folders. `uids_in_lists`, `uids_in_names`: where the server keeps
    the UIDs that it assigns. `sync_programs`: the names of its programs that move mail while they
    run. `config`: the absolute path of its settings, if this program reads them from a file.
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
        """Its files that show this fact."""
        return tuple(file for file in self.files if what in file.tells)
