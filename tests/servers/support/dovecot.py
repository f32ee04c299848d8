"""A real Dovecot without a daemon: `doveadm` and `imap` on a spool in a directory of its own.

Both run as the owner of the spool.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.support.imap import ANSWER_SECONDS, ImapSession
from tests.servers.support.owned import OwnedSpool, Owner

DOVEADM = shutil.which("doveadm")
IMAP = Path("/usr/lib/dovecot/imap")

CONFIGURATION = """\
mail_location = {location}
mail_home = {home}
base_dir = {home}/run
state_dir = {home}/run
log_path = /dev/stderr
ssl = no
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run of doveadm gave."""

    code: int
    out: bytes
    errors: str


@dataclass(frozen=True, slots=True)
class Served:
    """One message as a client sees it; its UID is the key it is kept under."""

    flags: frozenset[str]  # keywords among them, \\Recent not
    received: str
    guid: str
    uidl: str


class Dovecot(OwnedSpool):
    """One user's Dovecot. `home` belongs to `owner` and can be reached by him.

    `settings` of the mail location (`CONTROL=...`, `INDEX=...`, `LAYOUT=fs`) come after the path.
    """

    def __init__(self, home: Path, owner: Owner, *settings: str, spool: str = "Maildir") -> None:
        super().__init__(home, owner, spool)
        self.settings = settings
        self.location = ":".join((f"maildir:{self.spool}", *settings))
        self.configuration = home / f"{spool}.conf"
        text = CONFIGURATION.format(location=self.location, home=home)
        self.configuration.write_text(text)
        self.configuration.chmod(0o644)

    # doveadm

    def run(self, *words: str, text: bytes = b"", memory: bool = False) -> Answer:
        """Runs doveadm. `memory`: without the indexes on the disk, as a server that has lost
        them; what it then tells comes from the names, the uidlist and the files alone."""
        assert DOVEADM
        command = [DOVEADM, "-c", str(self.configuration)]
        if memory:
            parts = [part for part in self.settings if not part.startswith("INDEX=")]
            location = ":".join((f"maildir:{self.spool}", *parts, "INDEX=MEMORY"))
            command += ["-o", f"mail_location={location}"]
        done = subprocess.run(
            [*command, *words],
            input=text,
            capture_output=True,
            cwd=self.home,
            env=self._environment(),
            timeout=ANSWER_SECONDS,
            check=False,
            **self.owner.switch,
        )  # fmt: skip
        return Answer(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))

    def must(self, *words: str, text: bytes = b"", memory: bool = False) -> bytes:
        """The same, which must go without any complaint."""
        answer = self.run(*words, text=text, memory=memory)
        assert (answer.code, answer.errors) == (0, ""), (words, answer)
        return answer.out

    def save(self, message: bytes, mailbox: str = "INBOX") -> None:
        """Delivers one message."""
        self.must("save", "-m", mailbox, text=message)

    def append(self, mailbox: str, numbers: Iterable[int], flags: Sequence[str] = ()) -> None:
        """Messages by their numbers, as a client brings them: each with its date, the first
        with the first of the flags, the second with the first two of them, and so on."""
        with self.imap() as session:
            for place, number in enumerate(numbers):
                when = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(moment(number)))
                words = f'APPEND {mailbox} ({" ".join(flags[: place + 1])}) "{when}"'
                answer = session.command(words, message(number))
                assert answer.status == "OK", answer
            for command in (f"SELECT {mailbox}", "CLOSE"):
                assert session.command(command).status == "OK"

    def create(self, *mailboxes: str) -> None:
        self.must("mailbox", "create", *mailboxes)

    def mailboxes(self) -> set[str]:
        return set(self.must("mailbox", "list").decode().split())

    def fetch(
        self, fields: str, mailbox: str = "INBOX", *, memory: bool = False
    ) -> list[dict[str, str]]:
        """The fields of all messages, by UID; no complaint is allowed."""
        words = ("-f", "json", "fetch", f"uid {fields}", "mailbox", mailbox, "all")
        return json.loads(self.must(*words, memory=memory) or b"[]")

    def complaints(self, mailbox: str = "INBOX") -> dict[int, set[str]]:
        """What Dovecot complains of while it reads every text, by UID."""
        found: dict[int, set[str]] = {}
        for uid in self.served(mailbox):
            answer = self.run("fetch", "text", "mailbox", mailbox, "uid", str(uid))
            for line in answer.errors.splitlines():
                found.setdefault(uid, set()).add(re.sub(r".* failed: | \(.*", "", line))
        return found

    def served(self, mailbox: str = "INBOX", *, memory: bool = False) -> dict[int, Served]:
        """What a client sees of every message but its text, by UID."""
        found: dict[int, Served] = {}
        for row in self.fetch("flags date.received guid pop3.uidl", mailbox, memory=memory):
            flags = frozenset(row["flags"].split()) - {"\\Recent"}
            uid = int(row["uid"])
            found[uid] = Served(flags, row["date.received"], row["guid"], row["pop3.uidl"])
        return found

    def seen(self, mailbox: str = "INBOX") -> dict[int, Served]:
        """The same, and it must be the same with the indexes on the disk and without them."""
        with_indexes = self.served(mailbox)
        assert self.served(mailbox, memory=True) == with_indexes
        return with_indexes

    def texts(self, mailbox: str = "INBOX", *, memory: bool = False) -> dict[int, str]:
        """Every text by UID."""
        rows = self.fetch("text", mailbox, memory=memory)
        return {int(row["uid"]): row["text"] for row in rows}

    def validity(self, mailbox: str = "INBOX") -> str:
        return self.must("mailbox", "status", "uidvalidity", mailbox).decode().strip()

    # imap

    @contextmanager
    def imap(self) -> Iterator[ImapSession]:
        """A session over pipes, logged in; it is ended with the block."""
        process = subprocess.Popen(
            [str(IMAP), "-c", str(self.configuration)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.home,
            env=self._environment(),
            **self.owner.switch,
        )  # fmt: skip
        with ImapSession(process) as session:
            yield session

    def _environment(self) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        return {"HOME": str(self.home), "USER": "mail", "PATH": path, "TZ": "UTC"}

    # The spool beneath

    def folder_path(self, mailbox: str, *, control: bool = False) -> str:
        """Where a mailbox lies in the spool, INBOX at its root; or in the CONTROL directory."""
        if mailbox == "INBOX" and not control:
            return ""
        return mailbox if "LAYOUT=fs" in self.settings else f".{mailbox}"

    def list_place(self, folder: str = "") -> Path:
        """The directory a folder's uidlist lies in; `folder` as a path in the spool."""
        for part in self.settings:
            if part.startswith("CONTROL="):
                inbox = self.folder_path("INBOX", control=True)
                return Path(part.removeprefix("CONTROL=")) / (folder or inbox)
        return self.spool / folder

    def listed(self, folder: str = "") -> dict[int, str]:
        """The base names of the uidlist by UID."""
        lines = (self.list_place(folder) / "dovecot-uidlist").read_text("latin-1").splitlines()
        return {int(line.split()[0]): line.partition(" :")[2] for line in lines[1:]}

    def file_of(self, uid: int, folder: str = "") -> Path:
        """The file of a message."""
        base = self.listed(folder)[uid]
        places = [self.spool / folder / part for part in ("cur", "new")]
        found = [
            path for place in places for path in place.iterdir()
            if path.name.partition(":")[0] == base
        ]  # fmt: skip
        assert len(found) == 1, (uid, base, found)
        return found[0]

    def rename_listed(self, uid: int, pattern: str, new: str, folder: str = "") -> Path:
        """Gives a message another base name, in the uidlist too, as if it had never had the
        other: what an importer leaves that wrote wrong sizes."""
        path = self.file_of(uid, folder)
        base, _, info = path.name.partition(":")
        other, count = re.subn(pattern, new, base)
        assert count == 1, (base, pattern)
        target = path.with_name(f"{other}:{info}" if info else other)
        path.rename(target)
        place = self.list_place(folder) / "dovecot-uidlist"
        text = place.read_text("latin-1").replace(f" :{base}\n", f" :{other}\n")
        self.replace(place, text.encode("latin-1"))
        return target

    def copy(self, spool: str) -> Dovecot:
        """The same server on a copy of the spool, for what cannot be taken back."""
        other = Dovecot(self.home, self.owner, spool=spool)
        subprocess.run(["cp", "-a", str(self.spool), str(other.spool)], check=True)
        return other


def message(number: int, body: Iterable[str] = (), **fields: str) -> bytes:
    """A message unlike those of other numbers, with bare LFs; its date fits `moment`."""
    header: Mapping[str, str] = {
        "From": "Ann <ann@example.org>",
        "To": "bob@example.org",
        "Date": time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(moment(number))),
        "Subject": f"number {number}",
        "Message-ID": f"<{number}@example.org>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = [f"{name}: {value}" for name, value in header.items()]
    lines += ["", *(body or [f"Text of {number}.", "Written for a test."] * (number % 5 + 1))]
    return "\n".join(lines).encode() + b"\n"


def moment(number: int) -> int:
    """When message `number` came in, in seconds since the epoch."""
    return 1_300_000_000 + 3600 * number
