"""A real Dovecot without a daemon: `doveadm` and `imap` on a spool in a directory of its own.

Dovecot serves nobody's mail as root, so both run as a plain user, who owns the spool.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

DOVEADM = shutil.which("doveadm")
IMAP = Path("/usr/lib/dovecot/imap")
ANSWER_SECONDS = 60.0

CONFIGURATION = """\
mail_location = {location}
mail_home = {home}
base_dir = {home}/run
state_dir = {home}/run
log_path = /dev/stderr
ssl = no
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """The plain user whose mail it is."""

    uid: int
    gid: int

    @property
    def switch(self) -> dict[str, object]:
        """What makes a child process of root this user's; nothing when we are it already."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def plain_user() -> Owner:
    """The user to run servers as: ourselves, or, as root, `nobody`."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Owner(65534, 65534)
    return Owner(nobody.pw_uid, nobody.pw_gid)


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


class Dovecot:
    """One user's Dovecot. `home` belongs to `owner` and can be reached by him.

    `settings` of the mail location (`CONTROL=...`, `INDEX=...`, `LAYOUT=fs`) come after the path.
    """

    def __init__(self, home: Path, owner: Owner, *settings: str, spool: str = "Maildir") -> None:
        self.home = home
        self.owner = owner
        self.spool = home / spool
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

    def replace(self, place: Path, content: bytes) -> None:
        """Puts a new file in the place of a server's own, with its owner and mode."""
        draft = place.with_name(f"{place.name}.draft")
        draft.write_bytes(content)
        shutil.copymode(place, draft)
        self.give(draft)
        draft.rename(place)

    def put(self, path: str, content: bytes, mtime: int = 1_300_000_000) -> Path:
        """Writes a file into the spool as its owner would."""
        place = self.spool / path
        place.write_bytes(content)
        place.chmod(0o600)
        os.utime(place, (mtime, mtime))
        return self.give(place)

    def make_directory(self, path: str) -> Path:
        """Makes a directory of the spool as its owner would, its parents being there."""
        place = self.spool / path
        place.mkdir(mode=0o700)
        return self.give(place)

    def give(self, place: Path) -> Path:
        if os.geteuid() == 0:
            os.chown(place, self.owner.uid, self.owner.gid)
        return place

    def copy(self, spool: str) -> Dovecot:
        """The same server on a copy of the spool, for what cannot be taken back."""
        other = Dovecot(self.home, self.owner, spool=spool)
        subprocess.run(["cp", "-a", str(self.spool), str(other.spool)], check=True)
        return other

    def names(self) -> set[str]:
        """Every message file of the spool, by path."""
        return {
            str(path.relative_to(self.spool))
            for path in self.spool.rglob("*")
            if path.is_file() and path.parent.name in ("cur", "new")
        }


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to one command. `status`: `OK`, `NO`, `BAD`, or empty when the line was cut."""

    status: str
    lines: tuple[bytes, ...]

    def uids(self) -> list[int]:
        """The UIDs of the FETCH lines, in order."""
        found = (re.match(rb"\* \d+ FETCH \(.*?UID (\d+)", line) for line in self.lines)
        return [int(match[1]) for match in found if match]

    def bodies(self) -> dict[int, bytes]:
        """The literals of `BODY[]` by UID."""
        found: dict[int, bytes] = {}
        for line in self.lines:
            match = re.match(rb"\* \d+ FETCH \(.*?UID (\d+).*?BODY\[\] \{(\d+)\}\r\n", line)
            if match:
                found[int(match[1])] = line[match.end() : match.end() + int(match[2])]
        return found

    def number(self, word: str) -> dict[int, int]:
        """A numeric item such as RFC822.SIZE by UID."""
        pattern = rb"\* \d+ FETCH \((?=.*?UID (\d+)).*?" + re.escape(word.encode()) + rb" (\d+)"
        found = (re.match(pattern, line) for line in self.lines)
        return {int(match[1]): int(match[2]) for match in found if match}

    def has(self, word: bytes) -> bool:
        """Whether an untagged line of this kind is among the answer: `BYE`, `EXPUNGE`."""
        pattern = rb"\* (\d+ )?" + word + rb"\b"
        return any(re.match(pattern, line) for line in self.lines)


class ImapSession:
    """One connection. Commands are given without their tag."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._waiting = b""
        self._number = 0
        greeting = self._response()
        assert greeting is not None, "the imap server did not greet"
        assert greeting.startswith(b"* PREAUTH"), greeting

    def command(self, text: str, literal: bytes | None = None) -> Response:
        """One command, with a literal at its end, and all that comes with its answer."""
        self._number += 1
        tag = b"t%d" % self._number
        assert self._process.stdin is not None
        line = tag + b" " + text.encode()
        if literal is not None:
            line += b" {%d+}\r\n" % len(literal) + literal
        self._process.stdin.write(line + b"\r\n")
        self._process.stdin.flush()
        lines: list[bytes] = []
        while (line := self._response()) is not None:
            if line.startswith(tag + b" "):
                return Response(line.split()[1].decode(), tuple(lines))
            lines.append(line)
        return Response("", tuple(lines))

    def _response(self) -> bytes | None:
        """One line, with the literals in it; None at the end of the connection."""
        whole = b""
        while True:
            line = self._up_to(b"\n")
            if line is None:
                return None
            whole += line
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if not literal:
                return whole
            text = self._bytes(int(literal[1]))
            if text is None:
                return None
            whole += text

    def _up_to(self, end: bytes) -> bytes | None:
        while end not in self._waiting:
            if not self._more():
                return None
        line, _, rest = self._waiting.partition(end)
        self._waiting = rest
        return line + end

    def _bytes(self, count: int) -> bytes | None:
        while len(self._waiting) < count:
            if not self._more():
                return None
        text, self._waiting = self._waiting[:count], self._waiting[count:]
        return text

    def _more(self) -> bool:
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        ready, _, _ = select.select([handle], [], [], ANSWER_SECONDS)
        assert ready, "the imap server does not answer"
        part = os.read(handle, 1 << 16)
        self._waiting += part
        return bool(part)

    def __enter__(self) -> ImapSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        try:
            self._process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


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
