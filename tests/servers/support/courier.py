"""A real Courier without a daemon: `imapd` on a spool in a directory of its own.

imapd is logged in when its environment says so, and serves the Maildir it is given over stdin and
stdout. Its packages cannot be installed beside Dovecot's: `scripts/courier DIR` unpacks them, and
MAILSURGEON_COURIER=DIR says where.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers.support.dovecot import message, moment
from tests.servers.support.imap import ANSWER_SECONDS, ImapSession
from tests.servers.support.owned import OwnedSpool, Owner

ROOT = Path(os.environ.get("MAILSURGEON_COURIER") or "/")
IMAPD = ROOT / "usr/bin/imapd"
MAILDIRMAKE = ROOT / "usr/bin/maildirmake.courier"
WATCHER = Path("/usr/libexec/gam_server")

UIDLIST = "courierimapuiddb"
KEYWORDS = "courierimapkeywords"
LOCK = "courier.lock"

_MESSAGE = re.compile(
    rb"\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE \"([^\"]+)\" RFC822\.SIZE (\d+)"
    rb" BODY\[\] \{(\d+)\}\r\n"
)


def missing() -> str:
    """What of Courier is not there; empty when it is."""
    for program in (IMAPD, MAILDIRMAKE, ROOT / "usr/lib/courier"):
        if not program.exists():
            return f"{program} is missing (Debian: courier-imap; see scripts/courier)"
    return ""


@dataclass(frozen=True, slots=True)
class Served:
    """One message as a client sees it; its UID is the key it is kept under."""

    flags: frozenset[str]  # keywords among them, \\Recent not
    received: str
    size: int
    text: str  # sha256 of BODY[]


class Courier(OwnedSpool):
    """One user's Courier. `home` belongs to `owner` and can be reached by him.

    Mailboxes have the names a client gives them: `INBOX`, `INBOX.Sent`. `quota` is that of
    `maildirmake -q`, such as `1000000S,500C`.
    """

    def __init__(
        self, home: Path, owner: Owner, *, quota: str = "", spool: str = "Maildir"
    ) -> None:
        super().__init__(home, owner, spool)
        self._watchers = home / "gam_server.pid"
        self._log = home / "courier.log"
        if not self.spool.exists():
            self._must(str(MAILDIRMAKE), str(self.spool))
        if quota:
            self.set_quota(quota)

    def close(self) -> None:
        """Ends what libgamin has started for imapd, by its own account of it."""
        with suppress(FileNotFoundError):
            for line in self._watchers.read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(line), signal.SIGTERM)
            self._watchers.unlink()

    def errors(self) -> list[str]:
        """What imapd has complained of since the last time."""
        lines = self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []
        self._log.unlink(missing_ok=True)
        return [line for line in lines if not line.startswith("INFO:")]

    # imap

    @contextmanager
    def imap(self) -> Iterator[ImapSession]:
        """A session over pipes, logged in; it is ended with the block."""
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [str(IMAPD), str(self.spool)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.home,
                env=self._environment(),
                **self.owner.switch,
            )  # fmt: skip
        with ImapSession(process) as session:
            yield session

    def create(self, *mailboxes: str) -> None:
        with self.imap() as session:
            for mailbox in mailboxes:
                session.must(f"CREATE {mailbox}")

    def append(self, mailbox: str, numbers: Iterable[int], flags: Sequence[str] = ()) -> None:
        """Messages by their numbers, as a client brings them: each with its date, the first
        with the first of the flags, the second with the first two of them, and so on."""
        with self.imap() as session:
            for place, number in enumerate(numbers):
                when = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(moment(number)))
                words = f'APPEND {mailbox} ({" ".join(flags[: place + 1])}) "{when}"'
                session.must(words, message(number))

    def mark(self, mailbox: str, uids: str, *flags: str) -> None:
        """Adds flags and keywords to messages, as a client does."""
        with self.imap() as session:
            session.must(f"SELECT {mailbox}")
            session.must(f"UID STORE {uids} +FLAGS ({' '.join(flags)})")

    def served(self, mailbox: str = "INBOX") -> dict[int, Served]:
        """What a client sees of every message, by UID; no complaint is allowed."""
        with self.imap() as session:
            session.must(f"SELECT {mailbox}")
            found = fetched(session)
        assert self.errors() == []
        return found

    def status(self, mailbox: str = "INBOX") -> dict[str, int]:
        """UIDVALIDITY and UIDNEXT, and how many messages there are."""
        with self.imap() as session:
            answer = session.must(f"STATUS {mailbox} (MESSAGES UIDNEXT UIDVALIDITY)")
        words = re.findall(rb"([A-Z]+) (\d+)[ )]", answer.lines[0].partition(b" (")[2])
        return {word.decode(): int(number) for word, number in words}

    def validity(self, mailbox: str = "INBOX") -> int:
        return self.status(mailbox)["UIDVALIDITY"]

    def quota(self) -> dict[str, int]:
        """How much Courier holds to be there: `STORAGE` in KiB, `MESSAGE`."""
        with self.imap() as session:
            answer = session.must("GETQUOTAROOT INBOX")
        text = b"".join(answer.lines)
        return {
            word.decode(): int(number)
            for word, number in re.findall(rb"(STORAGE|MESSAGE) (\d+) \d+", text)
        }

    # The spool beneath

    @staticmethod
    def folder_path(mailbox: str) -> str:
        """Where a mailbox lies in the spool, INBOX at its root."""
        return mailbox.removeprefix("INBOX")

    def listed(self, folder: str = "") -> dict[int, str]:
        """The base names of Courier's uidlist by UID; `folder` as a path in the spool."""
        lines = (self.spool / folder / UIDLIST).read_text("latin-1").splitlines()
        return {int(uid): base for uid, _, base in (line.partition(" ") for line in lines[1:])}

    def file_of(self, uid: int, folder: str = "") -> Path:
        """The file of a message; once served, it is in `cur`."""
        base = self.listed(folder)[uid]
        found = [
            path for path in (self.spool / folder / "cur").iterdir()
            if path.name.partition(":")[0] == base
        ]  # fmt: skip
        assert len(found) == 1, (uid, base, found)
        return found[0]

    def rename_records(self, folder: str, old: str, new: str) -> None:
        """Gives a message another base name in what Courier keeps, as if it never had the other."""
        for place in (self.spool / folder / UIDLIST, self.spool / folder / KEYWORDS / ":list"):
            if place.exists():
                self.replace(place, place.read_bytes().replace(old.encode(), new.encode()))
        for update in (self.spool / folder / KEYWORDS).iterdir():
            if update.name.endswith(old):
                update.rename(update.with_name(update.name.removesuffix(old) + new))

    def lock(self, folder: str = "") -> Path:
        return self.spool / folder / "tmp" / LOCK

    def set_quota(self, quota: str) -> None:
        """Sets the quota as an administrator does; what is there is counted anew."""
        self._must(str(MAILDIRMAKE), "-q", quota, str(self.spool))

    def summed(self) -> tuple[int, int]:
        """The bytes and messages that `maildirsize` adds up to."""
        lines = (self.spool / "maildirsize").read_text().splitlines()[1:]
        pairs = [line.split() for line in lines if line.strip()]
        return sum(int(size) for size, _ in pairs), sum(int(count) for _, count in pairs)

    def copy(self, spool: str) -> Courier:
        """The same server on a copy of the spool, for what cannot be taken back."""
        subprocess.run(["cp", "-a", str(self.spool), str(self.home / spool)], check=True)
        return Courier(self.home, self.owner, spool=spool)

    def _must(self, *words: str) -> None:
        subprocess.run(
            words,
            check=True,
            cwd=self.home,
            env=self._environment(),
            timeout=ANSWER_SECONDS,
            **self.owner.switch,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        found = {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", os.defpath),
            "TZ": "UTC",
            "AUTHENTICATED": "mail",
            "AUTHADDR": "mail",
            "IMAP_CAPABILITY": "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE QUOTA",
            "IMAP_KEYWORDS": "1",
            "IMAP_USELOCKS": "1",
            "IMAP_ENHANCEDIDLE": "0",
            "IMAP_TRASHFOLDERNAME": "Trash",
        }
        if Path("/") != ROOT:
            found["LD_LIBRARY_PATH"] = str(ROOT / "usr/lib")
        if WATCHER.exists():
            found |= {"GAM_CLIENT_ID": self.home.name, "GAMIN_DEBUG_SERVER": str(self._watcher())}
        return found

    def _watcher(self) -> Path:
        """libgamin's server of directory changes, which stays a while when imapd has ended:
        one of our own, that can be ended."""
        place = self.home / "gam_server"
        if not place.exists():
            text = f'#!/bin/sh\necho $$ >> {self._watchers}\nexec {WATCHER} "$@"\n'
            place.write_text(text)
            place.chmod(0o755)
        return place


def fetched(session: ImapSession, uids: str = "1:*") -> dict[int, Served]:
    """What a session sees of the messages of its mailbox, by UID."""
    fields = "FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]"
    found: dict[int, Served] = {}
    for line in session.must(f"UID FETCH {uids} ({fields})").lines:
        match = _MESSAGE.match(line)
        if not match:  # flags, told again unasked
            assert re.match(rb"\* \d+ FETCH \(FLAGS ", line), line
            continue
        flags = frozenset(match[2].decode().split()) - {"\\Recent"}
        text = line[match.end() : match.end() + int(match[5])]
        digest = hashlib.sha256(text).hexdigest()
        found[int(match[1])] = Served(flags, match[3].decode(), int(match[4]), digest)
    return found
