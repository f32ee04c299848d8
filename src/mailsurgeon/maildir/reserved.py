"""Recognises names that are not mail: those of servers, clients, tools and file systems.

All names come from the table of servers (`server_files.py`), apart from dot files: clients and
shells leave those beside cur, new and tmp.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.folder_names import MAILDIRPP

SUBDIRS = (b"cur", b"new", b"tmp")

_DOMAIN = re.compile(rb"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:[a-z]{2,}|xn--[a-z0-9-]+)\Z")
_NO_DOMAINS = (b".bak", b".old", b".orig", b".backup", b".converted", b".sbd", b".directory")
_OF_HOMES = frozenset(
    (
        b".ssh", b".config", b".local", b".cache", b".gnupg", b".profile", b".bashrc",
        b".bash_history", b".bash_logout", b".bash_profile", b".zshrc", b".zsh_history", b".cshrc",
        b".kshrc", b".viminfo", b".lesshst", b".Xauthority",
    )
)  # fmt: skip


def is_servers_file(name: bytes) -> bool:
    """Whether a regular file of this name in a folder's directory is a server's, or a dot file, and
    so never mail."""
    table = server_files.TABLE
    if name[:1] == b"." or name.startswith(table.all_prefixes):
        return True
    return table.temporary.match(name) is not None


def is_servers_directory(name: bytes) -> bool:
    """Whether a directory of this name belongs to a server or tool, so that a walk skips it."""
    return server_files.TABLE.owner_of(name) is not None


def never_a_folder(name: bytes) -> bool:
    """Whether a directory is not a folder although it looks like one, because a server is deleting
    it."""
    return name.lower() in server_files.TABLE.being_deleted


def never_searched(name: bytes) -> bool:
    """Whether the search for spools skips a directory of this name."""
    skipped = any(file.means(name) for file in server_files.TABLE.no_mail)
    return skipped or never_a_folder(name)


def keeps_state(name: bytes) -> bool:
    """Whether a regular file of this name is one in which a server or sync tool keeps the state of
    a folder."""
    return name.startswith(server_files.TABLE.prefixes)


def marks_folder(name: bytes) -> bool:
    """Whether a file of this name shows that its directory is a folder, even without cur and
    new."""
    return name in server_files.TABLE.folder_marks


def makes_folder(
    path: bytes, layout: str, directories: Collection[bytes], files: Collection[bytes]
) -> bool:
    """Whether a directory with these entries is a folder. `path` is relative to the spool.

    It has cur or new, or a file by which a server marks a folder. tmp alone makes none: other
    programs have one too, as Pigeonhole in `sieve`. Dovecot's indexes alone show only that `.NAME`
    directly under a maildir++ spool is one, since it lists each of these: indexes lie in other
    kinds of store too.
    """
    if b"cur" in directories or b"new" in directories:
        return True
    if not path and layout != MAILDIRPP:  # only contains folders
        return False
    if any(map(marks_folder, files)):
        return True
    if not is_listed(path, layout):
        return False
    beginnings = server_files.TABLE.listed_folder_marks
    return any(name.startswith(beginnings) for name in files)


def is_listed(path: bytes, layout: str) -> bool:
    """Whether a directory is `.NAME` directly under a maildir++ spool, where Dovecot takes it for a
    folder whatever it has in it."""
    return layout == MAILDIRPP and path.startswith(b".") and b"/" not in path


def marks_root(name: bytes) -> bool:
    """Whether a file of this name shows that its directory is a mail root."""
    return name.startswith(server_files.TABLE.root_marks)


def is_of_a_home(name: bytes) -> bool:
    """Whether a file or directory of this name shows that it lies in somebody's home directory."""
    return name in _OF_HOMES


def is_domain(name: bytes) -> bool:
    """Whether the name of a directory is a domain's, as cPanel names those in a mail root that hold
    the Maildirs of the domain's users."""
    return _DOMAIN.match(name) is not None and not name.endswith(_NO_DOMAINS)


def never_leftover(name: bytes) -> bool:
    """Whether a file in tmp/ cannot be the leftover of a delivery: a dot file (`.nfs*` among them)
    or a server's lock."""
    return name.startswith(b".") or name in server_files.TABLE.in_tmp
