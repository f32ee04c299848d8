"""Explains each problem: how it arises, how servers react, what its repair does and does not do.

`mailsurgeon explain CODE` and the pages of docs/problems/ are made from these texts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Explanation:
    """Four short paragraphs of plain sentences."""

    why: str  # how the problem arises
    servers: str  # how servers and clients react
    does: str  # what the repair does
    does_not: str  # what the repair leaves alone, and what to know beforehand


EXPLANATIONS: dict[str, Explanation] = {
    "name-clash": Explanation(
        "A backup was copied back over a live folder, two spools were merged, or a client copied"
        " a message from new/ to cur/ instead of moving it.",
        "A server identifies a message by its base name. Dovecot shows one of the two and hides"
        " the other; when it moves the one in new/ to cur/, it silently overwrites a file with the"
        " same full name. mbsync refuses a folder with two messages of one name in cur/.",
        "The message in new/ (or the later one, if both are in cur/) gets a fresh name with its"
        " time, sizes and flags. If the two are identical to the byte, it goes to quarantine"
        " instead, and the message that stays gets the flags of both.",
        "The message that keeps its name keeps its UID, and its text is not touched. The renamed"
        " message, which no client could see reliably, is a new message for every client.",
    ),
    "size-mismatch": Explanation(
        "The text was changed but the name was not: line ends were converted, a filter added a"
        " header, a disk lost the end of the file, or a program reused the name for other text.",
        "Dovecot trusts ,S= and ,W=. With a wrong ,S= every read fails (“Cached message size larger"
        " than expected”). With a wrong ,W=, Dovecot up to 2.3 closes the connection and gives the"
        " message a new UID. mbsync stops with “bogus FETCH response”.",
        "The digits in the name are corrected; the rest of the name stays. The message's record in"
        " the uidlist is changed to match, under the server's own lock, so that UID, flags,"
        " keywords and time of arrival stay. If only the uidlist's record is wrong, only the record"
        " is corrected.",
        "The text is not touched, and a missing ,S= or ,W= is not added. Empty and truncated files"
        " are corrected only on request: their old size is the only trace of what was lost."
        " Dovecot's stored total of a mailbox stays stale until doveadm quota recalc.",
    ),
    "misfiled": Explanation(
        "A restore or a script put files beside cur/ instead of into it, or into a directory that"
        " is not a folder.",
        "Dovecot, Courier and IMAP clients do not see the message at all; notmuch indexes it.",
        "The message is moved to cur/ of its folder and keeps the flags in its name. If its base"
        " name is taken there, it gets a fresh one. If an identical message is filed there already,"
        " the misfiled copy goes to quarantine.",
        "The message is new for every client. If INBOX is the only folder around the directory,"
        " nothing is moved unless you name INBOX: mailsurgeon file SPOOL PATH --to INBOX.",
    ),
    "in-tmp": Explanation(
        "A full disk, a crash or a killed client interrupted a delivery or a copy.",
        "No server shows files in tmp/. Old files are deleted by their change time: mbsync deletes"
        " them after 24 hours, Courier after 36 whenever it opens the folder, Dovecot after 36 when"
        " it looks, about once a week. For a copied or restored file the time starts again.",
        "A file that is older than 36 hours (--tmp-age) and open in no process is repaired: whole"
        " mail that is filed nowhere is delivered to cur/; a file that is empty, cut off or already"
        " filed goes to quarantine.",
        "Younger and open files are left alone. So are files that cannot be judged: those that are"
        " not mail, and those whose Message-ID a different filed message has.",
    ),
    "empty": Explanation(
        "The disk was full or the machine crashed after the file was created and before it was"
        " written, or a file system was repaired after a power cut.",
        "Dovecot serves an empty message with a UID. mbsync and notmuch complain on every run.",
        "The file goes to quarantine, on request only.",
        "Clients will see the message deleted. A client may have the only good text: if the name"
        " has ,U= or ,FMD5=, or mbsync keeps its state in the folder, the next sync would delete"
        " the message on the far side too, so the repair is refused without --force.",
    ),
    "truncated": Explanation(
        "A full disk, an interrupted copy or a crash lost the end of the file.",
        "Dovecot fails at every read, as with any wrong size; mbsync stops.",
        "Nothing, unless you name the file. Look for a whole copy first: in a backup, on a client."
        " If there is none, fix-size with the file's path makes the rest readable.",
        "Correcting the size hides that something was lost.",
    ),
    "not-mail": Explanation(
        "Somebody, or a script, put a file that is not mail into cur/ or new/.",
        "Servers show it as a message without headers.",
        "The file goes to quarantine, on request only.",
        "Clients will see a message deleted.",
    ),
    "bad-flags": Explanation(
        "Copies through other systems turn the colon into ; ! _ or %3A, into a blank or another"
        " character, or drop it, and put .eml or (conflicted copy) behind the flags; scripts and"
        " old clients write flags in their own order, twice, or not at all.",
        "Dovecot reads unsorted flags, but no flags behind another separator. notmuch does not"
        " update flags in such a name. A name without :2, has no flags.",
        "The end of the name is rewritten in the one form that all programs read: :2, and the"
        " letters in order, each once. Flags end at the first character that is no letter. Unknown"
        " capitals and the text after a further comma are kept.",
        "The base name stays, and with it the UID. If a foreign separator had become part of the"
        " base name, the uidlist's record is changed to match. A folder that uses a foreign"
        " separator throughout (KMail, a Windows store) is left as it is; there, a colon is the odd"
        " one, unless a server lists the folder. Folders with one message follow the whole spool.",
    ),
    "bad-name": Explanation(
        "Scripts and broken delivery programs make such names, and so do copies through other"
        " systems.",
        "All servers skip a name that begins with a dot; Dovecot skips one with a line break. A"
        " name of nearly 255 bytes has no room for a flag. Of two ,S= Dovecot believes the first"
        " and Courier the last. Dovecot gives a name with a leading colon another, without its time"
        " and flags.",
        "The message gets a fresh name with its time and flags, and its sizes as they are. Colons"
        " at the start and repeated sizes are dropped; the rest of such a name stays.",
        "If servers did not see the message before, it is new for every client.",
    ),
    "duplicate-id": Explanation(
        "A message was delivered twice, copied back from a backup, or put in several folders on"
        " purpose. Some programs reuse a Message-ID for different texts.",
        "Servers do not mind. notmuch and mu show the copies as one message.",
        "A copy goes to quarantine, on request only, if the same folder keeps another that is"
        " identical to the byte; the kept one gets the flags of both. A filed copy is kept before"
        " one that is not filed, then the lower UID, then the older file.",
        "Copies in other folders and messages that differ are only reported. Messages without a"
        " Message-ID never count as duplicates.",
    ),
    "uid-clash": Explanation(
        "A message was copied or moved between folders together with the ,U= that mbsync or"
        " offlineimap wrote into its name.",
        "mbsync says “duplicate UID” or “UID is beyond highest assigned UID” and stops syncing the"
        " folder.",
        "The later message loses its ,U=, so that it is synced as a new message.",
        "The earlier message keeps its UID and its link to the message on the far side.",
    ),
    "header-only": Explanation(
        "Some programs send messages without a body; some lose the body.",
        "The message is legal (RFC 5322 3.5); syncmaildir and some other programs skip it.",
        "Nothing.",
        "The message is only reported, so that you can look at it.",
    ),
    "no-message-id": Explanation(
        "Old or home-made programs leave it out; drafts often have none.",
        "Servers do not mind; tools that rely on the Message-ID cannot recognise copies.",
        "Nothing.",
        "The text of a message is never edited.",
    ),
    "from-line": Explanation(
        "The message was cut out of an mbox together with its separator line; sometimes a whole"
        " mbox was put in one file.",
        "Servers take the line for the first line of the header, or for its end.",
        "Nothing.",
        "The text of a message is never edited.",
    ),
    "bad-date": Explanation(
        "A restore or copy set all times to the day it ran, or a clock was wrong.",
        "IMAP clients show the file's time as the time of arrival, and sort by it.",
        "The file's time is set to the date in the header, taken from the topmost Received line or"
        " else from Date. On request only.",
        "Dovecot caches the times of messages it has opened and goes on showing the old time. If"
        " only the time in the name is wrong, it is left.",
    ),
    "unreadable": Explanation(
        "A restore as root left the wrong owner or mode, or the disk is failing.",
        "Servers report an error or leave the message out.",
        "If permissions are the reason, owner and mode are set as in the rest of the spool. On"
        " request only.",
        "A failing disk is not repaired.",
    ),
    "linked": Explanation(
        "Somebody put a symlink, pipe or directory into cur/ or new/.",
        "Dovecot gives it a UID as if it were mail, then fails to read it. It removes an empty"
        " directory and renames any other.",
        "It goes to quarantine as it is, on request only.",
        "A directory that contains mail is left: its mail is misfiled and can be filed first."
        " Symlinks are never followed.",
    ),
    "missing-subdir": Explanation(
        "A copy left out empty directories, as git and some archives do.",
        "Dovecot makes the missing directories, but with layout fs and no tmp/ it does not see the"
        " folder. offlineimap needs all three, mbsync needs cur/; mail cannot be delivered without"
        " tmp/.",
        "The missing directories are made, with the mode and owner of their neighbours.",
        "notmuch, which had indexed every file in the folder, reads it as a Maildir afterwards.",
    ),
    "nested-folder": Explanation(
        "A spool with another layout was copied in, or a client made folders in its own way.",
        "In maildir++ all folders lie directly in the spool; no server shows a folder inside"
        " another.",
        "The directory becomes .A.B, with its lists and all other contents, so UIDs are kept. On"
        " request only.",
        "Lines in subscriptions are not changed; the plan names those that no longer fit. Clients"
        " that show only subscribed folders do not show .A.B until it is subscribed (mailsurgeon"
        " explain subscriptions).",
    ),
    "stray-directory": Explanation(
        "Another program made the directory, or a deleted folder left it behind.",
        "Dovecot lists .NAME directly under the spool as a folder and makes cur, new and tmp in it"
        " when it is opened; other directories are ignored.",
        "The directory goes to quarantine with all its contents, on request only.",
        "A directory that Dovecot lists as a folder is left.",
    ),
    "backup-folder": Explanation(
        "Somebody copied a folder before a change and never removed the copy.",
        "Clients list it, searches find everything twice, and it counts towards the quota.",
        "The whole folder goes to quarantine in one step and can come back in one, on request only."
        " The plan says how many of its messages are filed nowhere else.",
        "Clients will see the folder deleted. Nothing is compared beyond that count. The folder's"
        " line in subscriptions stays (mailsurgeon explain subscriptions).",
    ),
    "bad-permissions": Explanation(
        "A restore ran as root, or a script ran with another umask.",
        "Servers that run as the owner cannot read or write; a file that others may write can be"
        " changed by anybody.",
        "Owner, group and mode are set as in most of the spool, never to root. On request only.",
        "A file with several names (hard links) is left alone. Where root owns most of the spool,"
        " owners are not judged.",
    ),
    "uidlist-damaged": Explanation(
        "The disk was full, the machine crashed, or somebody edited the list by hand.",
        "Dovecot throws the whole list away at the first line it rejects; if its index is gone"
        " too, all messages get new UIDs and every client downloads the folder again.",
        "Only the lines that a server would reject are dropped; the header line stays byte for"
        " byte. On request only.",
        "Messages whose line is dropped get a new UID. If the header line is bad, nothing is done:"
        " Dovecot takes the UIDVALIDITY from its index.",
    ),
    "big-uid": Explanation(
        "A migration or a damaged list jumped to a huge UID; all later ones follow it.",
        "Clients that keep UIDs in signed 32-bit numbers see negative ones and lose or hide the"
        " messages.",
        "Nothing.",
        "Only new UIDs for the whole folder cure this: stop the server and move the folder's"
        " dovecot-uidlist and dovecot.index files aside. Every client then downloads the folder"
        " again.",
    ),
    "stale-lock": Explanation(
        "A server or client was killed while it held the lock.",
        "Dovecot overrides the lock at once; other programs wait up to two minutes.",
        "The lock goes to quarantine, on request only, and only if its process ran on this host and"
        " is still gone.",
        "A lock from another host, as on a network file system, is not judged.",
    ),
    "bloated-index": Explanation(
        "The server's cache grew over the years, or a bug made it grow.",
        "The server slows down, or fails when it maps the file.",
        "The file goes to quarantine, on request only, and the server makes it again. The repair is"
        " refused while a process has the file open, or if that cannot be seen.",
        "Losing dovecot.index.cache costs only time. Courier rebuilds its keyword list from the"
        " keyword files of the messages.",
    ),
}
"""The explanations by code; the codes are those of the catalogue."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Something worth knowing that is not a problem: a title, and paragraphs of plain sentences."""

    title: str
    paragraphs: tuple[str, ...]


TOPICS: dict[str, Topic] = {
    "subscriptions": Topic(
        "Folders that no client shows",
        (
            "A mailbox's owner subscribes to folders, and many clients show only those. The server"
            " keeps the list in the spool: Dovecot in subscriptions (in the directory of CONTROL="
            " if one is configured), Courier in courierimapsubscribed. mbsync and notmuch look at"
            " the directories and have no such list.",
            "A folder that was restored, copied in or lifted is whole and served, but its name is"
            " not in the list: the client does not show it, and its mail seems lost. INBOX is"
            " always shown. A line whose folder is gone does no harm; some clients show an empty"
            " folder for it.",
            "On the screen, a folder's details in the inspector (put the cursor on it in the tree)"
            " say whether it is subscribed. A missing subscription is not a problem and has no"
            " badge: the owner may have left the folder out on purpose.",
            "The list belongs to the owner and is never changed. The owner subscribes in the"
            " client, or the operator uses the server's own command: doveadm mailbox subscribe -u"
            " USER FOLDER. A plan names the folders it moves or removes, and the lines that this"
            " leaves stale.",
        ),
    ),
}
"""The topics by the word that `mailsurgeon explain` accepts in place of a code."""
