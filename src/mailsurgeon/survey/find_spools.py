"""Finds the spools below a directory, in one walk that lists no cur, new or tmp.

A directory is a spool when it is a Maildir, or when the Maildirs in it are one user's folders. The
files that servers keep in a mail root, the names of folders and the host's Dovecot show the second
case. Without any such sign each Maildir counts as a spool of its own, because taking two users'
spools for one would compare their mail.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mailsurgeon.errors import SpoolError
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.folder_names import FS
from mailsurgeon.maildir.reserved import (
    SUBDIRS,
    is_domain,
    marks_folder,
    marks_root,
    never_searched,
)
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.mail_root import MAIL_ROOTS, is_maildir, mail_root_in
from mailsurgeon.survey.walk.foreign_stores import another_kind, foreign_stores, marks_store
from mailsurgeon.survey.walk.walk import NOT_FOLLOWED
from mailsurgeon.text import visible

_KERNELS = frozenset((b"/proc", b"/sys", b"/dev"))
_ROOT_NAMES = frozenset((b"maildir", b".maildir", b".mail"))
_FOLDER_NAMES = frozenset(
    (
        b"inbox", b"sent", b"drafts", b"trash", b"sent items", b"sent messages",
        b"deleted items", b"deleted messages",
    )
)  # fmt: skip
"""Names of folders that are not names of users."""


@dataclass(frozen=True, slots=True)
class FoundSpool:
    """A spool at `path`, which is absolute and without symlinks. `certain`: the directory itself
    shows that it is a mail root, without regard to what lies beside it."""

    path: bytes
    certain: bool


@dataclass(slots=True)
class _Look:
    """The entries of one directory that say something about mail."""

    path: bytes
    directories: list[bytes]
    symlinks: list[bytes]
    files: list[bytes]  # those that may show a store of another kind
    marks: bool = False  # of a folder
    root_marks: bool = False

    @property
    def name(self) -> bytes:
        return os.path.basename(self.path)

    @property
    def is_maildir(self) -> bool:
        present = [name for name in SUBDIRS if name in self.directories]
        return b"cur" in present or len(present) > 1 or bool(present and self.marks)

    @property
    def is_named_root(self) -> bool:
        """Whether a Maildir has the files or the name of somebody's mail root."""
        return self.root_marks or self.name.lower() in _ROOT_NAMES

    @property
    def is_root(self) -> bool:
        """Whether a Maildir has the files, the name or the folders of somebody's mail root."""
        if self.is_named_root:
            return True
        return any(
            (name.startswith(b".") or name.lower() in _FOLDER_NAMES)
            and _is_directory(self.path, name, b"cur")
            for name in self.directories
        )


def find_spools(
    directory: str | bytes,
    *,
    exclude: tuple[str, ...] = (),
    layout: str | None = None,
    not_searched: list[NotExamined] | None = None,
    host: Host | None = None,
) -> Iterator[FoundSpool]:
    """The spools at and below `directory`, ordered by path.

    Spools and quarantines are not searched for further spools, and symlinks are not followed.
    `exclude`: patterns of paths (relative to `directory`) or names to skip. With `layout` `fs`,
    Maildirs that lie side by side count as folders of one spool unless something shows otherwise.
    Paths that could not be searched are appended to `not_searched`; they are absolute. `host`
    supplies Dovecot's configuration; None is this computer. Raises SpoolError when `directory`
    itself cannot be read.
    """
    if not directory:  # an unset variable in a script must not mean the directory it runs in
        raise SpoolError("the directory given is empty; name one (. is the directory here)")
    top = os.path.realpath(os.fsencode(directory))
    try:
        first = _look(top)
    except OSError as error:
        raise SpoolError(
            f"{visible(directory)}: {error.strerror}; give a directory that holds mail"
        ) from error
    missed = [] if not_searched is None else not_searched
    return _Search(top, exclude, layout, missed, host or Host.this()).run(first)


def several_in(
    directory: str | bytes, *, exclude: tuple[str, ...] = (), host: Host | None = None
) -> tuple[bytes, bytes] | None:
    """The first two of the spools that lie for certain below a directory that is no spool and
    stands for none; None for any other. Certain are those that show it by their own signs or by the
    usual name of a mail root directly in it."""
    try:
        top = mail_root_in(os.path.realpath(os.fsencode(directory)))
        if not directory or is_maildir(top):
            return None
    except OSError:
        return None
    found: list[bytes] = []
    for spool in find_spools(top, exclude=exclude, host=host):
        if spool.path == top:
            return None
        above, name = os.path.split(spool.path)
        if spool.certain or (above == top and name in MAIL_ROOTS):
            found.append(spool.path)
        if len(found) > 1:
            return found[0], found[1]
    return None


