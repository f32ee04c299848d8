"""One host: each of its answers is its own, asked when it is needed, and everybody's way to ask."""

from __future__ import annotations

import os
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest

import mailsurgeon
from mailsurgeon.host.host import Host
from mailsurgeon.maildir.config.dovecot_config import ConfigBlock, read_configuration
from mailsurgeon.survey.open_spool import Options
from tests.support.host import FakeHost

SOURCE = Path(mailsurgeon.__file__).parent


class Asked:
    """A Dovecot that counts how often it is asked."""

    def __init__(self, says: bytes = b"") -> None:
        self.says = says
        self.count = 0

    def __call__(self) -> ConfigBlock | None:
        self.count += 1
        return read_configuration(self.says) if self.says else None


def test_dovecot_is_asked_when_it_is_needed_and_once() -> None:
    asked = Asked(b"pop3_uidl_format = %f\nnamespace inbox {\n mailbox Junk {\n autoexpunge = 3d\n")
    host = Host(ask_dovecot=asked, courier=b"/nonexistent")
    assert host.processes and host.shared_file_system(b"/") is not None
    assert asked.count == 0
    assert host.pop3_uidl_is_name()
    assert host.location_of(b"/nowhere", 0) is None
    assert host.expiry().of("Junk") == ("Dovecot (autoexpunge)", 3.0)
    assert asked.count == 1


def test_that_there_is_no_dovecot_is_asked_once_too() -> None:
    asked = Asked()
    host = Host(ask_dovecot=asked)
    assert not host.pop3_uidl_is_name()
    assert host.location_of(b"/nowhere", 0) is None
    assert asked.count == 1


@pytest.mark.parametrize(
    ("says", "plugins"),
    [
        (b"mail_location = maildir:/srv/mail\nmail_plugins = quota\n", {"quota"}),
        (b"mail_location = maildir:/srv/mail\nmail_plugins = quota\nprotocol imap {\n"
         b" mail_plugins = \" quota imap_quota zlib\"\n}\n", {"quota", "imap_quota", "zlib"}),
        (b"mail_driver = maildir\nmail_path = /srv/mail\nmail_plugins {\n mail_compress = yes\n"
         b" fts = no\n}\n", {"mail_compress"}),
        (b"mail_plugins = mail-compress\n", {"mail_compress"}),  # it finds the mail by itself
        (b"mail_location = mbox:~/mail\n", None),
        (b"mail_location = maildir:/srv/other\nmail_plugins = zlib\n", None),
        (b"", None),
    ],
)  # fmt: skip
def test_the_plugins_of_the_dovecot_that_serves_a_spool(
    says: bytes, plugins: set[str] | None
) -> None:
    assert Host(ask_dovecot=Asked(says)).plugins_for(b"/srv/mail", 0) == plugins


def test_two_hosts_share_nothing() -> None:
    asked = Asked(b"pop3_uidl_format = %f\n")
    assert Host(ask_dovecot=asked).pop3_uidl_is_name()
    assert Host(ask_dovecot=asked).pop3_uidl_is_name()
    assert asked.count == 2


def test_couriers_settings_are_read_as_they_are_now(tmp_path: Path) -> None:
    settings = tmp_path / "imapd"
    host = Host(ask_dovecot=Asked(), courier=os.fsencode(settings))
    assert host.expiry().of("Trash") == ("", 0.0)
    settings.write_text("IMAP_EMPTYTRASH=Trash:7\n")
    assert host.expiry().of("Trash") == ("Courier (IMAP_EMPTYTRASH)", 7.0)


def test_mounts_are_read_where_the_host_has_them(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("29 1 0:26 / /srv rw shared:1 - nfs4 mx:/srv rw\n")
    assert Host(mounts=str(mounts)).shared_file_system(b"/srv/mail") == "nfs4"
    assert Host(mounts=str(tmp_path / "none")).shared_file_system(b"/srv/mail") == ""


def test_in_another_process_options_have_the_host_of_that_process() -> None:
    options = Options(tmp_age=7.0, host=FakeHost(shared="nfs4"))
    read = pickle.loads(pickle.dumps(options))
    assert read == options and read.tmp_age == 7.0
    assert type(read.host) is type(Host.this()) and read.host is not options.host
    assert read.host.shared_file_system(b"/proc") == ""
    assert replace(options, jobs=3).host is options.host


def test_proc_is_read_by_one_module_and_nobody_keeps_answers_of_the_host() -> None:
    allowed = {
        "host/host.py",
        "host/processes.py",
        "surgery/fsops/at.py",  # a descriptor of its own, by name
        "survey/find_spools.py",  # where no mail is looked for
    }
    readers: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        code, name = path.read_text("utf-8"), path.relative_to(SOURCE).as_posix()
        if re.search(r"""["']/proc\b""", code):
            readers.add(name)
        if name.startswith("host/"):
            assert not re.search(r"\b(lru_)?cache\b", code), f"{name}: answers belong to a Host"
    assert readers == allowed


def test_a_host_is_made_where_a_program_begins_or_nobody_has_handed_one_in() -> None:
    begins = {"cli/options.py", "cli/program.py", "host/host.py"}
    defaults = {
        "survey/open_spool.py",
        "survey/find_spools.py",
        "survey/watch/watcher.py",
        "surgery/plan/context.py",
        "surgery/surgeon.py",
    }
    made = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"\bHost(\.this)?\(", path.read_text("utf-8"))
    }
    assert made == begins | defaults
