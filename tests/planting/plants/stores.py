"""Mail stores of other kinds among the folders: told, and nothing in them judged."""

from __future__ import annotations

import os

from ..mail import plain
from ..spool import Build
from ..truth import Planted, expected
from .contents import FROM
from .registry import Sow, family


def _store(kind: str, messages: int | None, *files: bytes) -> Sow:
    """These files; those that hold mail end in a digit or `.eml`. All of it would be stray,
    misfiled or misnamed elsewhere."""

    def sow(build: Build) -> Planted:
        folder = build.folder(inbox=False)
        path = folder.at(b"store%d" % build.number())
        for name in files:
            mail = name.endswith(b".eml") or name[-1:].isdigit()
            build.write(os.path.join(path, name), plain(build.letter()) if mail else b"")
        build.unexamined.add(path)
        build.strange_maildirs |= kind == "thunderbird"
        detail = {} if messages is None else {"messages": messages}
        return [expected("foreign-store", path, "info", None, kind=kind, **detail)]

    return sow


family(
    {
        "stores.dbox": _store(
            "dbox", 2, b"mailboxes/INBOX/dbox-Mails/u.1", b"mailboxes/Sent/dbox-Mails/u.1",
            b"mailboxes/INBOX/dbox-Mails/dovecot.index.log",
        ),
        "stores.mdbox": _store(
            "mdbox", None, b"storage/m.1", b"storage/dovecot.map.index.log",
            b"mailboxes/INBOX/dbox-Mails/dovecot.index.log",
        ),
        "stores.thunderbird": _store(
            "thunderbird", 2, b"Inbox.msf", b"Inbox/cur/a.eml", b"Inbox/cur/b.eml",
            b"Inbox/tmp/.keep",
        ),
        "stores.mh": _store("mh", 3, b".mh_sequences", b"1", b"2", b"sub/.mh_sequences", b"sub/1"),
    }
)  # fmt: skip


def _gnus(build: Build) -> Planted:
    """A folder whose flags Gnus keeps; its names have no info, and it has no uidlist."""
    folder = build.new_folder(mails=0, private=True)
    for number in range(2):
        build.write(folder.at(b"cur", b"13000000%02d.M1.host" % number), plain(build.letter()))
    build.write(folder.at(b".nnmaildir", b"marks", b"read", b"1300000000.M1.host"), b"")
    build.unexamined.add(folder.path)
    build.strange_maildirs = True
    detail = {"kind": "nnmaildir", "messages": 2}
    return [expected("foreign-store", folder.path, "info", None, **detail)]


def _mbox(build: Build) -> Planted:
    """A file where Dovecot has a folder."""
    if build.style.layout != "maildir++":
        return []
    content = b"\n".join(FROM + plain(build.letter()) for _ in range(2))
    path = build.write(b".Mbox%d" % build.number(), content)
    build.unexamined.add(path)
    return [expected("foreign-store", path, "info", None, kind="mbox")]


family({"stores.nnmaildir": _gnus, "stores.mbox": _mbox})
