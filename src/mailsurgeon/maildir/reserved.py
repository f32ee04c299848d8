"""Names that are not mail: what servers, clients and file systems keep inside a spool.

What servers keep is in the table (`server_files.py`). Dot files beside cur, new and tmp are of
clients and shells; `.git` and `.mail-compress` are of whoever keeps or packs the mail;
`lost+found` is of the file system.
"""

from __future__ import annotations

from mailsurgeon.maildir import server_files

SUBDIRS = (b"cur", b"new", b"tmp")

_NO_SERVERS_DIRECTORIES = frozenset((b".git", b".mail-compress", b"lost+found"))
_NO_MAIL = frozenset((b".git", b"lost+found"))


def is_servers_file(name: bytes) -> bool:
    """Whether a plain file in a folder's directory is a server's (or a dot file), never mail."""
    table = server_files.TABLE
    if name[:1] == b"." or name.startswith(table.all_prefixes):
        return True
    return table.temporary.match(name) is not None


def is_servers_directory(name: bytes) -> bool:
    """Whether a directory of this name is a server's or tool's own, and not looked into."""
    table = server_files.TABLE
    return (
        name in table.directories
        or name in _NO_SERVERS_DIRECTORIES
        or name.startswith(table.other_prefixes)
    )


def never_a_folder(name: bytes) -> bool:
    """Whether a directory is no folder although it may look like one: a deletion under way."""
    return name.lower() in server_files.TABLE.being_deleted


def never_searched(name: bytes) -> bool:
    """Whether a directory of this name is passed over in the search for spools."""
    return name in _NO_MAIL or name in server_files.TABLE.no_mail or never_a_folder(name)


def keeps_state(name: bytes) -> bool:
    """Whether a plain file is one in which a server or sync tool keeps its state of a folder."""
    return name.startswith(server_files.TABLE.prefixes)


def marks_folder(name: bytes) -> bool:
    """Whether a file of this name says that its directory is a folder, whatever is missing."""
    whole, beginnings = server_files.TABLE.folder_marks
    return name in whole or name.startswith(beginnings)


def marks_root(name: bytes) -> bool:
    """Whether a file of this name says that its directory is a mail root."""
    return name.startswith(server_files.TABLE.root_marks)


def never_leftover(name: bytes) -> bool:
    """Whether a file in tmp/ is no leftover of a delivery: dot files, `.nfs*`, Courier's lock."""
    return name.startswith(b".") or name in server_files.TABLE.in_tmp
