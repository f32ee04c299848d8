"""Opening a spool: what is one, what is something else, and what is said of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.errors import SpoolError
from mailsurgeon.survey.mail_root import usual_spool
from mailsurgeon.survey.open_spool import Options, index_path, open_spool
from tests.support.protects import protects

MAIL = b"From a@example.org Mon Jan  1 00:00:00 2018\nFrom: a@example.org\n\nText.\n"


def maildir(path: Path, *parts: str) -> Path:
    for part in parts or ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True)
    return path


def file(path: Path, data: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def refusal(path: str | bytes | Path, options: Options | None = None) -> str:
    """What is said of a path that is refused, in one line that names it."""
    with pytest.raises(SpoolError) as caught:
        open_spool(path, options)
    said = str(caught.value)
    assert "\n" not in said
    assert caught.value.exit_code == 2
    return said


def test_a_spool(tmp_path: Path) -> None:
    root = maildir(tmp_path / "Maildir")
    maildir(root / ".Sent")
    spool = open_spool(root)
    status = root.stat()
    assert (spool.root, spool.layout) == (os.fsencode(root), "maildir++")
    assert (spool.device, spool.inode) == (status.st_dev, status.st_ino)
    assert (spool.control, spool.index) == (None, None)


@pytest.mark.parametrize("part", ["cur", "new"])
def test_one_of_the_two_makes_a_spool(tmp_path: Path, part: str) -> None:
    assert open_spool(maildir(tmp_path / "Maildir", part))


def test_tmp_alone_makes_none(tmp_path: Path) -> None:
    assert "no Maildir" in refusal(maildir(tmp_path / "Maildir", "tmp"))


def test_a_parent_of_maildirs(tmp_path: Path) -> None:
    maildir(tmp_path / "mail" / "near" / "INBOX")
    assert open_spool(tmp_path / "mail").layout == "fs"


def test_the_layout_may_be_named(tmp_path: Path) -> None:
    root = maildir(tmp_path / "Maildir")
    assert open_spool(root, Options(layout="fs")).layout == "fs"
    assert "maildir++ or fs" in refusal(root, Options(layout="mdbox"))


def test_a_symlinked_spool_is_resolved_once(tmp_path: Path) -> None:
    root = maildir(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    spool = open_spool(tmp_path / "link")
    assert spool.root == os.fsencode(root)
    assert spool == open_spool(root)


def test_text_and_bytes_name_the_same_spool(tmp_path: Path) -> None:
    root = os.fsencode(maildir(tmp_path / "Maildir").rename(tmp_path / "caf\udce9"))
    assert open_spool(root) == open_spool(os.fsdecode(root))


def test_directories_elsewhere(tmp_path: Path) -> None:
    root = maildir(tmp_path / "Maildir")
    (tmp_path / "control").mkdir()
    (tmp_path / "link").symlink_to("control")
    spool = open_spool(root, Options(control=os.fsencode(tmp_path / "link")))
    assert spool.control == os.fsencode(tmp_path / "control")


# What is none


def test_nothing_there(tmp_path: Path) -> None:
    said = refusal(tmp_path / "none")
    assert str(tmp_path / "none") in said
    assert "No such file" in said


@pytest.mark.parametrize("empty", ["", b""])
def test_an_empty_path_is_not_the_directory_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: str | bytes
) -> None:
    (tmp_path / "cur").mkdir()
    monkeypatch.chdir(tmp_path)
    assert open_spool(".").root == os.fsencode(tmp_path)
    with pytest.raises(SpoolError, match="empty"):
        open_spool(empty)


def test_a_directory_without_a_maildir(tmp_path: Path) -> None:
    said = refusal(tmp_path)
    assert str(tmp_path) in said
    assert "no Maildir" in said


def test_marks_of_servers_alone_make_no_spool(tmp_path: Path) -> None:
    file(tmp_path / ".imap" / "INBOX" / "dovecot.index.log")
    assert "no Maildir" in refusal(tmp_path)


def test_a_file(tmp_path: Path) -> None:
    assert "not a directory" in refusal(file(tmp_path / "file", b"words\n"))
    assert "mbox" in refusal(file(tmp_path / "mbox", MAIL))


def test_a_folder_of_mbox_files(tmp_path: Path) -> None:
    file(tmp_path / "mail" / "Sent", MAIL)
    file(tmp_path / "mail" / ".imap" / "Sent" / "dovecot.index.log")
    said = refusal(tmp_path / "mail")
    assert "mbox" in said
    assert "Sent" in said


def test_an_sdbox_store(tmp_path: Path) -> None:
    """Dovecot's indexes lie beside the messages there."""
    mailbox = tmp_path / "sdbox" / "mailboxes" / "INBOX" / "dbox-Mails"
    file(mailbox / "u.1")
    file(mailbox / "dovecot.index.log")
    file(mailbox / "dovecot.index.cache")
    assert "sdbox" in refusal(tmp_path / "sdbox")


