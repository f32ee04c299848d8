"""A shadow of a spool: the same folders and names, every message a symlink to the live file.

A server changes a spool even when it only reads: it moves mail from new/ to cur/, renames files
with a wrong size, makes missing directories, sweeps tmp/, writes lists and indexes. On a shadow it
does all of that to symlinks and copies in a private temporary directory. We only read the live
spool; we write, rename and link nothing in it (a hard link would change a message's ctime).

All of this runs as the account the server would use (`doveadm.process_as_account`). What a server
may do in a folder depends on it, so while the server runs, each directory of the shadow grants the
same rights as the live one, whether these come from owner, mode or access list.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.host.files import LARGEST_WHOLE_LIST, read_small
from mailsurgeon.host.interrupts import unbroken
from mailsurgeon.host.own_places import temporary_home
from mailsurgeon.maildir.lists.uidlist import UidlistError, parse_uidlist
from mailsurgeon.maildir.reserved import SUBDIRS
from mailsurgeon.maildir.server_entry import Home
from mailsurgeon.maildir.server_files import DOVECOT, DOVECOT_UIDLIST
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.text import visible

_WRITTEN_AS_IS = re.compile(rb"[\w./+,@=~ -]+\Z")  # a mail_location gives % and : a meaning
_SHADOWED = tuple(file for file in DOVECOT.files if file.shadowed)
_LISTS = tuple(file.name for file in _SHADOWED if file.home is Home.CONTROL)
_OF_ROOT = tuple(file for file in _SHADOWED if file.home is Home.CONTROL_ROOT)
_SYMLINK = 4096  # most bytes of disk for one symlink
_RECORD_W = re.compile(rb"^(\d+(?: [^ :\n][^ \n]*)*?) W\d+(?= )", re.MULTILINE)

CONFIGURATION = """\
mail_location = {location}
mail_home = {home}
base_dir = {home}/run
state_dir = {home}/run
log_path = /dev/stderr
ssl = no
first_valid_uid = 1
mail_fsync = never
mail_temp_scan_interval = 0
"""
_INBOX = b"INBOX"
_ZLIB = "lib20_zlib_plugin.so"
_MODULES = ("/usr/lib/dovecot/modules", "/usr/lib64/dovecot", "/usr/lib/dovecot")


class Passed(NamedTuple):
    """An entry of cur or new that was not shown to the server, and why. `path` as in the spool."""

    path: bytes
    reason: str


@dataclass
class Filled:
    """What a folder's shadow holds: files and directories by their live paths, and what was left
    out."""

    files: set[bytes] = field(default_factory=set)
    directories: list[bytes] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)


@contextmanager
def shadow_of(spool: Spool, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Shadow]:
    """Yields a shadow without folders, in a temporary directory that is removed at the end.

    Raises MailsurgeonError when there is no place for one. Filling it with messages raises
    KeyboardInterrupt once `cancelled` returns True.
    """
    with ExitStack() as stack:
        try:
            home = temporary_home(spool.root)
            with unbroken():
                place = os.fsencode(tempfile.mkdtemp(prefix="mailsurgeon-verify-", dir=home))
                stack.callback(_clear_away, place)
        except OSError as error:
            raise MailsurgeonError(
                f"{tempfile.gettempdir()}: {error.strerror}; name another directory in TMPDIR"
            ) from error
        yield Shadow(spool, place, cancelled)


def _clear_away(place: bytes) -> None:
    with unbroken():
        _remove(place)


class Shadow:
    """The shadow of `live` below `place`. `spool` is the shadow as a spool of its own."""

    def __init__(self, live: Spool, place: bytes, cancelled: Callable[[], bool]) -> None:
        self.live = live
        self._cancelled = cancelled
        self.place = place
        self.spool = replace(
            live,
            root=os.path.join(place, b"m"),
            control=os.path.join(place, b"c"),
            index=None,
        )
        self.index = os.path.join(place, b"i")
        self._loose: list[bytes] = []
        self._inbox_inside = False
        for name in (b"m", b"c", b"i", b"run"):
            os.mkdir(os.path.join(place, name), 0o700)
        for name in _of_root(live.control or live.root):
            _copy(os.path.join(live.control or live.root, name), os.path.join(place, b"c", name))

    def configure(self, folders: Iterable[bytes]) -> bytes:
        """Writes doveadm's configuration for these folders and returns its path.

        Loads the plugin for compressed mail if it is installed. Treats folder names as plain UTF-8
        if the live server does, or some are not ASCII and none looks like modified UTF-7.
        """
        if not _WRITTEN_AS_IS.match(self.place):
            raise MailsurgeonError(
                f"{visible(self.place)}: Dovecot's configuration cannot hold this path;"
                " name another directory in TMPDIR"
            )
        home = os.fsdecode(self.place)
        parts = [f"maildir:{home}/m", f"CONTROL={home}/c", f"INDEX={home}/i"]
        if self.live.layout == "fs":
            parts.append("LAYOUT=fs")
        paths = set(folders)
        if self.live.layout == "fs" and _INBOX in paths and b"" not in paths:
            self._inbox_inside = True  # as mbsync's `Inbox` often lies in its `Path`
            parts.append(f"INBOX={home}/m/INBOX")
        names = b"".join(paths)
        if self.live.utf8 or (not names.isascii() and b"&" not in names):
            parts.append("UTF-8")
        text = CONFIGURATION.format(location=":".join(parts), home=home)
        if any(os.path.exists(f"{place}/{_ZLIB}") for place in _MODULES):
            text += "mail_plugins = zlib\n"
        path = os.path.join(self.place, b"conf")
        with open(path, "wb") as file:
            file.write(text.encode())
        return path

    def make_folder(self, folder: bytes) -> None:
        """Makes the folder's directories, empty; of cur, new and tmp only those it really has."""
        os.makedirs(self.spool.absolute(folder), 0o700, exist_ok=True)
        for name in SUBDIRS:
            path = os.path.join(folder, name)
            if os.path.isdir(self.live.absolute(path)):
                os.makedirs(self.spool.absolute(path), 0o700, exist_ok=True)

    def has_folder(self, folder: bytes) -> bool:
        """Whether the folder's directory still exists; a server may have renamed it."""
        return os.path.isdir(self.spool.absolute(folder))

    @contextmanager
    def filled(self, folder: bytes, misfiled: Iterable[bytes] = ()) -> Iterator[Filled]:
        """Fills the folder with its messages and lists, and these misfiled files in their places.

        Raises MailsurgeonError when there is no room for it.
        """
        found = Filled()
        try:
            for subdir in (b"cur", b"new"):
                self._fill(os.path.join(folder, subdir), found)
            for path in misfiled:
                self._link_loose(path)
                found.files.add(path)
            self._copy_lists(folder)
            self._dress(folder, as_live=True)
        except OSError as error:
            self._empty(folder)
            raise MailsurgeonError(
                f"{visible(self.place)}: {error.strerror}; name another directory in TMPDIR"
            ) from error
        try:
            yield found
        finally:
            self._empty(folder)

    def hide_virtual_sizes(self, folder: bytes) -> None:
        """Removes W from the folder's names and uidlist: `,W=` becomes `,w=`, which servers ignore.
        The server then forgets what it read, and must read each message to learn its size.
        """
        self._dress(folder, as_live=False)
        for subdir in (b"cur", b"new"):
            inside = self.spool.absolute(os.path.join(folder, subdir))
            for name in os.listdir(inside) if os.path.isdir(inside) else ():
                if b",W=" in name:
                    hidden = name.replace(b",W=", b",w=")
                    os.rename(os.path.join(inside, name), os.path.join(inside, hidden))
        self._forget(folder)
        self._copy_lists(folder)
        uidlist = os.path.join(self._lists_of(folder), DOVECOT_UIDLIST)
        if os.access(uidlist, os.R_OK):
            with open(uidlist, "rb+") as file:
                changed = without_virtual_sizes(file.read())
                file.seek(0)
                file.truncate()
                file.write(changed)
        self._dress(folder, as_live=True)

    def held(self, folder: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The base name and live path of each entry now in the folder's cur and new."""
        start = len(self.live.root.rstrip(b"/")) + 1
        for subdir in (b"cur", b"new"):
            inside = os.path.join(folder, subdir)
            try:
                names = os.listdir(self.spool.absolute(inside))
            except OSError:
                continue
            for name in names:
                path = os.path.join(inside, name)
                with suppress(OSError):  # a directory is not a link: its own path stays
                    path = os.readlink(self.spool.absolute(path))[start:]
                yield name.split(b":", 1)[0], path

    def uids(self, folder: bytes) -> dict[bytes, int]:
        """The UIDs the server has assigned or found, by base name."""
        path = os.path.join(self._lists_of(folder), DOVECOT_UIDLIST)
        data = read_small(path, LARGEST_WHOLE_LIST) or b""
        try:
            return {record.base: record.uid for record in parse_uidlist(data).records}
        except UidlistError:
            return {}

    # Implementation

    def _fill(self, inside: bytes, found: Filled) -> None:
        target = self.spool.absolute(inside)
        if not os.path.isdir(target):
            return
        try:
            entries = list(os.scandir(self.live.absolute(inside)))
        except OSError:  # the survey says why; the server finds the same modes
            return
        self._check_room(len(entries))
        for entry in entries:
            if self._cancelled():
                raise KeyboardInterrupt
            if entry.name.startswith(b".nfs"):
                continue
            path = os.path.join(inside, entry.name)
            self._show(entry, path, self.spool.absolute(path), found)

    def _show(self, entry: os.DirEntry[bytes], path: bytes, target: bytes, found: Filled) -> None:
        if entry.is_dir(follow_symlinks=False):
            os.mkdir(target, 0o700)
            found.directories.append(path)
            if _holds_anything(entry.path):
                open(os.path.join(target, b"something"), "wb").close()
            return
        try:
            mode = entry.stat().st_mode
        except OSError:  # a broken link, or gone: the server will find out
            mode = stat.S_IFREG
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            os.symlink(self.live.absolute(path), target)
            found.files.add(path)
        else:
            found.passed.append(Passed(path, "not a file: a server would wait for it for ever"))

    def _link_loose(self, path: bytes) -> None:
        target = self.spool.absolute(path)
        os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
        os.symlink(self.live.absolute(path), target)
        self._loose.append(target)

    def _check_room(self, number: int) -> None:
        there = os.statvfs(self.place)
        room = min(there.f_bavail * there.f_frsize // _SYMLINK, there.f_favail or number)
        if room < number:
            raise MailsurgeonError(
                f"{visible(self.place)}: {number:,} symlinks do not fit there (up to"
                f" {number * _SYMLINK // 2**20:,} MiB); name a larger directory in TMPDIR"
            )

    def _lists_of(self, folder: bytes) -> bytes:
        if self._inbox_inside and folder == _INBOX:
            return os.path.join(self.place, b"c", _INBOX)
        return self.spool.control_of(folder)

    def _copy_lists(self, folder: bytes) -> None:
        place = self._lists_of(folder)
        os.makedirs(place, 0o700, exist_ok=True)
        for name in _LISTS:
            _copy(os.path.join(self.live.control_of(folder), name), os.path.join(place, name))

    def _dress(self, folder: bytes, *, as_live: bool) -> None:
        """Gives the shadow's directories the modes the live ones have for us (or 0700)."""
        for name in (*SUBDIRS, b""):  # the folder last, so that its subdirectories stay reachable
            path = os.path.join(folder, name) if name else folder
            target = self.spool.absolute(path)
            if os.path.isdir(target) and not os.path.islink(target):
                os.chmod(target, _allowed(self.live.absolute(path)) if as_live else 0o700)

    def _empty(self, folder: bytes) -> None:
        os.chmod(self.spool.absolute(folder), 0o700)
        self._dress(folder, as_live=False)
        for path in self._loose:
            _remove(path)
        self._loose.clear()
        for name in SUBDIRS:
            _remove(self.spool.absolute(os.path.join(folder, name)))
        self._forget(folder)
        self.make_folder(folder)

    def _forget(self, folder: bytes) -> None:
        """Removes what the server has written about the folder."""
        for name in _LISTS:
            _remove(os.path.join(self._lists_of(folder), name))
        _remove(self.index)
        os.mkdir(self.index, 0o700)


def without_virtual_sizes(data: bytes) -> bytes:
    """A uidlist without W, for names without it: no W field, and `,w=` for `,W=`."""
    return _RECORD_W.sub(rb"\1", data).replace(b",W=", b",w=")


def _of_root(place: bytes) -> list[bytes]:
    """The names of Dovecot's files for the whole spool that a shadow needs; some may be missing."""
    names = [file.name for file in _OF_ROOT if not file.begins]
    with suppress(OSError):
        beginnings = tuple(file.name for file in _OF_ROOT if file.begins)
        names += [name for name in os.listdir(place) if name.startswith(beginnings)]
    return names


def _allowed(path: bytes) -> int:
    """Our rights on a file or directory, as the owner's bits of a mode."""
    return sum(
        bit << 6 for bit in (os.R_OK, os.W_OK, os.X_OK) if os.access(path, bit, effective_ids=True)
    )


def _copy(source: bytes, target: bytes) -> None:
    """Copies a server's own file; if we may not read it, the copy is unreadable too."""
    if not os.path.lexists(source):
        return
    with open(target, "wb") as file:
        file.write(read_small(source, LARGEST_WHOLE_LIST) or b"")
    os.chmod(target, _allowed(source) & 0o600)


def _holds_anything(directory: bytes) -> bool:
    try:
        with os.scandir(directory) as entries:
            return any(True for _ in entries)
    except OSError:
        return True


def _remove(path: bytes) -> None:
    """Removes a tree of ours, whatever its modes; removes symlinks and never follows them."""
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            return
    except FileNotFoundError:
        return
    directories = [path]
    for directory in directories:  # the loop appends to this list
        os.chmod(directory, 0o700)
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.path)
                else:
                    os.unlink(entry.path)
    for directory in reversed(directories):
        os.rmdir(directory)
