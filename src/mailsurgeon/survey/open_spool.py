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
from mailsurgeon.maildir.reserved import is_domain
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.mail_root import find_folders, is_maildir, mail_root_in
from mailsurgeon.survey.walk.layout import LayoutGuess, guess_layout
from mailsurgeon.survey.walk.no_spool import (
    holds_loose_mail,
    what_a_directory_is,
    what_a_file_is,
)
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

    A directory that is no Maildir and holds just one, as a home does, stands for that one; the
    spool then says so. Without CONTROL= and INDEX= in the options, both are taken
    from the host's Dovecot. Raises SpoolError when there is no spool, when it is a store of another
    kind, or when it lies inside another Maildir.
    """
    options = options or Options()
    given = os.fsencode(path)
    if not given:  # an unset variable in a script must not mean the directory it runs in
        raise SpoolError("the SPOOL given is empty; name the mail root (. is the directory here)")
    root = os.path.realpath(given)
    try:
        if not stat.S_ISDIR(os.stat(root).st_mode):
            raise SpoolError(f"{visible(given)}: {what_a_file_is(root)}")
        outside = root
        if options.layout is None:
            root = mail_root_in(root)
        found = find_folders(root)
        status = os.stat(root)
    except OSError as error:
        raise SpoolError(f"{visible(given)}: {error.strerror}; {_advice(error)}") from error
    outer = _outer_maildir(root)
    if outer:
        raise SpoolError(
            f"{visible(given)}: lies inside another Maildir; open {visible(outer)} instead"
        )
    if not found.folders and (found.stores or not holds_loose_mail(root)):
        raise SpoolError(f"{visible(given)}: {what_a_directory_is(root, found.stores)}")
    if options.layout not in (None, MAILDIRPP, FS):
        raise SpoolError(f"--layout {visible(options.layout)}: not a layout; give maildir++ or fs")
    guess = guess_layout(found.folders)
    if options.layout:
        guess = LayoutGuess(options.layout, "--layout names it")
    spool = Spool(
        root, status.st_dev, status.st_ino, guess.layout, layout_because=guess.because,
        layout_note=guess.note, opened_for=b"" if root == outside else outside,
    )  # fmt: skip
    if options.control or options.index:
        control, index = (
            os.path.realpath(one) if one else None for one in (options.control, options.index)
        )
        return replace(spool, control=control, index=index, dovecots=True)
    known = options.host.location_of(root, status.st_uid)
    if known is None:
        elsewhere = False if options.host.has_dovecots_mail() else None
        return replace(spool, dovecots=elsewhere)
    # With a single folder the names on disk do not show the layout.
    if known.layout and not options.layout and len(found.folders) < 2:
        spool = replace(spool, layout=known.layout, layout_because=f"{FOUND_BY} says so")
    found_by = FOUND_BY if known.control or known.index else ""
    return replace(
        spool, control=known.control, index=known.index, found_by=found_by, utf8=known.utf8,
        dovecots=True,
    )  # fmt: skip


def _advice(error: OSError) -> str:
    """Advice for a spool that cannot be opened."""
    if isinstance(error, PermissionError):
        return "run it as the user who owns the mail, or as root"
    return "give the directory that holds cur, new and tmp, or the folders"


def _outer_maildir(root: bytes) -> bytes | None:
    """The outermost directory above `root` that is a Maildir, with cur and new; else None.

    The Maildir around `DOMAIN/USER` is not one: there each user's is a spool of its own.
    """
    outer = None
    parent = os.path.dirname(root)
    while parent != os.path.dirname(parent):
        if all(os.path.isdir(os.path.join(parent, name)) for name in (b"cur", b"new")):
            outer = parent
        parent = os.path.dirname(parent)
    if outer and is_domain(os.path.basename(os.path.dirname(root))):
        domain = os.path.dirname(root)
        if outer == os.path.dirname(domain) and not is_maildir(domain) and is_maildir(root):
            return None
    return outer


def index_path(spool: Spool) -> Path:
    """The path of this spool's index: in the user's cache directory, named by device and inode.

    Raises PermissionError when that directory lies in the spool and there is no other.
    """
    home = cache_home(spool.root)
    if home is None:
        raise PermissionError(errno.EPERM, "the cache directory lies in the spool", spool.shown)
    return home / f"{spool.device:x}-{spool.inode:x}.index"
