"""Why each problem happens, what servers make of it, what its repair does and does not do.

One Explanation a code; `mailsurgeon explain CODE` and the documentation are made from these.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """Four short paragraphs of plain sentences."""

    why: str  # how spools come to it
    servers: str  # what servers and clients do with it
    does: str  # what the repair does
    does_not: str  # what it leaves alone, and what to know before


EXPLANATIONS: dict[str, Explanation] = {
    "name-clash": Explanation(
        "A backup was copied back over a live folder, two spools were merged, or a client copied"
        " a message from new/ to cur/ instead of moving it.",
        "A server knows a message by its base name. Dovecot shows one of the two and hides the"
        " other; when it moves the one in new/ to cur/, it overwrites a file of the same full name"
        " without a word. Two of one name in cur/ make mbsync refuse the folder.",
        "The one in new/ (of two in cur/ the later one) gets a fresh name that keeps its time, its"
        " sizes and its flags. Where the two are the same to the byte, that one goes to quarantine"
        " and the one that stays has the flags of both.",
        "The one that keeps its name is not touched and keeps its UID. The renamed one, which no"
        " client could see reliably, is a new message for all of them.",
    ),
    "size-mismatch": Explanation(
        "The text was changed under the name: line ends were converted, a filter added a header, a"
        " disk lost the end of the file, or a program copied the name along with other text.",
        "Dovecot trusts ,S= and ,W=. With a wrong ,S= every read breaks off (“Cached message size"
        " larger than expected”); with a wrong ,W= up to 2.3 it cuts the connection and gives the"
        " message a new UID. mbsync stops with “bogus FETCH response”.",
        "The digits in the name are put right and nothing else of it changes. The message's record"
        " in the uidlist follows under the server's own lock, so that UID, flags, keywords and the"
        " time it came in stay. Where only the uidlist's record is wrong, only that is mended.",
        "The text is not touched, and a missing ,S= or ,W= is not added. It is not done for empty"
        " and truncated files unless asked for: there the old size is the only trace of what was"
        " lost. Dovecot's stored total of a mailbox stays stale until doveadm quota recalc.",
    ),
    "misfiled": Explanation(
        "A restore or a script put files beside cur/ instead of into it, or into a directory that"
        " is no folder.",
        "Dovecot, Courier and IMAP clients do not see it at all; notmuch indexes it.",
        "The message is moved to cur/ of its folder with the flags its name has. When its base"
        " name is taken there, it gets a fresh one. When the very same message is filed there"
        " already, the misfiled copy goes to quarantine.",
        "For every client it is a new message. From a directory whose only folder around it is"
        " INBOX nothing is moved unless you say so: mailsurgeon file SPOOL PATH --to INBOX.",
    ),
    "in-tmp": Explanation(
        "A delivery or a copy was broken off: a full disk, a crash, a killed client.",
        "Nobody serves it. Servers delete what is old there, by the file's change time: mbsync"
        " after 24 hours, Courier after 36 at every opening of the folder, Dovecot after 36 when"
        " it looks, about once a week. A copied or restored file starts that time anew.",
        "Older than 36 hours (--tmp-age) and open in no process: whole mail that is filed nowhere"
        " is delivered to cur/; what is empty, cut off or filed already goes to quarantine.",
        "What is younger or open is left alone. So is what cannot be judged: no mail, or a"
        " filed message bears its Message-ID but differs.",
    ),
    "empty": Explanation(
        "A full disk or a crash between making a file and writing it; a file system repaired after"
        " a power cut.",
        "Dovecot serves an empty message with a UID. mbsync and notmuch complain at every run.",
        "The file goes to quarantine, on request only.",
        "Clients will see the message deleted. A client may hold the only good text: where the"
        " name bears ,U= or ,FMD5= or mbsync keeps its state in the folder, the removal would"
        " travel to the far side, and it is refused without --force.",
    ),
    "truncated": Explanation(
        "The end of the file was lost: a full disk, a broken copy, a crash.",
        "Dovecot breaks off every read, as with any wrong size; mbsync stops.",
        "Nothing by itself. Look for a whole copy first: in a backup, on a client. When there is"
        " none, fix-size asked for by path makes the rest readable.",
        "Correcting the size hides that something was lost.",
    ),
    "not-mail": Explanation(
        "A file was dropped into cur/ or new/ by hand or by a script.",
        "Servers show it as a message without headers.",
        "It goes to quarantine, on request only.",
        "Clients will see a message deleted.",
    ),
    "bad-flags": Explanation(
        "Copies through other systems turn the colon into ; ! _ or %3A; scripts and old clients"
        " write flags in their own order, twice, or not at all.",
        "Dovecot reads unsorted flags but none behind another separator. notmuch does not update"
        " flags in such a name. Without :2, there are no flags.",
        "The end of the name is written in the one form all programs read: :2, and the letters"
        " in order, each once. Unknown capitals and what follows a further comma are kept.",
        "The base name stays, and so the UID; where a foreign separator had become part of it, the"
        " uidlist's record follows. A folder that uses a foreign separator throughout (KMail, a"
        " Windows store) is left as it is.",
    ),
    "bad-name": Explanation(
        "Made by scripts, by broken delivery programs or by copying through other systems.",
        "Names that begin with a dot are skipped by all; with a line break, by Dovecot; a name"
        " near 255 bytes cannot take a flag; of two ,S= Dovecot believes the first and Courier the"
        " last.",
        "The message gets a fresh name that keeps its time, its sizes as they are, its flags.",
        "Where servers did not see it before, it is a new message for every client.",
    ),
    "duplicate-id": Explanation(
        "Delivered twice, copied back from a backup, or one message kept in several folders on"
        " purpose. Some programs reuse a Message-ID for different texts.",
        "Servers do not care. notmuch and mu show them as one.",
        "A copy that is the same to the byte as one kept in the same folder goes to quarantine, on"
        " request only; the one kept has the flags of both. Kept is what is filed, has the lower"
        " UID, is older.",
        "Copies in other folders and messages that differ are only told. Messages without a"
        " Message-ID are never taken for duplicates.",
    ),
    "uid-clash": Explanation(
        "A message was copied or moved between folders together with the ,U= that mbsync or"
        " offlineimap wrote into its name.",
        "mbsync says “duplicate UID” or “UID is beyond highest assigned UID” and stops syncing the"
        " folder.",
        "The later one loses its ,U=, so that it is synced as a new message.",
        "The earlier one keeps its UID and its tie to the far side.",
    ),
    "header-only": Explanation(
        "Some programs send messages without a body; some lose it.",
        "Legal (RFC 5322 3.5); syncmaildir and some others skip it.",
        "Nothing.",
        "It is told so that you can look.",
    ),
    "no-message-id": Explanation(
        "Old or home-made programs leave it out; drafts often have none.",
        "Servers do not care; tools that go by the Message-ID cannot tell copies of it.",
        "Nothing.",
        "The text of a message is never edited.",
    ),
    "from-line": Explanation(
        "The message was cut out of an mbox with its separator line; sometimes a whole mbox was"
        " put in one file.",
        "Servers take the line for the first line of the header, or for its end.",
        "Nothing.",
        "The text of a message is never edited.",
    ),
    "bad-date": Explanation(
        "A restore or copy set all times to that day; a clock was wrong.",
        "IMAP clients show the file's time as the time a message came in, and sort by it.",
        "The file's time is set to the date in the header: that of the topmost Received line, else"
        " of Date. On request only.",
        "Dovecot remembers the time of messages it has looked at and goes on showing the old one"
        " from its cache. A wrong time in the name alone is left.",
    ),
    "unreadable": Explanation(
        "Wrong owner or mode after a restore as root, or a failing disk.",
        "Servers report an error for it, or leave it out.",
        "Where permissions are the reason, owner and mode are set like the rest of the spool. On"
        " request only.",
        "A failing disk is not repaired.",
    ),
    "linked": Explanation(
        "A symlink, pipe or directory was put into cur/ or new/.",
        "Dovecot gives it a UID as if it were mail and fails on it; an empty directory it removes,"
        " another it renames.",
        "It goes to quarantine as it is, on request only.",
        "A directory that holds mail is left: its mail is misfiled and can be filed first. What a"
        " symlink points to is never followed.",
    ),
    "missing-subdir": Explanation(
        "A copy left out empty directories; git and some archives do.",
        "Dovecot makes them; with layout fs and no tmp/ it does not see the folder. offlineimap"
        " needs all three, mbsync needs cur/; mail cannot be delivered without tmp/.",
        "The missing directories are made, with mode and owner of their neighbours.",
        "A folder that notmuch read with all that lies in it is then read as a Maildir.",
    ),
    "nested-folder": Explanation(
        "A spool of another layout was copied in, or a client made folders in its own way.",
        "In maildir++ folders lie flat; nobody sees one inside another.",
        "The directory becomes .A.B, with its lists and all: UIDs are kept. On request only.",
        "Lines in subscriptions are not changed; the plan names those that no longer fit. Clients"
        " that show subscribed folders only do not show .A.B before it is subscribed (mailsurgeon"
        " explain subscriptions).",
    ),
    "stray-directory": Explanation(
        "Something of another program, or the rest of a folder.",
        "Dovecot lists .NAME directly under the spool as a folder and makes cur, new and tmp in it"
        " when it is opened; others are ignored.",
        "It goes to quarantine with all it holds, on request only.",
        "One that Dovecot lists as a folder is left.",
    ),
    "backup-folder": Explanation(
        "Somebody copied a folder before a change, and it stayed.",
        "Clients list it, search finds everything twice, and it counts for the quota.",
        "The whole folder goes to quarantine with one step and can come back with one, on request"
        " only. The plan says how many of its messages are filed nowhere else.",
        "Clients will see the folder deleted. Nothing is compared beyond that count. Its line in"
        " subscriptions stays (mailsurgeon explain subscriptions).",
    ),
    "bad-permissions": Explanation(
        "A restore as root, or a script with another umask.",
        "Servers that run as the owner cannot read or write; a file that others may write can be"
        " changed by anybody.",
        "Owner, group and mode are set as most of the spool has them, never to root. On request"
        " only.",
        "A file with several names (hard links) is left alone. Where root owns most of the spool,"
        " owners are not judged.",
    ),
    "uidlist-damaged": Explanation(
        "A full disk, a crash, or an edit by hand.",
        "Dovecot throws the whole list away at the first line it rejects; when its index is gone"
        " too, all messages get new UIDs and every client downloads the folder again.",
        "Only the lines that a server would reject are dropped; the header line stays byte for"
        " byte. On request only.",
        "Messages whose line is dropped get a new UID. When the header line is the bad one nothing"
        " is done: Dovecot takes the UIDVALIDITY from its index.",
    ),
    "big-uid": Explanation(
        "A migration or a damaged list jumped to a huge UID; all later ones follow it.",
        "Clients that keep UIDs in signed 32-bit numbers see negative ones and lose or hide the"
        " messages.",
        "Nothing.",
        "The cure is new UIDs for the whole folder: with the server stopped, put dovecot-uidlist"
        " and the dovecot.index files of the folder aside. Every client then downloads it again.",
    ),
    "stale-lock": Explanation(
        "A server or client was killed while it held the lock.",
        "Dovecot overrides it at once; others wait up to two minutes.",
        "The lock goes to quarantine, on request only, and only while its process on this host is"
        " gone.",
        "A lock of another host, as on a network file system, is not judged.",
    ),
    "bloated-index": Explanation(
        "The server's cache grew over years, or a bug made it grow.",
        "The server slows down, or fails when it maps the file.",
        "It goes to quarantine, on request only, and the server makes it again. Refused while a"
        " process has it open or that cannot be seen.",
        "For dovecot.index.cache nothing is lost but time. Courier's keyword list is rebuilt from"
        " the keyword files of the messages.",
    ),
}
"""By code; the same codes as the catalogue."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Something worth knowing that is no problem: a title, and paragraphs of plain sentences."""

    title: str
    paragraphs: tuple[str, ...]


TOPICS: dict[str, Topic] = {
    "subscriptions": Topic(
        "Folders that no client shows",
        (
            "A mailbox's owner subscribes to folders, and many clients show only those. The server"
            " keeps the list in the spool: Dovecot in subscriptions (in the directory of CONTROL="
            " where there is one), Courier in courierimapsubscribed. mbsync and notmuch go by the"
            " directories and know no such list.",
            "A folder that was restored, copied in or lifted is whole and served, but its name is"
            " not in the list: the client does not show it, and its mail seems lost. INBOX is"
            " shown in any case. A line whose folder is gone does no harm; some clients show an"
            " empty folder for it.",
            "On the screen, a folder's details in the inspector (put the cursor on it in the tree)"
            " say whether it is subscribed. It is no problem and bears no badge: to leave a folder"
            " out may be what its owner wants.",
            "The list is the owner's and is never changed. The owner subscribes in the client, or"
            " the operator by the server's own command: doveadm mailbox subscribe -u USER FOLDER."
            " What a plan moves or takes away, and the lines it leaves stale, the plan names.",
        ),
    ),
}
"""By the word `mailsurgeon explain` takes beside the codes."""
