"""Damage of folders, directories, modes and the servers' own files."""

from __future__ import annotations

import os
import socket

from ..mail import plain
from ..spool import Build
from ..truth import Expected, Planted, all_of, expected
from .copies import duplicates
from .registry import Sow, family, plant

# linked


def _special(build: Build, path: bytes, kind: str) -> None:
    full = build.full(path)
    if kind == "symlink":
        os.symlink(build.random.choice((b"nowhere", b".", b"/dev/zero")), full)
    elif kind == "fifo":
        os.mkfifo(full, 0o600)
    elif kind == "socket":
        here = os.getcwd()
        os.chdir(os.path.dirname(full))  # a socket's path may have 108 bytes only
        try:
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(os.path.basename(full))
        finally:
            os.chdir(here)
        os.chmod(full, 0o600)
    else:
        build.directory(path)


def _linked(kind: str, inside: bool = False) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.folder()
        place = build.random.choice((b"cur", b"new"))
        info = build.random.choice((b":2,S", b""))
        path = folder.at(place, b"%d.M1P1.host" % (1_300_000_000 + build.number()) + info)
        _special(build, path, kind)
        if inside:
            build.write(os.path.join(path, b"note"), b"no mail\n")
        return [expected("linked", path, "warning", "quarantine", kind=kind)]

    return sow


family({f"folders.linked_{kind}": _linked(kind) for kind in ("symlink", "fifo", "socket")})
family(
    {
        "folders.linked_directory": _linked("directory"),
        "folders.linked_directory_with_file": _linked("directory", True),
    }
)


@plant()
def link_to_mail_in_cur(build: Build) -> Planted:
    """The mail is one, the link is none."""
    folder = build.folder()
    path = build.put(build.draft(folder, build.mail("lf")))
    link = folder.at(b"cur", b"%d.M2P2.host:2,S" % (1_300_000_000 + build.number()))
    os.symlink(os.path.basename(path), build.full(link))
    return [expected("linked", link, "warning", "quarantine", kind="symlink")]


@plant()
def dot_directory_in_cur(build: Build) -> Planted:
    """Dot files that are no mail are passed over; a directory is reported whatever its name."""
    path = build.new_folder(private=True).at(b"cur", b".git")
    build.directory(path)
    return [expected("linked", path, "warning", "quarantine", kind="directory")]


@plant()
def special_files_in_tmp(build: Build) -> Planted:
    """A leftover is a regular file."""
    folder = build.folder()
    for kind in ("symlink", "fifo"):
        _special(build, folder.at(b"tmp", b"%s%d" % (kind.encode(), build.number())), kind)
    return []


@plant()
def special_files_elsewhere(build: Build) -> Planted:
    """In a folder's own directory only plain files can be mail."""
    folder = build.new_folder(private=True)
    for kind in ("fifo", "socket"):
        _special(build, folder.at(kind.encode()), kind)
    return []


# missing-subdir


def _missing(*parts: str) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.new_folder(mails=0, private=True)
        for part in parts:
            os.rmdir(build.full(folder.at(part.encode())))
        return [
            expected("missing-subdir", folder.path, "error", "make-subdirs", missing=all_of(parts))
        ]

    return sow


family(
    {
        "folders.no_cur": _missing("cur"),
        "folders.no_new": _missing("new"),
        "folders.no_tmp": _missing("tmp"),
        "folders.only_cur": _missing("new", "tmp"),
    }
)


@plant()
def only_tmp(build: Build) -> Planted:
    """tmp alone makes no folder: other programs have one too."""
    folder = build.new_folder(mails=0, private=True)
    for part in (b"cur", b"new"):
        os.rmdir(build.full(folder.at(part)))
    if os.path.exists(build.full(folder.at(b"maildirfolder"))):
        missing = all_of(("cur", "new"))
        return [expected("missing-subdir", folder.path, "error", "make-subdirs", missing=missing)]
    return _stray(build, folder.path)


def _stray(build: Build, path: bytes) -> list[Expected]:
    """A directory directly below the root, stray only where that is a Maildir. Dovecot lists
    `.NAME` as a folder, in the one layout."""
    if not build.style.inbox:
        return []
    listed = build.style.layout == "maildir++" and path.startswith(b".")
    return [expected("stray-directory", path, "info", None if listed else "quarantine")]


