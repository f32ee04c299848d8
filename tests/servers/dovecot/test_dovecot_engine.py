"""A real Dovecot keeps every UID, GUID, UIDL, flag and date through renames, crash and undo."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailsurgeon.maildir.server_files import DOVECOT_UIDLIST_LOCK
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Act, Plan
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.surgery.surgeon import Surgeon
from tests.support.protects import protects

REQUIRED = os.environ.get("MAILSURGEON_REQUIRE_SERVERS") == "1"
DOVEADM = shutil.which("doveadm")

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(DOVEADM is None and not REQUIRED, reason="doveadm is missing"),
]

MAIL = b"From: a@example.org\nMessage-ID: <%d@example.org>\nSubject: %d\n\nText\n"
KEPT = "uid guid pop3.uidl flags date.received"
FIELDS = "uid guid pop3.uidl flags date.received hdr.message-id text"


@dataclass
class Host:
    """A home directory with a spool, and a Dovecot that reads it as its (not privileged) user."""

    home: Path
    user: pwd.struct_passwd

    @property
    def root(self) -> Path:
        return self.home / "Maildir"

    def spool(self, control: Path | None = None) -> Spool:
        status = self.root.stat()
        where = os.fsencode(control) if control else None
        root = os.fsencode(self.root)
        return Spool(root, status.st_dev, status.st_ino, "maildir++", where)

    def doveadm(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DOVEADM or "doveadm", "-c", str(self.home / "dovecot.conf"), *words],
            env={"HOME": str(self.home), "USER": self.user.pw_name, "PATH": os.environ["PATH"]},
            cwd=self.home, capture_output=True, text=True, check=False,
            user=self.user.pw_uid if os.geteuid() == 0 else None,
            group=self.user.pw_gid if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
        )  # fmt: skip

    def fetch(self, folder: str = "INBOX") -> str:
        done = self.doveadm("-f", "json", "fetch", FIELDS, "mailbox", folder)
        assert done.returncode == 0, done.stderr
        assert done.stderr == "", done.stderr
        return done.stdout

    def own(self) -> None:
        if os.geteuid() == 0:
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, self.user.pw_uid, self.user.pw_gid, follow_symlinks=False)

    def configure(self, location: str = "") -> None:
        (self.home / "dovecot.conf").write_text(
            f"mail_location = maildir:%h/Maildir{location}\n"
            "ssl = no\nlog_path = /dev/stderr\nmail_uid = {0}\nmail_gid = {1}\n"
            "first_valid_uid = 1\nnamespace inbox {{\n  inbox = yes\n}}\n".format(
                self.user.pw_uid, self.user.pw_gid
            )
        )

    def mail(self, number: int, name: str, folder: str = "") -> Path:
        path = self.root / folder / "cur" / name
        path.write_bytes(MAIL % (number, number))
        os.utime(path, (1_300_000_000 + number, 1_300_000_000 + number))
        return path

    def resize(self, path: Path, folder: bytes = b"") -> Act:
        """The repair of a wrong size in a name."""
        name = os.fsencode(path.name)
        size = path.stat().st_size
        lines = path.read_bytes().count(b"\n")
        base, _, flags = name.partition(b":")
        unique = base.split(b",")[0]
        new = b"%s,S=%d,W=%d:%s" % (unique, size, size + lines, flags)
        directory = os.path.join(folder, b"cur")
        source, target = os.path.join(directory, name), os.path.join(directory, new)
        expected = at.expectation(path.lstat())
        step = Rename(source, target, expected, folder, folder, keep_uid=True)
        return Act("fix-size", source, (step,), folder="INBOX")


@pytest.fixture
def host() -> Iterator[Host]:
    """Under a directory that a user without rights can reach."""
    if DOVEADM is None:
        pytest.fail("doveadm is missing, and the server tests are required")
    name = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    home = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    home.chmod(0o755)
    one = Host(home, pwd.getpwnam(name))
    for part in ("cur", "new", "tmp"):
        (one.root / part).mkdir(parents=True)
    one.configure()
    yield one
    shutil.rmtree(home)


def surgeon(host: Host, control: Path | None = None) -> Surgeon:
    state = host.home / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(state, 0, 0)
    return Surgeon(host.spool(control), state_dir=state)


def listed(host: Host) -> list[Path]:
    return sorted((host.root / "cur").iterdir())


def test_wrong_sizes_repaired_keep_every_uid_and_undo_does_too(host: Host) -> None:
    for number in range(1, 31):
        host.mail(
            number, f"13000000{number:02}.M{number}P1.host,S=9999,W=9999:2,{'FS'[number % 2]}"
        )
    host.own()
    host.doveadm("mailbox", "status", "all", "INBOX")
    wrong = host.doveadm("-f", "json", "fetch", FIELDS, "mailbox", "INBOX")
    assert "Cached message size larger than expected" in wrong.stderr
    uids = host.doveadm("fetch", KEPT, "mailbox", "INBOX").stdout
    validity = host.doveadm("mailbox", "status", "uidvalidity uidnext", "INBOX").stdout
    assert "uid: 30" in uids

    with surgeon(host) as one:
        report = one.apply(Plan("fix-size", tuple(host.resize(path) for path in listed(host))))
        assert report.effects == ("UIDs kept for 30 of 30 in INBOX",)

        assert host.fetch().count('"uid"') == 30
        again = host.doveadm("fetch", KEPT, "mailbox", "INBOX")
        assert again.stdout == uids
        assert host.doveadm("mailbox", "status", "uidvalidity uidnext", "INBOX").stdout == validity
        assert "S=" + str(len(MAIL % (1, 1))) in listed(host)[0].name

        undone = one.apply(one.plan_undo())
        assert undone.effects == ("UIDs kept for 30 of 30 in INBOX",)
        back = host.doveadm("fetch", KEPT, "mailbox", "INBOX")
        assert back.stdout == uids


@protects(
    "UIDs follow the file",
    where="surgery/apply/locked_batch.py, surgery/servers/uidlist_file.py",
    seen="a control test without the edit shows Dovecot giving new UIDs",
)
def test_without_the_uidlist_edit_a_renamed_message_gets_a_new_uid(host: Host) -> None:
    """What the engine is there to prevent does happen."""
    path = host.mail(1, "1300000001.M1P1.host,S=9999:2,S")
    host.own()
    before = host.doveadm("fetch", "uid", "mailbox", "INBOX").stdout
    assert "uid: 1" in before
    path.rename(path.with_name(f"1300000001.M1P1.host,S={path.stat().st_size}:2,S"))
    assert "uid: 2" in host.doveadm("fetch", "uid", "mailbox", "INBOX").stdout


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = {path!r}
from tests.servers.dovecot.test_dovecot_engine import Host, listed, surgeon, Plan
from mailsurgeon.surgery.servers import uidlist_file as uidlists
import pwd

def die(*values):
    os.kill(os.getpid(), signal.SIGKILL)

uidlists.ListFile._replace = die
host = Host(Path({home!r}), pwd.getpwnam({user!r}))
with surgeon(host) as one:
    one.apply(Plan("fix-size", tuple(host.resize(path) for path in listed(host))))
"""


