"""Recognises names that are not mail: those of servers, clients, tools and file systems.

The names of servers come from the table (`server_files.py`). Clients and shells leave dot files
beside cur, new and tmp; `.git` and `.mail-compress` belong to tools that archive or compress mail;
`lost+found` belongs to the file system.
"""

from __future__ import annotations

from mailsurgeon.maildir import server_files

SUBDIRS = (b"cur", b"new", b"tmp")

_NO_SERVERS_DIRECTORIES = frozenset((b".git", b".mail-compress", b"lost+found"))
_NO_MAIL = frozenset((b".git", b"lost+found"))


def is_servers_file(name: bytes) -> bool:
    """Whether a regular file of this name in a folder's directory is a server's, or a dot file, and
    so never mail."""
    table = server_files.TABLE
    if name[:1] == b"." or name.startswith(table.all_prefixes):
        return True
    return table.temporary.match(name) is not None


def is_servers_directory(name: bytes) -> bool:
    """Whether a directory of this name belongs to a server or tool, so that a walk skips it."""
    table = server_files.TABLE
    return (
        name in table.directories
        or name in _NO_SERVERS_DIRECTORIES
        or name.startswith(table.other_prefixes)
    )


def never_a_folder(name: bytes) -> bool:
    """Whether a directory is not a folder although it looks like one, because a server is deleting
    it."""
    return name.lower() in server_files.TABLE.being_deleted


def never_searched(name: bytes) -> bool:
    """Whether the search for spools skips a directory of this name."""
    return name in _NO_MAIL or name in server_files.TABLE.no_mail or never_a_folder(name)


def keeps_state(name: bytes) -> bool:
    """Whether a regular file of this name is one in which a server or sync tool keeps the state of
    a folder."""
    return name.startswith(server_files.TABLE.prefixes)


def marks_folder(name: bytes) -> bool:
    """Whether a file of this name shows that its directory is a folder, even without cur, new or
    tmp."""
    whole, beginnings = server_files.TABLE.folder_marks
    return name in whole or name.startswith(beginnings)


def marks_root(name: bytes) -> bool:
    """Whether a file of this name shows that its directory is a mail root."""
    return name.startswith(server_files.TABLE.root_marks)


def never_leftover(name: bytes) -> bool:
    """Whether a file in tmp/ cannot be the leftover of a delivery: a dot file (`.nfs*` among them)
    or a server's lock."""
    return name.startswith(b".") or name in server_files.TABLE.in_tmp