def test_an_mdbox_store(tmp_path: Path) -> None:
    file(tmp_path / "mdbox" / "mailboxes" / "INBOX" / "dbox-Mails" / "dovecot.index.log")
    file(tmp_path / "mdbox" / "storage" / "m.1")
    file(tmp_path / "mdbox" / "storage" / "dovecot.map.index.log")
    assert "mdbox" in refusal(tmp_path / "mdbox")


@pytest.mark.parametrize("inside", [".Sent", ".Sent/Sub", "cur", "backup/Maildir"])
def test_a_spool_inside_another_names_the_outer_one(tmp_path: Path, inside: str) -> None:
    outer = maildir(tmp_path / "Maildir")
    maildir(outer / inside)
    said = refusal(outer / inside)
    assert str(outer / inside) in said
    assert f"open {outer} instead" in said


def test_the_outermost_of_several_is_named(tmp_path: Path) -> None:
    outer = maildir(tmp_path / "Maildir")
    maildir(outer / ".A")
    maildir(outer / ".A" / "B")
    assert f"open {outer} instead" in refusal(outer / ".A" / "B")


def test_a_maildir_below_a_parent_is_a_spool_of_its_own(tmp_path: Path) -> None:
    maildir(tmp_path / "mail" / "work")
    assert open_spool(maildir(tmp_path / "mail" / "home"))


def test_a_symlink_into_a_spool_does_not_hide_the_outer_one(tmp_path: Path) -> None:
    outer = maildir(tmp_path / "Maildir")
    maildir(outer / ".Sent")
    (tmp_path / "link").symlink_to("Maildir/.Sent")
    assert f"open {outer} instead" in refusal(tmp_path / "link")


def test_names_from_outside_are_made_visible(tmp_path: Path) -> None:
    said = refusal(tmp_path / "a\x1b[31m\udcff")
    assert "\x1b" not in said
    assert "\\x1b[31m\\xff" in said


# What a directory that is no Maildir stands for


@pytest.mark.parametrize("name", ["Maildir", "mail", ".maildir", ".mail"])
def test_a_home_stands_for_the_one_maildir_in_it(tmp_path: Path, name: str) -> None:
    file(tmp_path / ".ssh" / "id")
    root = maildir(tmp_path / name)
    maildir(tmp_path / "projects" / "tests" / "data")
    spool = open_spool(tmp_path)
    assert spool.root == os.fsencode(root)
    assert spool.opened_for == os.fsencode(tmp_path)
    assert open_spool(root).opened_for == b""


def test_a_home_with_two_stands_for_neither(tmp_path: Path) -> None:
    file(tmp_path / ".ssh" / "id")
    maildir(tmp_path / "Maildir")
    maildir(tmp_path / "mail")
    assert open_spool(tmp_path).root == os.fsencode(tmp_path)


def test_a_home_stands_for_its_only_maildir_whatever_the_name(tmp_path: Path) -> None:
    maildir(tmp_path / "Post")
    maildir(tmp_path / "Post" / ".Sent")
    assert open_spool(tmp_path).root == os.fsencode(tmp_path)  # it may be a folder's parent
    file(tmp_path / ".bashrc")
    assert open_spool(tmp_path).root == os.fsencode(tmp_path / "Post")


def test_the_only_maildir_may_lie_deeper(tmp_path: Path) -> None:
    root = maildir(tmp_path / "anna" / "mail" / "Maildir")
    maildir(root / ".Sent")
    assert open_spool(tmp_path).root == os.fsencode(root)
    assert open_spool(tmp_path / "anna").root == os.fsencode(root)