def test_killed_between_rename_and_list_recovery_gives_the_old_uids(host: Host) -> None:
    for number in range(1, 6):
        host.mail(number, f"130000000{number}.M{number}P1.host,S=9999:2,S")
    host.own()
    uids = host.doveadm("fetch", "uid guid flags", "mailbox", "INBOX").stdout
    assert "uid: 5" in uids
    script = KILLED.format(path=sys.path, home=str(host.home), user=host.user.pw_name)
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert all("S=9999" not in path.name for path in listed(host))
    assert (host.root / os.fsdecode(DOVECOT_UIDLIST_LOCK)).exists()

    with surgeon(host) as one:
        report = one.recover()
        assert report is not None and report.effects == ()
    assert not (host.root / os.fsdecode(DOVECOT_UIDLIST_LOCK)).exists()
    assert host.doveadm("fetch", "uid guid flags", "mailbox", "INBOX").stdout == uids
    assert host.fetch().count('"uid"') == 5


def test_dovecot_waits_for_our_lock(host: Host) -> None:
    """While files have new names and the list has not, a Dovecot that syncs must not look."""
    host.mail(1, "1300000001.M1P1.host,S=9999:2,S")
    host.own()
    before = host.doveadm("fetch", "uid", "mailbox", "INBOX").stdout
    rename = at.rename_no_replace
    watching: list[subprocess.Popen[bytes]] = []

    def watched(source_dir: int, source: bytes, target_dir: int, target: bytes) -> None:
        rename(source_dir, source, target_dir, target)
        if source.startswith(b"1300"):
            watching.append(
                subprocess.Popen(
                    [DOVEADM or "", "-c", str(host.home / "dovecot.conf"), "fetch", "uid",
                     "mailbox", "INBOX"],
                    env={"HOME": str(host.home), "USER": host.user.pw_name},
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    user=host.user.pw_uid if os.geteuid() == 0 else None,
                    group=host.user.pw_gid if os.geteuid() == 0 else None,
                    extra_groups=[] if os.geteuid() == 0 else None,
                )
            )  # fmt: skip
            deadline = time.monotonic() + 1.0
            while time.monotonic() < deadline and watching[0].poll() is None:
                os.sched_yield()

    with pytest.MonkeyPatch.context() as patch, surgeon(host) as one:
        patch.setattr(at, "rename_no_replace", watched)
        report = one.apply(Plan("fix-size", tuple(host.resize(path) for path in listed(host))))
        assert report.effects == ("UIDs kept for 1 of 1 in INBOX",)
    watching[0].communicate(timeout=60)
    assert host.doveadm("fetch", "uid", "mailbox", "INBOX").stdout == before


def test_with_control_elsewhere_the_uids_are_kept_too(host: Host) -> None:
    control = host.home / "control"
    control.mkdir()
    host.configure(":CONTROL=%h/control")
    host.mail(1, "1300000001.M1P1.host,S=9999:2,S")
    host.own()
    uids = host.doveadm("fetch", "uid guid flags", "mailbox", "INBOX").stdout
    assert (control / ".INBOX" / "dovecot-uidlist").exists()
    with surgeon(host, control) as one:
        report = one.apply(Plan("fix-size", tuple(host.resize(path) for path in listed(host))))
        assert report.effects == ("UIDs kept for 1 of 1 in INBOX",)
    assert host.doveadm("fetch", "uid guid flags", "mailbox", "INBOX").stdout == uids