def _marker(name: bytes) -> Sow:
    """A directory that only a server's file shows to be a folder."""

    def sow(build: Build) -> Planted:
        label = b"Marked%d" % build.number()
        path = label if build.style.layout == "fs" else b"." + label
        build.write(os.path.join(path, name), _MARKERS[name])
        detail = {"missing": all_of(("cur", "new", "tmp"))}
        if name.startswith(b"dovecot.index") and build.style.layout == "fs":
            return []  # indexes show a folder only where Dovecot lists one
        return [expected("missing-subdir", path, "error", "make-subdirs", **detail)]

    return sow


_MARKERS = {
    b"maildirfolder": b"",
    b"dovecot-uidlist": b"3 V1300000000 N1 G00000000000000000000000000000001\n",
    b"courierimapuiddb": b"1 1300000000 1\n",
    b"dovecot.index.log": b"\1\2",
    b"dovecot.index.cache": b"\1\2",
    b".uidvalidity": b"1300000000\n0\n",
}
family({f"folders.only_{name.decode()}": _marker(name) for name in _MARKERS})


# nested-folder


def _nested(*parts: bytes, becomes: bytes) -> Sow:
    """A Maildir inside a folder of a `maildir++` spool."""

    def sow(build: Build) -> Planted:
        if build.style.layout != "maildir++":
            return []
        parent = build.new_folder(private=True)
        path = parent.at(*parts)
        for part in (b"cur", b"new", b"tmp"):
            build.directory(os.path.join(path, part))
        letter = build.letter()
        name = b"%d.M1P%d.host:2,S" % (letter.date, build.number())
        build.write(os.path.join(path, b"cur", name), plain(letter), letter.date)
        lifted = os.fsdecode(parent.path + becomes)
        return [expected("nested-folder", path, "error", "lift-folder", becomes=lifted)]

    return sow


family(
    {
        "folders.nested": _nested(b"2012", becomes=b".2012"),
        "folders.nested_deep": _nested(b"2012", b"spring", becomes=b".2012.spring"),
        "folders.nested_dotted": _nested(b".2013", becomes=b".2013"),
    }
)


@plant(layout="maildir++")
def nested_without_dot(build: Build) -> Planted:
    """Directly under the spool, but not `.NAME`; and damaged inside."""
    path = b"Loose%d" % build.number()
    build.top_strangers += 1
    build.directory(os.path.join(path, b"cur"))
    build.directory(os.path.join(path, b"new"))
    letter = build.letter()
    mail = os.path.join(path, b"cur", b"%d.M1P%d.host,S=1:2,S" % (letter.date, build.number()))
    content = plain(letter)
    build.write(mail, content, letter.date)
    lifted = os.fsdecode(b"." + path)
    return [
        expected("nested-folder", path, "error", "lift-folder", becomes=lifted),
        expected("missing-subdir", path, "error", "make-subdirs", missing=["tmp"]),
        expected("size-mismatch", mail, "error", "fix-size", S=[1, len(content)]),
    ]


# stray-directory


@plant()
def stray_in_folder(build: Build) -> Planted:
    """The topmost of several; files that are no mail do not matter."""
    folder = build.folder()
    if folder.is_inbox:
        return []
    path = folder.at(b"scratch%d" % build.number())
    build.write(os.path.join(path, b"a", b"b", b"note.txt"), b"no mail\n")
    build.directory(os.path.join(path, b"c"))
    return [expected("stray-directory", path, "info", "quarantine")]


@plant()
def stray_in_root(build: Build) -> Planted:
    path = b"scratch%d" % build.number()
    build.directory(path)
    return _stray(build, path)


@plant()
def stray_named_like_a_folder(build: Build) -> Planted:
    path = b".Empty%d" % build.number()
    build.directory(path)
    return _stray(build, path)


@plant()
def stray_beside_mail(build: Build) -> Planted:
    """One directory of the tree holds mail: only the others are stray."""
    folder = build.new_folder(private=True)
    top = folder.at(b"export")
    letter = build.letter()
    mail = os.path.join(top, b"full", b"%d-mail" % build.number())
    build.write(mail, plain(letter), letter.date)
    for part in (b"one", b"two/three"):
        build.directory(os.path.join(top, part))
    strays = [os.path.join(top, part) for part in (b"one", b"two")]
    return [
        *(expected("stray-directory", path, "info", "quarantine") for path in strays),
        expected("misfiled", mail, "error", "file", where="nested", target=folder.name),
    ]


@plant()
def directory_in_tmp(build: Build) -> Planted:
    """Not inside cur, new or tmp."""
    build.directory(build.folder().at(b"tmp", b"work%d" % build.number(), b"deeper"))
    return []