def test_a_link_in_a_home_leads_to_its_maildir(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file(home / ".bashrc")
    (home / "Maildir").symlink_to("../store")
    assert "no Maildir" in refusal(home)
    root = maildir(tmp_path / "store")
    spool = open_spool(home)
    assert (spool.root, spool.opened_for) == (os.fsencode(root), os.fsencode(home))
    (home / "mail").symlink_to("Maildir")  # a second name of the same
    (home / ".mail").symlink_to(".mail")
    assert open_spool(home).root == os.fsencode(root)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make links of others")
@protects("nobody's link leads to another user's mail", where="survey/mail_root.py")
def test_a_link_to_somebody_elses_maildir_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "home" / "Maildir"
    maildir(tmp_path / "store")
    file(tmp_path / "home" / ".bashrc")
    link.symlink_to(tmp_path / "store")
    assert open_spool(tmp_path / "home").root == os.fsencode(tmp_path / "store")
    os.lchown(link, 1000, 1000)
    assert "no Maildir" in refusal(tmp_path / "home")


def test_a_folder_called_mail_beside_others_is_only_a_folder(tmp_path: Path) -> None:
    maildir(tmp_path / "mail")
    maildir(tmp_path / "Sent")
    assert open_spool(tmp_path).root == os.fsencode(tmp_path)
    assert open_spool(tmp_path, Options(layout="fs")).root == os.fsencode(tmp_path)


def test_a_named_layout_means_the_directory_itself(tmp_path: Path) -> None:
    maildir(tmp_path / "Maildir")
    assert open_spool(tmp_path, Options(layout="fs")).root == os.fsencode(tmp_path)


def test_the_spool_that_is_meant_without_a_name(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    assert usual_spool(home) is None
    assert usual_spool({}) is None
    maildir(tmp_path / ".maildir")
    assert usual_spool(home) == os.fsencode(tmp_path / ".maildir")
    maildir(tmp_path / "mail" / "INBOX")
    assert usual_spool(home) == os.fsencode(tmp_path / "mail")
    maildir(tmp_path / "Maildir")
    assert usual_spool(home) == os.fsencode(tmp_path / "Maildir")
    other = maildir(tmp_path / "other")
    assert usual_spool(home | {"MAIL": str(other)}) == os.fsencode(other)
    mbox = file(tmp_path / "mbox", MAIL)
    assert usual_spool(home | {"MAIL": str(mbox)}) == os.fsencode(tmp_path / "Maildir")


def test_messages_that_lie_in_no_maildir_are_a_spool_to_repair(tmp_path: Path) -> None:
    file(tmp_path / "mail" / "INBOX" / "msg.A1bKN", MAIL.partition(b"\n")[2])
    assert open_spool(tmp_path / "mail")
    file(tmp_path / "notes" / "one", b"words\n")
    assert "no Maildir" in refusal(tmp_path / "notes")


def test_a_domains_user_is_opened_by_itself(tmp_path: Path) -> None:
    outer = maildir(tmp_path / "mail")
    user = maildir(outer / "example.org" / "anna")
    assert open_spool(user).root == os.fsencode(user)
    assert f"open {outer} instead" in refusal(maildir(outer / "example.org" / "anna" / "old" / "x"))


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("mailboxes/INBOX/dbox-Mails/u.1", "sdbox"),
        ("storage/m.1", "mdbox"),
        (".mh_sequences", "MH"),
        ("inbox/.mh_sequences", "MH"),
        (".nnmaildir/marks/read/1.M1.host", "Gnus"),
    ],
)
def test_a_store_of_another_kind_is_named_with_its_own_repair(
    tmp_path: Path, mark: str, words: str
) -> None:
    store = tmp_path / "store"
    file(store / mark)
    if words == "Gnus":
        maildir(store)
    file(store / "1", MAIL.partition(b"\n")[2])
    said = refusal(store)
    assert words in said
    assert "; mailsurgeon repairs Maildir spools" in said


# Where the index is kept


def test_a_spool_has_one_index_whatever_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = index_path(open_spool(maildir(tmp_path / "one")))
    other = index_path(open_spool(maildir(tmp_path / "two")))
    (tmp_path / "one").rename(tmp_path / "moved")
    assert index_path(open_spool(tmp_path / "moved")) == first != other
    assert first.is_relative_to(tmp_path / "cache" / "mailsurgeon")
