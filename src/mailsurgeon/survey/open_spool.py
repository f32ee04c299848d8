"""Opens a spool: checks that it is one, finds out its layout, and says where its index is kept."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path

from mailsurgeon.errors import SpoolError
from mailsurgeon.host.doveconf import FOUND_BY
from mailsurgeon.host.host import Host
from mailsurgeon.host.own_places import cache_home
from mailsurgeon.maildir.folder_names import FS, MAILDIRPP
from mailsurgeon.maildir.reserved import SUBDIRS, marks_folder
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.walk.walk import FoundFolder, guess_layout
from mailsurgeon.survey.walk.watched import directories
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class Options:
    """How a spool is surveyed, and on which `host`. `tmp_age` in hours, `clock_ahead` in seconds.

    A `dovecot.index.cache` of more than `largest_cache` bytes, and a keyword list of Courier of
    more than `largest_keywords` bytes, count as bloated.
    """

    layout: str | None = None
    control: bytes | None = None
    index: bytes | None = None
    tmp_age: float = 36.0
    exclude: tuple[str, ...] = ()
    largest_cache: int = 1024 * 1024 * 1024
    largest_keywords: int = 256 * 1024
    jobs: int | None = None
    clock_ahead: float = 0.0
    host: Host = field(default_factory=lambda: Host.this(), compare=False, repr=False)

    def for_readers(self, executor: Executor | None) -> Options:
        """These options with `jobs` as given by the executor, if it says how many readers it
        has."""
        jobs: int | None = getattr(executor, "jobs", None)
        return self if jobs is None else replace(self, jobs=jobs)


def open_spool(path: str | bytes | os.PathLike[str], options: Options | None = None) -> Spool:
    """The spool at `path`; symlinks are resolved once, here.

    Without CONTROL= and INDEX= in the options, both are taken from the host's Dovecot. Raises
    SpoolError when there is no spool, when it is a store of another kind, or when it lies inside
    another Maildir.
    """
    options = options or Options()
    given = os.fsencode(path)
    if not given:  # an unset variable in a script must not mean the directory it runs in
        raise SpoolError("the SPOOL given is empty; name the mail root (. is the directory here)")
    root = os.path.realpath(given)
    try:
        status = os.stat(root)
        if not stat.S_ISDIR(status.st_mode):
            raise SpoolError(_not_a_directory(given, root))
        folders = find_folders(root)
    except OSError as error:
        raise SpoolError(f"{visible(given)}: {error.strerror}; {_advice(error)}") from error
    outer = _outer_maildir(root)
    if outer:
        raise SpoolError(
            f"{visible(given)}: lies inside another Maildir; open {visible(outer)} instead"
        )
    if not any(folder.present for folder in folders.values()):
        raise SpoolError(f"{visible(given)}: {_what_it_is(root)}")
    if options.layout not in (None, MAILDIRPP, FS):
        raise SpoolError(f"--layout {visible(options.layout)}: not a layout; give maildir++ or fs")
    layout = options.layout or guess_layout(folders)
    if options.control or options.index:
        control, index = (
            os.path.realpath(one) if one else None for one in (options.control, options.index)
        )
        return Spool(root, status.st_dev, status.st_ino, layout, control, index)
    known = options.host.location_of(root, status.st_uid)
    if known is None:
        return Spool(root, status.st_dev, status.st_ino, layout)
    # With a single folder the names on disk do not show the layout.
    if known.layout and not options.layout and len(folders) < 2:
        layout = known.layout
    found_by = FOUND_BY if known.control or known.index else ""
    return Spool(
        root, status.st_dev, status.st_ino, layout, known.control, known.index, found_by
    )  # fmt: skip


def _advice(error: OSError) -> str:
    """Advice for a spool that cannot be opened."""
    if isinstance(error, PermissionError):
        return "run it as the user who owns the mail, or as root"
    return "give the directory that holds cur, new and tmp, or the folders"


def find_folders(root: bytes) -> dict[bytes, FoundFolder]:
    """The folders below `root` by path, found without listing their messages.

    Raises OSError when the root cannot be read; skips other directories that cannot be read.
    """
    found: dict[bytes, FoundFolder] = {}
    for path, listing in directories(root):
        present = frozenset(name for name in SUBDIRS if name in listing.directories)
        if present or (path and any(map(marks_folder, listing.files))):
            found[path] = FoundFolder(path, present)
    return found


def _outer_maildir(root: bytes) -> bytes | None:
    """The outermost directory above `root` that is a Maildir, with cur and new; else None."""
    outer = None
    parent = os.path.dirname(root)
    while parent != os.path.dirname(parent):
        if all(os.path.isdir(os.path.join(parent, name)) for name in (b"cur", b"new")):
            outer = parent
        parent = os.path.dirname(parent)
    return outer


def _not_a_directory(given: bytes, root: bytes) -> str:
    try:
        with open(root, "rb") as file:
            begins = file.read(5)
    except OSError:
        begins = b""
    kind = "an mbox file" if begins == b"From " else "not a directory"
    return f"{visible(given)}: {kind}; a Maildir spool is needed"


def _what_it_is(root: bytes) -> str:
    """A sentence that says what a directory without a Maildir is."""
    names = set(os.listdir(root))
    if b"mailboxes" in names and b"storage" in names:
        return "a Dovecot mdbox store; mailsurgeon repairs Maildir spools"
    if b"mailboxes" in names:
        return "a Dovecot sdbox store; mailsurgeon repairs Maildir spools"
    for name in sorted(names):
        path = os.path.join(root, name)
        if os.path.isfile(path) and not os.path.islink(path) and _is_mbox(path):
            return f"a folder of mbox files ({visible(name)}); mailsurgeon repairs Maildir spools"
    return "no Maildir is here: no directory with cur, new or tmp"


def _is_mbox(path: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(5) == b"From "
    except OSError:
        return False


def index_path(spool: Spool) -> Path:
    """The path of this spool's index: in the user's cache directory, named by device and inode.

    Raises PermissionError when that directory lies in the spool and there is no other.
    """
    home = cache_home(spool.root)
    if home is None:
        raise PermissionError(errno.EPERM, "the cache directory lies in the spool", spool.shown)
    return home / f"{spool.device:x}-{spool.inode:x}.index"
