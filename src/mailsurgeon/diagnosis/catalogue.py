"""The catalogue: every kind of problem, with the words the operator reads.

`code` is the contract (JSON, options, tests, documents); `badge` is what a list shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailsurgeon.diagnosis.severity import Severity


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem. `severity` is the worst it can have; `remedies` the repairs proposed."""

    code: str
    badge: str
    title: str
    severity: Severity
    sentence: str  # what is wrong, and what servers and clients do with it
    remedies: tuple[str, ...] = ()
    scope: str = "message"  # or "folder": a directory or a server's file


_INFO, _WARNING, _ERROR, _CRITICAL = Severity
_KINDS = (
    ProblemKind(
        "name-clash", "CLSH", "Name clash", _CRITICAL,
        "Another file of this folder has the same base name. Dovecot takes the two for one"
        " message, hides one and may overwrite it by the other.",
        ("rename", "quarantine"),
    ),
    ProblemKind(
        "size-mismatch", "SIZE", "Wrong size", _ERROR,
        "The size in the name is not the size of the file. Dovecot breaks off every read of it"
        " (“Cached message size larger than expected”, “wrong W value”); mbsync stops.",
        ("fix-size",),
    ),
    ProblemKind(
        "misfiled", "MISF", "Misfiled", _ERROR,
        "The message lies outside cur/ and new/. Dovecot and IMAP clients cannot see it;"
        " notmuch can.",
        ("file", "quarantine"),
    ),
    ProblemKind(
        "in-tmp", "TMP", "Left in tmp/", _ERROR,
        "The file lies in tmp/, where no client sees it. Servers delete what is old there:"
        " mbsync after 24 hours, Courier and Dovecot after 36.",
        ("file", "quarantine"),
    ),
    ProblemKind(
        "empty", "ZERO", "Empty", _ERROR,
        "The file has 0 bytes. Dovecot serves an empty message; mbsync and notmuch complain at"
        " every run.",
        ("quarantine",),
    ),
    ProblemKind(
        "truncated", "TRNC", "Truncated", _WARNING,
        "The file is shorter than its name says and its text breaks off. A whole copy may exist"
        " elsewhere; correcting the size would hide the loss.",
        ("fix-size",),
    ),
    ProblemKind(
        "not-mail", "JUNK", "Not mail", _WARNING,
        "The file does not begin like a message. Servers show it as an empty or garbled one.",
        ("quarantine",),
    ),
    ProblemKind(
        "bad-flags", "FLAG", "Bad flags", _WARNING,
        "The flags at the end of the name are not in the one form all programs read. notmuch"
        " does not update such a name; other clients may not see its flags.",
        ("fix-flags",),
    ),
    ProblemKind(
        "bad-name", "NAME", "Bad name", _WARNING,
        "The file name is one that servers skip, misread or cannot change.",
        ("rename",),
    ),
    ProblemKind(
        "duplicate-id", "DUP", "Duplicate", _WARNING,
        "Another message bears the same Message-ID.",
        ("quarantine",),
    ),
    ProblemKind(
        "uid-clash", "UID", "UID clash", _ERROR,
        "The ,U= in the name is used twice in the folder, or is above what mbsync has given out."
        " mbsync stops syncing this folder.",
        ("rename",),
    ),
    ProblemKind(
        "header-only", "HEAD", "Header only", _INFO,
        "There is nothing after the header. That is legal, but some tools skip such a message.",
    ),
    ProblemKind(
        "no-message-id", "NOID", "No Message-ID", _INFO,
        "The message has no Message-ID. Tools that go by it cannot tell copies of it.",
    ),
    ProblemKind(
        "from-line", "FROM", "From line", _INFO,
        "The file begins with the “From ” line of an mbox, which is no header field.",
    ),
    ProblemKind(
        "bad-date", "DATE", "Odd date", _INFO,
        "The file's time is far from the date in the header, or lies in the future. IMAP clients"
        " show it as the time the message came in.",
        ("fix-date",),
    ),
    ProblemKind(
        "unreadable", "READ", "Unreadable", _ERROR,
        "The file cannot be read. Servers fail on it, or leave it out.",
        ("fix-permissions",),
    ),
    ProblemKind(
        "linked", "LINK", "Not a file", _WARNING,
        "This is no regular file. Dovecot gives it a number as if it were mail and fails on it.",
        ("quarantine",),
    ),
    ProblemKind(
        "missing-subdir", "DIRS", "Missing directory", _ERROR,
        "The folder lacks cur, new or tmp. offlineimap and mbsync may not see the folder; mail"
        " cannot be delivered to it.",
        ("make-subdirs",), "folder",
    ),
    ProblemKind(
        "nested-folder", "NEST", "Nested folder", _ERROR,
        "This Maildir lies where the layout has no folders. No client sees it.",
        ("lift-folder",), "folder",
    ),
    ProblemKind(
        "stray-directory", "STRY", "Stray directory", _INFO,
        "This directory is no folder, no server's own, and holds no mail.",
        ("quarantine",), "folder",
    ),
    ProblemKind(
        "backup-folder", "BACK", "Backup folder", _INFO,
        "This folder looks like a backup copy. Clients list it, and its messages count twice.",
        ("quarantine",), "folder",
    ),
    ProblemKind(
        "bad-permissions", "PERM", "Wrong permissions", _WARNING,
        "Owner, group or mode differ from the rest of the spool. Servers may fail to read or"
        " write here, or others may.",
        ("fix-permissions",), "folder",
    ),
    ProblemKind(
        "uidlist-damaged", "UIDL", "Damaged uidlist", _ERROR,
        "The server's list of UIDs has lines it rejects. Dovecot then deletes the whole list and"
        " clients download the folder again.",
        ("fix-uidlist",), "folder",
    ),
    ProblemKind(
        "big-uid", "BUID", "Huge UIDs", _WARNING,
        "The list has UIDs of 2,147,483,648 and above, which many clients take for negative"
        " numbers. Only new UIDs for the whole folder cure that.",
        (), "folder",
    ),
    ProblemKind(
        "stale-lock", "LOCK", "Stale lock", _INFO,
        "The process that made this lock is gone.",
        ("quarantine",), "folder",
    ),
    ProblemKind(
        "bloated-index", "INDX", "Bloated index", _WARNING,
        "This index has grown so large that the server slows down or fails on it.",
        ("quarantine",), "folder",
    ),
)  # fmt: skip

CATALOGUE: dict[str, ProblemKind] = {kind.code: kind for kind in _KINDS}
"""Every kind of problem by its code, in the order of the documents."""

REMEDIES = (
    "fix-size", "fix-flags", "file", "quarantine", "rename", "make-subdirs", "fix-date",
    "fix-permissions", "fix-uidlist", "lift-folder",
)  # fmt: skip