class _Search:
    def __init__(
        self,
        top: bytes,
        exclude: tuple[str, ...],
        layout: str | None,
        not_searched: list[NotExamined],
        host: Host,
    ) -> None:
        self.top = top
        self.exclude = exclude
        self.layout = layout
        self.not_searched = not_searched
        self.host = host

    def run(self, first: _Look) -> Iterator[FoundSpool]:
        waiting = [first]
        while waiting:
            look = waiting.pop()
            if look.is_maildir:
                yield FoundSpool(look.path, look.is_root)
                waiting += reversed(self._users_below(look))
                continue
            below = self._without_stores(look, self._below(look))
            if self._is_mail_root(look, below):
                yield FoundSpool(look.path, True)
                continue
            self._tell_symlinks(look)
            waiting += reversed(below)

    def _users_below(self, look: _Look) -> list[_Look]:
        """The Maildirs `DOMAIN/USER` in a mail root, which cPanel keeps there for other users."""
        domains = [name for name in look.directories if is_domain(name)]
        inside = self._below(_Look(look.path, domains, [], [])) if domains else []
        users = [user for domain in inside if not domain.is_maildir for user in self._below(domain)]
        return [user for user in users if user.is_maildir]

    def _below(self, look: _Look) -> list[_Look]:
        found: list[_Look] = []
        for name in sorted(look.directories):
            path = os.path.join(look.path, name)
            if never_searched(name) or is_quarantine(name) or path in _KERNELS:
                continue
            if self.exclude and self._excluded(path):
                self.not_searched.append(NotExamined(path, "excluded"))
                continue
            try:
                found.append(_look(path))
            except OSError as error:
                reason = error.strerror or "cannot be read"
                self.not_searched.append(NotExamined(path, reason))
        return found

    def _without_stores(self, look: _Look, below: list[_Look]) -> list[_Look]:
        """The directories in one that is no Maildir, without those that are Maildirs in form but
        stores of other kinds, which are reported."""
        if not any(each.is_maildir for each in below):
            return below
        stores = foreign_stores(look.path, b"", look, folder=False)
        for each in below:
            if each.is_maildir:
                stores += foreign_stores(look.path, each.name, each, folder=True)
        for store in stores:
            path = os.path.join(look.path, store.path) if store.path else look.path
            self.not_searched.append(NotExamined(path, another_kind(store)))
        found = {store.path for store in stores}
        if b"" in found:
            return []
        return [each for each in below if each.name not in found]

    def _is_mail_root(self, look: _Look, below: Collection[_Look]) -> bool:
        """Whether the Maildirs in a directory that is not a Maildir are one user's folders."""
        folders = [each for each in below if each.is_maildir]
        if look.root_marks:
            return bool(folders) or any(map(_holds_maildir, below))
        plain = [folder for folder in folders if not folder.is_named_root]
        names = [folder.name.lower() for folder in plain]
        usual = sum(name.removeprefix(b".") in _FOLDER_NAMES for name in names)
        if usual > 1 or (usual and len(plain) == len(folders)):
            # Maybe with folders in them, as mbsync has them (SubFolders Legacy). Beside two of them
            # one that has the files of a root may be a copy of an old account.
            return True
        if not folders or any(folder.is_root for folder in folders):
            return False
        if sum(name.startswith(b".") for name in names) > 1:
            return True
        if self.layout is not None:
            return self.layout == FS
        return self.host.location_of(look.path, os.stat(look.path).st_uid) is not None

    def _tell_symlinks(self, look: _Look) -> None:
        """Reports symlinks to directories outside the searched tree. Others need no report: the
        search reaches their targets anyway."""
        for name in look.symlinks:
            path = os.path.join(look.path, name)
            target = os.path.realpath(path)
            if os.path.isdir(target) and not _lies_in(target, self.top):
                self.not_searched.append(NotExamined(path, NOT_FOLLOWED))

    def _excluded(self, path: bytes) -> bool:
        text = os.fsdecode(os.path.relpath(path, self.top))
        last = text.rpartition("/")[2]
        return any(fnmatchcase(text, one) or fnmatchcase(last, one) for one in self.exclude)


def is_quarantine(name: bytes) -> bool:
    """Whether a directory of this name is the quarantine of a spool beside it."""
    return name.startswith(b".") and name.endswith(b".quarantine")


def _look(path: bytes) -> _Look:
    """Lists one directory and keeps only the signs that its files give. Raises OSError."""
    look = _Look(path, [], [], [])
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                look.directories.append(entry.name)
            elif entry.is_symlink():
                look.symlinks.append(entry.name)
            else:
                look.root_marks |= marks_root(entry.name)
                look.marks |= marks_folder(entry.name)
                if marks_store(entry.name):
                    look.files.append(entry.name)
    return look


def _holds_maildir(look: _Look) -> bool:
    return any(_is_directory(look.path, name, b"cur") for name in look.directories)


def _is_directory(*parts: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(os.path.join(*parts)).st_mode)
    except OSError:
        return False


def _lies_in(path: bytes, top: bytes) -> bool:
    return path == top or path.startswith(top.rstrip(b"/") + b"/")
