"""Spools that only real programs have written bear no problem above `info`, plugins and all."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.conftest import leave_out
from tests.servers.support.dovecot import Dovecot, message
from tests.servers.support.mbsync import Mbsync
from tests.servers.support.notmuch import Notmuch
from tests.servers.support.offlineimap import OfflineImap
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner
from tests.servers.support.syncing import deliver, own_user

pytestmark = pytest.mark.servers

LDA = Path("/usr/lib/dovecot/dovecot-lda")
MODULES = Path("/usr/lib/dovecot/modules")
PLUGINS = {
    "lib90_sieve_plugin.so": "dovecot-sieve",
    "lib21_fts_xapian_plugin.so": "dovecot-fts-xapian",
}
WITH_PLUGINS = """
mail_plugins = quota acl zlib fts fts_xapian notify mail_log lazy_expunge listescape
mail_attribute_dict = file:{root}/dovecot-attributes
postmaster_address = postmaster@example.org
lda_mailbox_autocreate = yes
protocol lda {{
  mail_plugins = quota acl zlib fts fts_xapian notify sieve
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=1G
  acl = vfile
  acl_shared_dict = file:{root}/shared-mailboxes.db
  zlib_save = {packing}
  fts = xapian
  fts_xapian = partial=3 full=20
  lazy_expunge = Gone
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_vacation_send_from_recipient = yes
}}
namespace inbox {{
  inbox = yes
  mailbox Gone {{
    auto = create
  }}
}}
"""
SCRIPT = """\
require ["fileinto", "mailbox", "imap4flags", "duplicate"];
if duplicate { discard; stop; }
if header :contains "subject" "number 2" { addflag "\\\\Flagged"; fileinto :create "Lists.Two"; }
"""


@pytest.fixture
def owner() -> Owner:
    return own_user()


class WithPlugins(Dovecot):
    """A Dovecot with what mail hosts run beside it; `root` tells where the mail lies in a home."""

    def __init__(self, home: Path, owner: Owner, root: str, packing: str, *layout: str) -> None:
        super().__init__(home, owner, *layout, spool=root)
        text = self.configuration.read_text()
        text = text.replace("mail_home", "mail_plugin_dir = /usr/lib/dovecot/modules\nmail_home")
        text += WITH_PLUGINS.format(root=self.spool, packing=packing)
        self.configuration.write_text(text)
        for name, package in PLUGINS.items():
            if not (MODULES / name).exists():
                leave_out(f"{name} is not installed (Debian: {package})")

    def do(self, *words: str, text: bytes = b"") -> None:
        """A command of doveadm, of which mail_log may tell but which nothing may complain of."""
        answer = self.run(*words, text=text)
        told = [line for line in answer.errors.splitlines() if ": Info: " not in line]
        assert (answer.code, told) == (0, []), (words, answer)

    def lda(self, text: bytes) -> None:
        """Delivers a message by Dovecot's own delivery agent, through the user's script."""
        subprocess.run(
            [str(LDA), "-c", str(self.configuration)],
            input=text, cwd=self.home, env=self._environment(), check=True, timeout=60,
            **self.owner.switch,
        )  # fmt: skip


ROOTS = {
    "in the home": ("Maildir", "", ()),
    "the home itself": (".", "gz", ()),
    "by directories": ("mail", "zstd", ("LAYOUT=fs",)),
}
FAILS_AT_EVERY_LISTING = {"the home itself": [("linked", ".dovecot.sieve")]}
"""Dovecot itself complains: stat(.dovecot.sieve/tmp) failed: Not a directory."""


@pytest.mark.parametrize("root", ROOTS)
def test_a_dovecot_with_plugins(home: Path, owner: Owner, operator: Operator, root: str) -> None:
    place, packing, layout = ROOTS[root]
    server = WithPlugins(home, owner, place, packing, *layout)
    server.do("sieve", "put", "-a", "main", text=SCRIPT.encode())
    for number in (1, 2, 3, 20, 21, 21):
        server.lda(message(number))
    separator = "/" if layout else "."
    server.do("mailbox", "create", "Sent", "Entwürfe & mehr", f"Old{separator}Older", "Dead")
    server.append("Sent", range(30, 36), ("\\Seen", "\\Flagged", "Work", "$Forwarded"))
    server.do("mailbox", "rename", "Old", "New")
    server.do("mailbox", "delete", "Dead")
    server.do("mailbox", "subscribe", "Sent", f"New{separator}Older")
    server.do("flags", "add", "\\Seen Work", "mailbox", "INBOX", "uid", "1:2")
    server.do("expunge", "mailbox", "Sent", "uid", "2")
    server.do("acl", "set", "Sent", "user=bob", "lookup", "read")
    for mailbox in ("INBOX", "Sent", "Lists.Two" if not layout else "Sent"):
        server.do("index", mailbox)
    assert server.run("search", "mailbox", "INBOX", "body", "Written").out.strip()
    assert operator.above_info(server.spool) == FAILS_AT_EVERY_LISTING.get(root, [])


Reader = Callable[[Dovecot], Path]


def mbsync(server: Dovecot) -> Path:
    sync = Mbsync(server)
    sync.must()
    return sync.spool


def mbsync_altmap(server: Dovecot) -> Path:
    sync = Mbsync(server, altmap=True)
    sync.must()
    return sync.spool


def offlineimap(server: Dovecot) -> Path:
    sync = OfflineImap(server)
    sync.must()
    return sync.spool


def notmuch(server: Dovecot) -> Path:
    sync = Mbsync(server)
    sync.must()
    reader = Notmuch(sync.mail)
    reader.run("config", "set", "new.ignore", ".mbsyncstate;.uidvalidity")
    reader.new()
    reader.tag(["+flagged"], "*")
    return sync.spool


@pytest.mark.parametrize("reader", [mbsync, mbsync_altmap, offlineimap, notmuch])
def test_what_others_make_of_a_dovecot(
    dovecot: Dovecot, operator: Operator, reader: Reader
) -> None:
    deliver(dovecot)
    place = reader(dovecot)
    assert operator.above_info(place) == []
    assert operator.above_info(dovecot.spool) == []
