"""The catalogue: one entry for every kind of problem.

The fields of an entry (`kind.py`) say what is wrong, which remedies repair it, why it may be left
alone, how to request a repair and what servers do. Each problem also has a rule
(`message_rules.py`, `group_rules.py`, `folder_rules.py`) and an explanation (`explanations.py`).
No other module uses its code.
"""

from __future__ import annotations

from mailsurgeon.diagnosis import phrases, stops
from mailsurgeon.diagnosis.kind import LeftAlone, NewName, ProblemKind, ServerView
from mailsurgeon.diagnosis.phrases import phrase
from mailsurgeon.diagnosis.severity import Severity

_INFO, _WARNING, _ERROR, _CRITICAL = Severity
_PUT_AWAY = "mailsurgeon quarantine add SPOOL PATH"
_INTO_INBOX = "mailsurgeon file SPOOL PATH --to INBOX"
_HIDES_LOSS = LeftAlone(
    "a whole copy may exist elsewhere, and correcting the size would hide the loss",
    "mailsurgeon fix SPOOL PATH",
)
_KINDS = (
    ProblemKind(
        "name-clash", "CLSH", "Name clash", _CRITICAL,
        "Another file in this folder has the same base name. Dovecot takes the two for one"
        " message, hides one of them and may overwrite it with the other.",
        ("rename", "quarantine"),
        evidence=phrase("same base name as {others}"),
        plain_fix=("rename", "quarantine"),
        left=(LeftAlone("it keeps the name"),),
        server=ServerView(
            may_complain=True, may_hide=True, upsets_folder=True,
            hidden_because="another file of the folder has its base name",
        ),
        new_name=NewName.NEW_MESSAGE,
        shares_uid=True,
        stops=stops.ALL_MAY_STOP,
    ),
    ProblemKind(
        "size-mismatch", "SIZE", "Wrong size", _ERROR,
        "The size in the name is not the size of the file. Dovecot breaks off every read of it"
        " (“Cached message size larger than expected”, “wrong W value”); mbsync stops.",
        ("fix-size",),
        evidence=phrases.size_words,
        plain_fix=("fix-size",),
        when_named="fix-size",
        answered_by=("fix-size",),
        left=(_HIDES_LOSS,),
        server=ServerView(must_complain=True),
        stops=stops.READERS_STOP,
    ),
    ProblemKind(
        "misfiled", "MISF", "Misfiled", _ERROR,
        "The message lies outside cur/ and new/. Dovecot and IMAP clients cannot see it;"
        " notmuch can.",
        ("file", "quarantine"),
        evidence=phrases.misfiled_words,
        plain_fix=("file", "quarantine"),
        answered_by=("file",),
        left=(
            LeftAlone(
                "it lies in no folder; make its directory one, or name a folder with --to",
                "mkdir DIRECTORY/cur DIRECTORY/new DIRECTORY/tmp",
                when="outside",
            ),
            LeftAlone(
                "the only folder around it is INBOX, which takes it only when named", _INTO_INBOX,
            ),
        ),
        server=ServerView(
            may_hide=True, never_shown=True, hidden_because="lies outside cur and new"
        ),
    ),
    ProblemKind(
        "in-tmp", "TMP", "Left in tmp/", _ERROR,
        "The file lies in tmp/, where no client sees it. Old files there are deleted: by mbsync"
        " after 24 hours, by Courier and Dovecot after 36.",
        ("file", "quarantine"),
        evidence=phrases.leftover_words,
        plain_fix=("file", "quarantine"),
        answered_by=("file", "quarantine"),
        left=(
            LeftAlone(
                "no mail, or a filed message has its Message-ID: look at it first",
                f"mailsurgeon file SPOOL PATH or {_PUT_AWAY}",
                when="stale",
            ),
            LeftAlone("a delivery may be at work"),
        ),
    ),
    ProblemKind(
        "empty", "ZERO", "Empty", _ERROR,
        "The file has 0 bytes. Dovecot serves an empty message; mbsync and notmuch complain on"
        " every run.",
        ("quarantine",),
        server=ServerView(may_complain=True),
        shows_loss=True,
    ),
    ProblemKind(
        "truncated", "TRNC", "Truncated", _WARNING,
        "The file is shorter than its name says and its text breaks off, or its text ends in NUL"
        " bytes. A whole copy may exist elsewhere; correcting the size would hide the loss.",
        ("fix-size",),
        evidence=phrases.cut_words,
        when_named="fix-size",
        answered_by=("fix-size",),
        left=(_HIDES_LOSS,),
        server=ServerView(may_complain=True),
        shows_loss=True,
    ),
    ProblemKind(
        "broken-packing", "PACK", "Broken packing", _ERROR,
        "The file is compressed or encrypted, and cut or damaged. Dovecot, with the plugin that"
        " reads such files, breaks off every read of it.",
        evidence=phrase("{packing}: {reason}"),
        left=(LeftAlone("what was lost can only come from another copy"),),
        server=ServerView(may_complain=True),
        stops=stops.READERS_MAY_STOP,
    ),
    ProblemKind(
        "not-mail", "JUNK", "Not mail", _WARNING,
        "The file does not begin like a message. Servers show an empty or garbled message.",
        ("quarantine",),
        evidence=phrase("looks like {looks_like}", needs="looks_like"),
        shows_loss=True,
    ),
    ProblemKind(
        "bad-flags", "FLAG", "Bad flags", _WARNING,
        "The flags at the end of the name are not in the one form that all programs read. notmuch"
        " does not update such a name; other clients may not see the flags.",
        ("fix-flags",),
        evidence=phrase("“{info}” should be “{should_be}”"),
        plain_fix=("fix-flags",),
        answered_by=("fix-flags",),
        left=(LeftAlone("the separator is the folder's own"),),
        # Before a lost colon the 2 of the flags counts to the size for Dovecot.
        server=ServerView(may_complain=True, hides_size=True),
    ),
    ProblemKind(
        "unknown-keyword", "KEYW", "Unknown keyword", _WARNING,
        "The name has letters for keywords that have no name in this folder. Clients show"
        " “unknown-1” and the like instead of the labels.",
        evidence=phrase("{letters}"),
        left=(LeftAlone("only somebody who knows the labels can name them"),),
    ),
    ProblemKind(
        "bad-name", "NAME", "Bad name", _WARNING,
        "Servers skip or misread this file name, or cannot change it.",
        ("rename",),
        evidence=phrase("{reason}"),
        server=ServerView(
            may_complain=True, may_hide=True, upsets_folder=True,
            hidden_because="servers skip or rename a file of such a name",
        ),
        new_name=NewName.USABLE,
        stops=stops.ALL_MAY_STOP,
    ),
    ProblemKind(
        "duplicate-id", "DUP", "Duplicate", _WARNING,
        "Another message has the same Message-ID, or is identical and has none.",
        ("quarantine",),
        evidence=phrases.copies_words,
        left=(
            LeftAlone("marked deleted, and its living copy is not filed yet", when="living"),
            LeftAlone("all identical copies are marked deleted", when="all_trashed"),
            LeftAlone("the copy that is kept", when="identical_here"),
            LeftAlone("no identical copy in the same folder"),
        ),
    ),
    ProblemKind(
        "uid-clash", "UID", "UID clash", _ERROR,
        "Another message in the folder has the same ,U= in its name, or the number is higher than"
        " any that mbsync has assigned. mbsync stops syncing this folder.",
        ("rename", "quarantine"),
        evidence=phrase("UID {uid}"),
        left=(LeftAlone("it keeps its UID"),),
        new_name=NewName.WITHOUT_UID,
        shares_synced_uid=True,
        stops=stops.SYNC_STOPS,
    ),
    ProblemKind(
        "header-only", "HEAD", "Header only", _INFO,
        "The message ends after its header. That is legal, but some tools skip such a message.",
    ),
    ProblemKind(
        "no-message-id", "NOID", "No Message-ID", _INFO,
        "The message has no Message-ID. Tools that rely on it cannot recognise copies.",
    ),
    ProblemKind(
        "from-line", "FROM", "From line", _INFO,
        "The file begins with the “From ” line of an mbox, which is not a header field.",
    ),
    ProblemKind(
        "bad-date", "DATE", "Odd date", _INFO,
        "The file's time is far from the date in the header, or in the future. IMAP clients show"
        " the file's time as the time when the message arrived.",
        ("fix-date",),
        evidence=phrases.date_words,
        left=(LeftAlone("the header has no date that a file can have, or only the name is wrong"),),
    ),
    ProblemKind(
        "unreadable", "READ", "Unreadable", _ERROR,
        "The file cannot be read. Servers report an error or leave the message out.",
        ("fix-permissions",),
        evidence=phrases.error_words,
        left=(LeftAlone("its permissions are not the reason"),),
        server=ServerView(must_complain=True, may_hide=True),
        stops=stops.READERS_STOP,
    ),
    ProblemKind(
        "linked", "LINK", "Not a file", _WARNING,
        "This is not a regular file. Dovecot gives it a UID as if it were mail, then fails to read"
        " it; in the place of a server's own file it is an error at every use.",
        ("quarantine",),
        evidence=phrase("{kind}"),
        left=(
            LeftAlone("a server may use the file it leads to", when="leads_to_file"),
            LeftAlone("it is a server's own; the mail root should not be its home", when="own"),
            LeftAlone("the directory holds mail, which is to be filed first"),
        ),
        server=ServerView(
            may_complain=True, may_hide=True, hidden_because="is no regular file"
        ),
        stops=stops.SERVERS_MAY_STOP,
    ),
    ProblemKind(
        "missing-subdir", "DIRS", "Missing directory", _ERROR,
        "The folder lacks cur, new or tmp. offlineimap and mbsync may not see the folder; mail"
        " cannot be delivered to it.",
        ("make-subdirs",), "folder",
        evidence=phrase("lacks {missing}"),
        left=(LeftAlone("something else has the name; move that away first"),),
        plain_fix=("make-subdirs",),
        server=ServerView(explains_folder=True),
        stops=stops.ALL_MAY_STOP,
    ),
    ProblemKind(
        "nested-folder", "NEST", "Nested folder", _ERROR,
        "This Maildir lies where the spool's layout has no folders. No client sees it.",
        ("lift-folder",), "folder",
        evidence=phrase("becomes {becomes}", needs="becomes"),
        left=(
            LeftAlone("its messages belong in INBOX", _INTO_INBOX, when="merge"),
            LeftAlone("no server would open a folder of the name it should get"),
        ),
        server=ServerView(explains_folder=True),
    ),
    ProblemKind(
        "bad-folder-name", "FNAM", "Bad folder name", _ERROR,
        "Servers list a folder of this name or hide it, but cannot open it: its mail is invisible.",
        ("rename-folder",), "folder",
        evidence=phrases.folder_name_words,
        left=(
            LeftAlone(
                "its messages belong in a folder that is there already, so the two are to be"
                " merged",
                "mailsurgeon file SPOOL PATH --to FOLDER",
                when="merge",
            ),
            LeftAlone("it can be renamed once it is lifted", when="nested"),
            LeftAlone("no name that servers accept can be made from it"),
        ),
        server=ServerView(explains_folder=True),
        stops=stops.SERVERS_MAY_STOP,
    ),
    ProblemKind(
        "stray-directory", "STRY", "Stray directory", _INFO,
        "This directory is not a folder, belongs to no server and holds no mail.",
        ("quarantine",), "folder",
        left=(LeftAlone("Dovecot lists it as a folder"),),
    ),
    ProblemKind(
        "foreign-store", "STOR", "Other mail store", _INFO,
        "This is a mail store of another kind. Its own program repairs it; nothing in it is"
        " examined or changed here.",
        scope="folder",
        evidence=phrases.store_words,
        left=(LeftAlone("its own program repairs it"),),
        server=ServerView(explains_folder=True),
    ),
    ProblemKind(
        "backup-folder", "BACK", "Backup folder", _INFO,
        "This folder looks like a backup copy. Clients list it, and its messages count twice.",
        ("quarantine",), "folder",
        evidence=phrases.backup_words,
        answered_by=("quarantine",),
    ),
    ProblemKind(
        "packed", "PKD", "Packed mail", _ERROR,
        "Messages of this folder are compressed or encrypted. A server without the plugin that"
        " reads them shows their bytes as text; so do mutt, mbsync and notmuch.",
        (), "folder",
        evidence=phrases.packed_words,
        left=(
            LeftAlone("Dovecot's plugin is to be loaded: mail_plugins", when="plugins"),
            LeftAlone("nothing is wrong while a server reads them"),
        ),
        server=ServerView(may_complain=True, explains_folder=True),
    ),
    ProblemKind(
        "bad-permissions", "PERM", "Wrong permissions", _WARNING,
        "Owner, group or mode differ from the rest of the spool. Servers may be unable to read or"
        " write here, or other users may be able to.",
        ("fix-permissions",), "folder",
        evidence=phrases.permission_words,
        server=ServerView(may_complain=True, explains_folder=True),
        stops=stops.ALL_MAY_STOP,
    ),
    ProblemKind(
        "uidlist-damaged", "UIDL", "Damaged uidlist", _ERROR,
        "The list of UIDs has lines that the server rejects. Dovecot then deletes the whole list,"
        " and clients download the folder again.",
        ("fix-uidlist",), "folder",
        evidence=phrase("{reason}"),
        left=(
            LeftAlone("so many bad lines are no accident", _PUT_AWAY, when="more"),
            LeftAlone("its header line is damaged; only the server can make a new one"),
        ),
        server=ServerView(explains_folder=True),
    ),
    ProblemKind(
        "keywords-damaged", "KEYF", "Damaged keywords", _WARNING,
        "Dovecot's names of this folder's keyword letters have lines that Dovecot skips, or"
        " characters with which clients cannot read its answers.",
        ("fix-keywords",), "folder",
        evidence=phrase("{reason}"),
        left=(LeftAlone("it is far too large; quarantine it", _PUT_AWAY),),
        stops=stops.SERVERS_MAY_STOP,
    ),
    ProblemKind(
        "big-uid", "BUID", "Huge UIDs", _WARNING,
        "The list has UIDs of 2,147,483,648 and above, which many clients take for negative"
        " numbers. Only new UIDs for the whole folder cure that.",
        (), "folder",
        evidence=phrase("highest {highest:,}"),
        left=(LeftAlone("only new UIDs for the whole folder cure it"),),
        server=ServerView(explains_folder=True),
        stops=stops.SERVERS_MAY_STOP,
    ),
    ProblemKind(
        "wrong-quota", "QUOT", "Wrong quota", _WARNING,
        "The file by which servers keep the quota does not agree with the mail. Deliveries may be"
        " refused for no reason, or the limit be passed.",
        ("quarantine",), "folder",
        evidence=phrases.quota_words,
        left=(LeftAlone("it lies outside the spool, among the server's control files"),),
        stops=stops.SERVERS_MAY_STOP,
    ),
    ProblemKind(
        "sync-state-damaged", "SYNC", "Damaged sync state", _ERROR,
        "A file in which mbsync keeps what it has synced is damaged. mbsync stops, or takes every"
        " message for new.",
        (), "folder",
        evidence=phrase("{reason}"),
        left=(LeftAlone("only a backup has what it held; without one, mbsync starts afresh"),),
        stops=stops.SYNC_MAY_STOP,
    ),
    ProblemKind(
        "stale-lock", "LOCK", "Stale lock", _INFO,
        "The process that made this lock is gone.",
        ("quarantine",), "folder",
        evidence=phrase("process {pid} is gone"),
    ),
    ProblemKind(
        "bloated-index", "INDX", "Bloated index", _WARNING,
        "This index has grown so large that the server slows down or fails to read it.",
        ("quarantine",), "folder",
        evidence=phrase("{bytes:,} bytes"),
        may_be_open=True,
        stops=stops.SERVERS_MAY_STOP,
    ),
)  # fmt: skip

CATALOGUE: dict[str, ProblemKind] = {kind.code: kind for kind in _KINDS}
"""Every kind of problem by its code, in the order in which the documents list them."""


def kind_named(word: str) -> ProblemKind | None:
    """The kind that an operator means by a code or a badge, in any case; None if there is none."""
    badge = word.upper()
    return CATALOGUE.get(word.lower()) or next(
        (kind for kind in CATALOGUE.values() if kind.badge == badge), None
    )


def problem_kind(code: str) -> ProblemKind:
    """The entry for `code`; an empty one of severity INFO when the catalogue lacks the code."""
    return CATALOGUE.get(code) or ProblemKind(code, code[:4].upper(), code, Severity.INFO, "")