def _own_directory(*parts: bytes, file: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        path = build.new_folder(private=True).at(*parts)
        build.write(os.path.join(path, file), b"\1\2\n")
        return []

    return sow


family(
    {
        "folders.notmuch": _own_directory(b".notmuch", b"xapian", file=b"flintlock"),
        "folders.courier_keywords": _own_directory(b"courierimapkeywords", file=b"1.M1.host"),
        "folders.extra": _own_directory(b"extra-1300000000.M1P1.host", file=b"note"),
        "folders.courier_acl": _own_directory(b"courierimaphieracl", file=b"Sent"),
    }
)


@plant(layout="fs")
def kmail_directory(build: Build) -> Planted:
    """KMail keeps the subfolders of NAME in `.NAME.directory`."""
    folder = build.new_folder(private=True)
    path = b"." + folder.path + b".directory/Sub"
    for part in (b"cur", b"new", b"tmp"):
        build.directory(os.path.join(path, part))
    return []


@plant()
def link_to_directory(build: Build) -> Planted:
    """Not followed, and said so: it may be a loop."""
    folder = build.new_folder(private=True)
    path = folder.at(b"loop")
    os.symlink(build.random.choice((b".", b"..", build.root)), build.full(path))
    build.unexamined.add(path)
    return []


# backup-folder

_BACKUPS = (
    "BACKUP2012",
    "Backup",
    "Work.bak",
    "Work.OLD",
    "Work~",
    "Work-backup-1",
    "Work.Converted",
)
_NO_BACKUPS = ("Old", "Bakery", "Household", "my backups", "Converted", "Work~2", "oldies")


def _named(label: str, backup: bool) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.new_folder(label, mails=2, private=True)
        return [expected("backup-folder", folder.path, "info", "quarantine", elsewhere=0)] * backup

    return sow


family({f"folders.backup_{label}": _named(label, True) for label in _BACKUPS})
family(
    {f"folders.no_backup_{label.replace(' ', '_')}": _named(label, False) for label in _NO_BACKUPS}
)


def _copied(common: int, only_one: int, only_other: int, backup: bool) -> Sow:
    """Two folders with so many identical messages, and some that only one of them has."""

    def sow(build: Build) -> Planted:
        number = build.number()
        one = build.new_folder(f"Kept{number}", mails=only_one, private=True)
        other = build.new_folder(f"Kept{number}-longer", mails=only_other, private=True)
        pairs = []
        for _ in range(common):
            message = build.mail("lf")
            pair = [build.draft(folder, message) for folder in (one, other)]
            for draft in pair:
                build.put(draft)
            pairs.append(pair)

        def truth() -> list[Expected]:
            found = [truth for pair in pairs for truth in duplicates(build, pair)]
            if backup:
                detail = {"elsewhere": sum(not one.trashed for one, _ in pairs)}
                found.append(expected("backup-folder", other.path, "info", "quarantine", **detail))
            return found

        return truth

    return sow


family(
    {
        "folders.copied_whole": _copied(20, 0, 0, True),
        "folders.copied_over_90": _copied(22, 1, 2, True),
        "folders.copied_90": _copied(27, 0, 3, False),
        "folders.copied_90_other_way": _copied(27, 3, 0, False),
        "folders.copied_too_few": _copied(19, 0, 0, False),
    }
)


@plant()
def subfolder_of_a_backup(build: Build) -> Planted:
    """Only the last component counts: a subfolder of a backup is judged by its own name."""
    if build.style.layout == "fs":
        build.new_folder(f"Kept{build.number()}.bak/Sub", mails=1, private=True)
    else:
        build.new_folder(f"Kept{build.number()}.bak.Sub", mails=1, private=True)
    return []


@plant()
def backup_with_copies(build: Build) -> Planted:
    """By name; and how much of it is filed elsewhere."""
    number = build.number()
    home = build.new_folder(f"Home{number}", mails=2, private=True)
    backup = build.new_folder(f"Home{number}.bak", mails=1, private=True)
    pairs = []
    for _ in range(2):
        message = build.mail("crlf")
        pair = [build.draft(folder, message) for folder in (home, backup)]
        for draft in pair:
            build.put(draft)
        pairs.append(pair)
    filed = sum(not draft.trashed for draft, _ in pairs)
    told = expected("backup-folder", backup.path, "info", "quarantine", elsewhere=filed)
    return lambda: [told, *(truth for pair in pairs for truth in duplicates(build, pair))]
