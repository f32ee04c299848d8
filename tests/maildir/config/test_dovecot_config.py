"""What doveconf says, for a given spool."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.config.dovecot_config import (
    Person,
    SpoolLocation,
    autoexpunge_days,
    find,
    homes,
    locations,
    read_configuration,
    uidl_format_is_name,
)

OLD = b"""\
# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
mail_home = /srv/homes/%d/%n
mail_location = maildir:~/Maildir:CONTROL=/var/control/%d/%n:INDEX=/var/index/%1n/%n
namespace inbox {
  inbox = yes
  location =
  mailbox Trash {
    autoexpunge = 30 days
    special_use = \\Trash
  }
  mailbox "Old Junk/*" {
    autoexpunge = 2w
  }
  mailbox Drafts {
    special_use = \\Drafts
  }
  separator = /
}
namespace lists {
  location = maildir:/srv/lists/%u:LAYOUT=fs:CONTROL=%h/lists:UTF-8:INBOX=/x::y
  prefix = lists/
}
userdb {
  args = uid=vmail gid=vmail home=/srv/vmail/%u
  driver = static
}
protocol pop3 {
  pop3_uidl_format = %f
}
"""
NEW = b"""\
# 2.4.1 (ab12): /etc/dovecot/dovecot.conf
dovecot_config_version = 2.4.0
mail_driver = maildir
mail_path = ~/Maildir
mail_control_path = /var/control/%{user | username | lower}
mail_index_path = /var/index/%{user}
mail_home = /srv/%{user | domain}/%{user | username}
mailbox_list_layout = fs
mailbox_list_utf8 = yes
pop3_uidl_format = "%{guid}"
namespace inbox {
  inbox = yes
  mailbox Trash {
    autoexpunge = 7 days
    special_use = "\\\\Trash"
  }
}
namespace shared {
  mail_path = /srv/shared/%{user}
}
"""
JOE = Person("joe", "/home/joe")
VMAIL = Person("vmail", "/srv/vmail")


def test_all_locations_are_read() -> None:
    general, lists = locations(read_configuration(OLD))
    assert (general.path, general.control) == ("~/Maildir", "/var/control/%d/%n")
    assert (general.index, general.layout, general.utf8) == ("/var/index/%1n/%n", "", False)
    assert (lists.layout, lists.inbox, lists.utf8) == ("fs", "/x:y", True)
    assert homes(read_configuration(OLD)) == ["/srv/homes/%d/%n", "/srv/vmail/%u"]
    one, shared = locations(read_configuration(NEW))
    assert (one.layout, one.utf8, one.path) == ("fs", True, "~/Maildir")
    assert (shared.path, shared.control) == (
        "/srv/shared/%{user}", "/var/control/%{user | username | lower}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("output", "root", "found"),
    [
        (OLD, b"/srv/homes/example.org/joe/Maildir",
         SpoolLocation(b"/var/control/example.org/joe", b"/var/index/j/joe", "")),
        (OLD, b"/srv/vmail/ann@example.org/Maildir",
         SpoolLocation(b"/var/control/example.org/ann", b"/var/index/a/ann", "")),
        (OLD, b"/srv/lists/ann@example.org",
         SpoolLocation(b"/srv/homes/example.org/ann/lists", None, "fs", True)),
        (OLD, b"/somewhere/else", None),
        (NEW, b"/srv/example.org/Ann/Maildir",
         SpoolLocation(b"/var/control/ann", b"/var/index/Ann@example.org", "fs", True)),
        (b"mail_location = mbox:~/mail:INBOX=/var/mail/%u\n", b"/home/joe/mail", None),
        (b"mail_location = maildir:~/Maildir/:CONTROL=MEMORY\n", b"/home/joe/Maildir",
         SpoolLocation(None, None, "")),
        (b"mail_location = maildir:~/Maildir:CONTROL=%h/c/%u\n", b"/home/joe/Maildir",
         SpoolLocation(b"/home/joe/c/joe", None, "")),
        (b"mail_location = maildir:/srv/%n:CONTROL=/c/%d/%n\n", b"/srv/ann",
         SpoolLocation(None, None, "")),
        (b"mail_location = maildir:/srv/%n:CONTROL=%h/c\n", b"/srv/ann",
         SpoolLocation(None, None, "")),
        (b"mail_location = maildir:/srv/%n:CONTROL=%h/c\n", b"/srv/joe",
         SpoolLocation(b"/home/joe/c", None, "")),
        (b"mail_location = maildir:/srv/one:CONTROL=/srv/c:INDEX=/srv/i\n", b"/srv/one",
         SpoolLocation(b"/srv/c", b"/srv/i", "")),
        (b"} \n= x\nmail_location\n{\n", b"/srv/one", None),
    ],
)  # fmt: skip
def test_the_lists_of_a_spool_are_found(
    output: bytes, root: bytes, found: SpoolLocation | None
) -> None:
    assert find(read_configuration(output), root, JOE) == found


def test_a_virtual_user_does_not_get_the_home_of_who_owns_the_files() -> None:
    output = b"mail_location = maildir:/srv/vmail/%d/%n:CONTROL=%h/control\n"
    root = b"/srv/vmail/example.org/ann"
    assert find(read_configuration(output), root, VMAIL) == SpoolLocation(None, None, "")
    assert find(read_configuration(output), root, None) == SpoolLocation(None, None, "")


def test_a_symlink_in_the_configured_path_is_followed() -> None:
    configuration = read_configuration(b"mail_location = maildir:/var/vmail/%n:CONTROL=/c/%n\n")
    found = find(
        configuration, b"/srv/mail/joe", JOE, lambda path: path.replace("/var/vmail", "/srv/mail")
    )
    assert found == SpoolLocation(b"/c/joe", None, "")


@pytest.mark.parametrize(
    ("output", "name", "days"),
    [
        (OLD, "Trash", 30), (OLD, "Old Junk.2012", 14), (OLD, "Drafts", None), (OLD, "Sent", None),
        (NEW, "Trash", 7), (b"", "Trash", None),
        (b"namespace {\nmailbox Trash {\nautoexpunge = 36h\n}\n}\n", "Trash", 1.5),
        (b"namespace {\nmailbox Trash {\nautoexpunge = soon\n}\n}\n", "Trash", None),
    ],
)  # fmt: skip
def test_how_long_messages_stay(output: bytes, name: str, days: float | None) -> None:
    assert autoexpunge_days(read_configuration(output), name) == days


def test_uidls_of_file_names_are_seen_wherever_they_are_set() -> None:
    assert uidl_format_is_name(read_configuration(OLD))
    assert not uidl_format_is_name(read_configuration(NEW))
    assert uidl_format_is_name(read_configuration(b"pop3_uidl_format = %{filename}\n"))
