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
        " the misfiled copy goes to quarantine, unless that message is marked deleted: then it is"
        " filed too, since the next expunge would leave no other.",
        "The message is new for every client. If INBOX is the only folder around the directory,"
        " nothing is moved unless you name INBOX: mailsurgeon file SPOOL PATH --to INBOX. If no"
        " folder is around it at all, name one, or make its directory a folder (mkdir cur new tmp)"
        " and the next fix files its messages there.",
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
        "A full disk, an interrupted copy or a crash lost the end of the file. A crash may leave"
        " NUL bytes in its place, and the size as it was.",
        "Dovecot fails at every read, as with any wrong size; mbsync stops. If the size is right,"
        " clients get a text that ends in NUL bytes.",
        "Nothing, unless you name the file. Look for a whole copy first: in a backup, on a client."
        " If there is none, fix-size with the file's path makes the rest readable.",
        "Correcting the size hides that something was lost.",
    ),
    "broken-packing": Explanation(
        "A compressed or encrypted message was cut by a full disk or an interrupted copy, or its"
        " bytes were changed on the way.",
        "Dovecot’s zlib, mail-compress or mail-crypt plugin gives the text up to the damage, then"
        " breaks off (“unexpected EOF”, “gz trailer has wrong CRC value”, “Truncated header”)."
        " mbsync stops. A server without the plugin shows the packed bytes.",
        "Nothing: the bytes of a message are never edited. Look for a whole copy in a backup or on"
        " a client.",
        "The sizes in the name are not judged, since those of the text cannot be known. Without the"
        " key, damage to encrypted text cannot be seen: only a cut or unknown header, and an end of"
        " NUL bytes.",
    ),
    "not-mail": Explanation(
        "Somebody, or a script, put a file that is not mail into cur/ or new/.",
        "Servers show it as a message without headers.",
        "The file goes to quarantine, on request only.",
        "Clients will see a message deleted. Wrong sizes in the name are corrected only on request:"
        " they may be the only trace of what the file was.",
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
    "unknown-keyword": Explanation(
        "The file was copied from another folder, where its letters have other names, or the"
        " folder's dovecot-keywords was lost or belongs to another one.",
        "Dovecot invents names such as “unknown-1” and writes them down; clients show these, or"
        " nothing, instead of the labels.",
        "Nothing: which labels were meant, nobody here can know.",
        "Where you know the labels, write `NUMBER NAME` lines into the folder's dovecot-keywords"
        " while the server is stopped (0 is the letter a), or clear the letters with `flags`.",
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
        " one that is not filed, then the lower UID, then the older file. A copy marked deleted is"
        " never kept instead of another: the next expunge would remove it.",
        "Copies in other folders and messages that differ are only reported. Messages without a"
        " Message-ID count as duplicates only if they are identical to the byte.",
    ),
    "uid-clash": Explanation(
        "A message was copied or moved between folders together with the ,U= that mbsync or"
        " offlineimap wrote into its name.",
        "mbsync says “duplicate UID” or “UID is beyond highest assigned UID” and stops syncing the"
        " folder.",
        "The later message loses its ,U=, so that it is synced as a new message. If the two are"
        " identical to the byte, it goes to quarantine instead, and the message that stays gets the"
        " flags of both.",
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
        " else from Date. On request only. Below a year, a difference counts only if the time in"
        " the name confirms the header’s date; for a file that you name with --only bad-date, any"
        " difference over a minute is corrected.",
        "Dovecot caches the times of messages it has opened and goes on showing the old time. If"
        " only the time in the name is wrong, it is left, and so is a file whose header gives a"
        " date in the future.",
    ),
    "unreadable": Explanation(
        "A restore as root left the wrong owner or mode, or the disk is failing.",
        "Servers report an error or leave the message out.",
        "If permissions are the reason, owner and mode are set as in the rest of the spool. On"
        " request only.",
        "A failing disk is not repaired.",
    ),
    "linked": Explanation(
        "Somebody put a symlink, pipe or directory into cur/ or new/, or in the place of a server's"
        " own file, such as a directory called subscriptions; or a symlink .NAME that leads to no"
        " Maildir into the spool's root (.dovecot.sieve, where home and mail root are one).",
        "Dovecot gives it a UID as if it were mail, then fails to read it. It removes an empty"
        " directory and renames any other. In the place of its own file it fails at every use. It"
        " lists .NAME as a folder and reports an error at every listing.",
        "It goes to quarantine as it is, on request only.",
        "A directory that contains mail is left: its mail is misfiled and can be filed first."
        " Symlinks are never followed. A server's own symlink is left: move the mail root to a"
        " directory of its own.",
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
    "bad-folder-name": Explanation(
        "A script, a shell or a copy from another system made the directory: it has its name in"
        " UTF-8 or with a bare &, has a dot too many, or is another spelling of INBOX.",
        "Dovecot opens a folder only by the one path that it makes from the name: modified UTF-7 in"
        " its canonical form, or UTF-8 if it is set so (:UTF-8, mailbox_list_utf8). It lists other"
        " spellings but cannot open them, and shows nothing of .INBOX or Inbox beside the root,"
        " which is INBOX. Courier keeps UTF-8 and opens them, but no name with an empty part.",
        "The directory gets the name by which servers open it, with its lists and all other"
        " contents, so UIDs are kept. Folders below it follow. On request only.",
        "If there is a folder of that name already, nothing is done: move the messages there"
        " (mailsurgeon file SPOOL PATH --to FOLDER). Lines in subscriptions are not changed; the"
        " plan names those that no longer fit. In layout fs, where no sign of Dovecot is found, the"
        " problem is only info: other programs open any name.",
    ),
    "stray-directory": Explanation(
        "Another program made the directory, or a deleted folder left it behind.",
        "Dovecot lists .NAME directly under the spool as a folder and makes cur, new and tmp in it"
        " when it is opened; other directories are ignored.",
        "The directory goes to quarantine with all its contents, on request only.",
        "A directory that Dovecot lists as a folder is left. In a home directory, and outside every"
        " Maildir, no directory is stray.",
    ),
    "foreign-store": Explanation(
        "Another mail program keeps its own store here: Dovecot's sdbox or mdbox, Thunderbird, MH,"
        " Gnus, or an mbox file in the place of a folder.",
        "A server that reads the spool as Maildir shows nothing of it, or garbles it. The store's"
        " program finds messages by their names or by its own index.",
        "Nothing. The store's own program repairs it: doveadm force-resync, Repair Folder in"
        " Thunderbird, folder -pack of MH.",
        "Nothing in the store is examined, renamed or moved. To repair a store in which these marks"
        " were only left behind, remove the marks first: the .msf files, .mh_sequences,"
        " .nnmaildir.",
    ),
    "backup-folder": Explanation(
        "Somebody copied a folder before a change and never removed the copy.",
        "Clients list it, searches find everything twice, and it counts towards the quota.",
        "The whole folder goes to quarantine in one step and can come back in one, on request only."
        " The plan says how many of its messages are filed nowhere else.",
        "Clients will see the folder deleted. Nothing is compared beyond that count. The folder's"
        " line in subscriptions stays (mailsurgeon explain subscriptions).",
    ),
    "packed": Explanation(
        "Dovecot’s zlib, mail-compress or mail-crypt plugin saved the messages packed, or somebody"
        " compressed them by hand.",
        "Dovecot reads them while the same plugin is loaded. Without it, and to programs that read"
        " the files themselves, a message is a text of random characters. A message that was packed"
        " twice is unpacked once.",
        "Nothing: servers read such messages. The plugins that this host’s Dovecot loads are looked"
        " up with doveconf, if it serves this spool.",
        "Encrypted messages are not looked into: they bear no problem of content, and their sizes"
        " are not judged.",
    ),
    "bad-permissions": Explanation(
        "A restore ran as root, or a script ran with another umask.",
        "Servers that run as the owner cannot read or write; a file that others may write can be"
        " changed by anybody. Dovecot does not move a folder below another whose directory has"
        " another mode (“Renaming not supported across conflicting directory permissions”).",
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
    "keywords-damaged": Explanation(
        "The disk was full, the machine crashed, or a script or a person edited the file by hand.",
        "Dovecot skips such a line, and clients show “unknown-1” and the like for its letter. A"
        " name with a control character or a bracket makes the answer of the server unreadable, so"
        " that some clients show no flags at all.",
        "The file is written again with the names that Dovecot reads, as it would write them. A"
        " last line without a newline gets one, and characters that no keyword may have become"
        " “_”. On request only.",
        "A letter whose line Dovecot skips stays without a name. Clients take a keyword whose name"
        " has changed for another one.",
    ),
    "big-uid": Explanation(
        "A migration or a damaged list jumped to a huge UID; all later ones follow it.",
        "Clients that keep UIDs in signed 32-bit numbers see negative ones and lose or hide the"
        " messages. After UID 4,294,967,294 Dovecot has none left for new mail and crashes whenever"
        " it opens the folder.",
        "Nothing.",
        "Only new UIDs for the whole folder cure this: stop the server and move the folder's"
        " dovecot-uidlist and dovecot.index files aside. Every client then downloads the folder"
        " again.",
    ),
    "wrong-quota": Explanation(
        "Messages were removed or brought back beside the server, the machine crashed while the"
        " file was written, or somebody put maildirfolder into the spool's root, where programs"
        " then take INBOX for a folder below another.",
        "Dovecot (quota maildir) and Courier believe the sum in maildirsize until they count anew."
        " With maildirfolder in the root they look for the quota in the directory above.",
        "The file goes to quarantine, on request only; the server counts anew at the next"
        " delivery.",
        "A limit that is set only in this file is lost with it: set it again (maildirmake -q). A"
        " sum is judged only after a full survey, if it is off by more than 1 % and 1 MiB, and not"
        " while servers write it. Folders that Dovecot is configured to ignore are counted, Trash"
        " excepted.",
    ),
    "sync-state-damaged": Explanation(
        "The disk was full, or the machine crashed while mbsync wrote the file.",
        "mbsync refuses to sync the folder. Where .uidvalidity is empty it numbers the folder anew,"
        " and then looks for the messages that it knew, by what is left of its state.",
        "Nothing.",
        "Bring the file back from a backup if you can. Otherwise move it and its companions"
        " (.mbsyncstate*) aside while mbsync is not running; mbsync then takes every message on"
        " both sides for new, and copies each to the other side.",
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
