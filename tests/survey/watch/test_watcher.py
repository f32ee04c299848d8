"""Watching a spool: which changes are reported, and what happens if the system gives up."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from inotify_simple import INotify

from mailsurgeon.host.mounts import shared_file_system
from mailsurgeon.survey.run import run_survey
from mailsurgeon.survey.walk.watched import Watched, directories
from mailsurgeon.survey.watch import inotify, polling, watcher
from mailsurgeon.survey.watch.inotify import Inotify
from mailsurgeon.survey.watch.polling import Polling
from mailsurgeon.survey.watch.watcher import Means, News, Watcher
from tests.support.host import FakeHost
from tests.support.protects import protects
from tests.survey.survey_maildir import DATE, SurveyMaildir

PATIENCE = 30  # seconds after which a test has failed
LISTS, OTHER = b".lists", b".other"


class Ear:
    """Collects what a watcher reports, in its thread; the test waits for what it expects."""

    def __init__(self, maildir: SurveyMaildir, **options: Any) -> None:
        self.news: list[News] = []
        self._heard = threading.Condition()
        self.watcher = Watcher(maildir.spool, self._hear, **options)
        self.maildir = maildir

    def _hear(self, news: News) -> None:
        with self._heard:
            self.news.append(news)
            self._heard.notify_all()

    @property
    def folders(self) -> set[bytes]:
        """All folders reported since the last `deaf`."""
        return {folder for news in self.news for folder in news.folders}

    def waits_for(self, expected: Callable[[Ear], bool]) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: expected(self), PATIENCE), self.news

    def hears(self, folder: bytes) -> None:
        self.waits_for(lambda ear: folder in ear.folders)

    def deaf(self) -> None:
        with self._heard:
            self.news.clear()

    def comes_to_rest(self) -> None:
        """Waits until the watcher watches and has reported everything so far, and forgets that."""
        self.maildir.folder(b".sentinel", "cur", "new")
        self.maildir.mail(b".sentinel/new/1%d.M1P1.h" % len(self.news))
        self.hears(b".sentinel")
        shutil.rmtree(self.maildir.at(b".sentinel"))
        self.waits_for(lambda ear: sum(b".sentinel" in news.folders for news in ear.news) > 1)
        self.deaf()


def made(module: ModuleType, maildir: SurveyMaildir, since: float = float("inf")) -> Means:
    """One of the two means, over a spool."""
    root = maildir.spool.root
    return Inotify(root, (), since) if module is inotify else Polling(root, (), since, 0.1)


@contextmanager
def listening(maildir: SurveyMaildir, **options: Any) -> Iterator[Ear]:
    ear = Ear(maildir, **{"interval": 0.05, **options})
    ear.watcher.start()
    try:
        yield ear
    finally:
        ear.watcher.stop()


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests need not wait as long for more."""
    monkeypatch.setattr(Inotify, "quiet", 0.05)


@pytest.fixture
def spool(maildir: SurveyMaildir) -> SurveyMaildir:
    maildir.folder(LISTS)
    maildir.folder(OTHER)
    maildir.mail(b".lists/cur/1.M1P1.h:2,S", 1)
    maildir.mail(b".other/cur/2.M2P2.h:2,S", 2)
    return maildir


@pytest.fixture(params=["inotify", "polling"])
def ear(spool: SurveyMaildir, request: pytest.FixtureRequest) -> Iterator[Ear]:
    with listening(spool, polling=request.param == "polling") as found:
        found.comes_to_rest()
        assert ("inotify" in found.watcher.how) == (request.param == "inotify")
        yield found


# What is told


def test_a_delivery_is_told(ear: Ear) -> None:
    ear.maildir.mail(b".lists/tmp/5.M5P5.h", 5)
    os.rename(ear.maildir.at(b".lists/tmp/5.M5P5.h"), ear.maildir.at(b".lists/new/5.M5P5.h"))
    ear.hears(LISTS)
    assert OTHER not in ear.folders


def test_new_flags_and_a_removal_are_told(ear: Ear) -> None:
    before, after = b".lists/cur/1.M1P1.h:2,S", b".lists/cur/1.M1P1.h:2,RS"
    os.rename(ear.maildir.at(before), ear.maildir.at(after))
    ear.hears(LISTS)
    os.unlink(ear.maildir.at(b".other/cur/2.M2P2.h:2,S"))
    ear.hears(OTHER)


def test_misfiled_mail_is_told(ear: Ear) -> None:
    ear.maildir.mail(b".lists/7.M7P7.h", 7)
    ear.hears(LISTS)


def test_mail_in_inbox_is_told_by_the_root(ear: Ear) -> None:
    ear.maildir.mail(b"new/7.M7P7.h", 7)
    ear.hears(b"")


def test_a_message_rewritten_in_place_is_told_by_inotify(spool: SurveyMaildir) -> None:
    with listening(spool) as ear:
        ear.comes_to_rest()
        with open(spool.at(b".lists/cur/1.M1P1.h:2,S"), "r+b") as file:
            file.write(b"Subject: another\n")
        ear.hears(LISTS)


def test_other_rights_are_told_by_inotify(spool: SurveyMaildir) -> None:
    with listening(spool) as ear:
        ear.comes_to_rest()
        os.chmod(spool.at(b".lists/cur/1.M1P1.h:2,S"), 0o000)
        ear.hears(LISTS)
        os.chmod(spool.at(b".other/cur"), 0o500)
        ear.hears(OTHER)
        os.chmod(spool.at(b".other/cur"), 0o700)


@pytest.mark.parametrize("polling", [False, True])
@protects(
    "no change is missed between a listing and its watch, nor within a tick of the clock",
    where="survey/watch/inotify.py, survey/watch/polling.py",
)
def test_what_changes_before_it_comes_to_watch_is_told(spool: SurveyMaildir, polling: bool) -> None:
    ear = Ear(spool, polling=polling, interval=0.1)
    spool.mail(b".lists/new/8.M8P8.h", 8)
    ear.watcher.start()
    try:
        ear.hears(LISTS)
    finally:
        ear.watcher.stop()


def test_what_comes_close_together_is_told_together(ear: Ear) -> None:
    for number in range(600):
        ear.maildir.mail(b".lists/new/9%d.M9P9.h" % number, number)
    ear.hears(LISTS)
    ear.comes_to_rest()
    ear.deaf()
    assert len(ear.news) < 60


# What is not


def test_what_servers_write_for_themselves_is_not_told(ear: Ear) -> None:
    for name in (
        b"dovecot.index.log", b"dovecot-uidlist", b"dovecot-uidlist.lock", b"maildirsize",
        b".mbsyncstate", b"courierimapuiddb", b"tmp/courier.lock", b"cur/.nfs000000000001",
    ):  # fmt: skip
        if name.startswith(b"cur/") and "inotify" not in ear.watcher.how:
            continue  # the time of cur/ tells no names
        if name.startswith(b"tmp/") and "inotify" not in ear.watcher.how:
            continue
        ear.maildir.file(b".lists/" + name, b"x")
        ear.maildir.file(b".lists/" + name, b"xx")
    ear.maildir.mail(b".other/new/9.M9P9.h", 9)
    ear.hears(OTHER)
    assert LISTS not in ear.folders


def test_a_survey_that_reads_everything_is_not_told(ear: Ear) -> None:
    run_survey(ear.maildir.spool, ear.maildir.index, ear.maildir.options)
    ear.maildir.mail(b".other/new/9.M9P9.h", 9)
    ear.hears(OTHER)
    assert LISTS not in ear.folders


def test_what_is_excluded_is_not_watched(spool: SurveyMaildir) -> None:
    with listening(spool, exclude=("*lists",)) as ear:
        ear.comes_to_rest()
        spool.mail(b".lists/new/9.M9P9.h", 9)
        spool.mail(b".other/new/9.M9P9.h", 9)
        ear.hears(OTHER)
        assert LISTS not in ear.folders


def test_what_is_forgotten_is_not_told_but_what_comes_later_is(ear: Ear) -> None:
    ear.maildir.mail(b".lists/new/5.M5P5.h", 5)
    ear.watcher.forget({LISTS})
    ear.maildir.mail(b".other/new/5.M5P5.h", 5)
    ear.hears(OTHER)
    if "inotify" in ear.watcher.how:  # the clock's tick may make polling look once more
        assert LISTS not in ear.folders
    ear.deaf()
    ear.maildir.mail(b".lists/new/6.M6P6.h", 6)
    ear.hears(LISTS)


def test_everything_is_forgotten_before_a_whole_survey(spool: SurveyMaildir) -> None:
    with listening(spool) as ear:
        ear.comes_to_rest()
        spool.mail(b".lists/new/5.M5P5.h", 5)
        spool.folder(b".made")
        ear.watcher.forget()
        spool.mail(b".other/new/5.M5P5.h", 5)
        ear.hears(OTHER)
        assert ear.folders == {OTHER}


# Folders come and go


def test_a_new_folder_is_told_and_watched(ear: Ear) -> None:
    ear.maildir.folder(b".made")
    ear.hears(b".made")
    ear.comes_to_rest()
    ear.maildir.mail(b".made/new/1.M1P1.h", 4)
    ear.hears(b".made")


def test_a_folder_that_is_made_slowly_is_told_and_watched(ear: Ear) -> None:
    os.mkdir(ear.maildir.at(b".made"))
    ear.comes_to_rest()
    os.mkdir(ear.maildir.at(b".made/cur"))
    ear.hears(b".made")
    ear.comes_to_rest()
    ear.maildir.mail(b".made/cur/1.M1P1.h:2,", 4)
    ear.hears(b".made")


@pytest.mark.parametrize("module", [inotify, polling])
def test_a_folder_made_while_it_begins_is_watched(
    spool: SurveyMaildir, monkeypatch: pytest.MonkeyPatch, module: ModuleType
) -> None:
    original = module.watched_places

    def slow(root: bytes, exclude: tuple[str, ...]) -> dict[bytes, Watched]:
        places = original(root, exclude)
        spool.folder(b".made")
        return places

    monkeypatch.setattr(module, "watched_places", slow)
    means = made(module, spool)
    means.changed()
    spool.mail(b".made/new/1.M1P1.h", 4)
    assert b".made" in means.changed()
    means.close()


@pytest.mark.parametrize("module", [inotify, polling])
def test_only_what_is_newer_than_the_beginning_is_told_at_first(
    spool: SurveyMaildir, module: ModuleType
) -> None:
    for directory, _names, _files in os.walk(spool.at(b"")):
        os.utime(directory, (DATE, DATE))
    os.utime(spool.at(b".lists/cur"), (DATE + 60, DATE + 60))
    means = made(module, spool, since=DATE + 30)
    assert means.changed() == {LISTS}
    assert means.changed() == set()
    means.close()


@protects(
    "no change is missed between a listing and its watch, nor within a tick of the clock",
    where="survey/watch/inotify.py, survey/watch/polling.py",
)
def test_polling_looks_again_where_the_clock_may_hide_a_change(spool: SurveyMaildir) -> None:
    directory = spool.at(b".lists/new")
    second = round(time.time() + 0.5)  # some file systems keep whole seconds
    os.utime(directory, (second, second))
    means = made(polling, spool)
    spool.mail(b".lists/new/1.M1P1.h", 4)
    os.utime(directory, (second, second))
    assert LISTS in means.changed()


def test_a_folder_that_vanishes_is_told(ear: Ear) -> None:
    shutil.rmtree(ear.maildir.at(LISTS))
    ear.hears(LISTS)


def test_a_folder_under_another_name_is_told_and_watched_by_it(ear: Ear) -> None:
    os.rename(ear.maildir.at(LISTS), ear.maildir.at(b".moved"))
    ear.waits_for(lambda ear: {LISTS, b".moved"} <= ear.folders)
    ear.comes_to_rest()
    ear.maildir.mail(b".moved/new/5.M5P5.h", 5)
    ear.hears(b".moved")
    assert LISTS not in ear.folders


def test_folders_of_the_fs_layout_are_watched_at_any_depth(fs_maildir: SurveyMaildir) -> None:
    fs_maildir.folder(b"a/b/c")
    fs_maildir.folder(b"d")
    for looking in (False, True):
        with listening(fs_maildir, polling=looking) as ear:
            ear.comes_to_rest()
            fs_maildir.mail(b"a/b/c/new/%d.M1P1.h" % looking)
            ear.hears(b"a/b/c")
            assert b"d" not in ear.folders


def test_a_name_that_is_no_utf_8_is_watched(ear: Ear) -> None:
    name = b".Entw\xfcrfe"
    ear.maildir.folder(name)
    ear.hears(name)
    ear.comes_to_rest()
    ear.maildir.mail(name + b"/new/1.\xff.h")
    ear.hears(name)


# What goes wrong


@pytest.mark.parametrize("polling", [False, True])
def test_a_folder_that_cannot_be_read_does_not_disturb_the_others(
    nobodys_maildir: SurveyMaildir, polling: bool
) -> None:
    maildir = nobodys_maildir
    for name in (LISTS, OTHER, b".closed"):
        maildir.folder(name)
    os.chmod(maildir.at(LISTS + b"/cur"), 0)
    os.chmod(maildir.at(b".closed"), 0)
    with listening(maildir, polling=polling) as ear:
        ear.comes_to_rest()
        maildir.mail(b".other/new/1.M1P1.h")
        ear.hears(OTHER)
        os.chmod(maildir.at(LISTS + b"/cur"), 0o700)
        os.chmod(maildir.at(b".closed"), 0o700)
        ear.comes_to_rest()
        maildir.mail(b".lists/cur/2.M2P2.h", 2)
        ear.hears(LISTS)


def test_a_spool_that_is_removed_is_told_once(ear: Ear) -> None:
    shutil.rmtree(ear.maildir.root)
    ear.waits_for(lambda ear: any(news.lost for news in ear.news))
    ear.watcher.stop()
    assert sum(news.lost for news in ear.news) == 1


def test_another_directory_in_its_place_is_another_spool(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount point, when nothing is mounted there any more."""
    monkeypatch.setattr(watcher, "RETRY", 0.01)
    ear.maildir.root.rename(ear.maildir.root.with_name("away"))
    ear.maildir.folder(b"")
    ear.waits_for(lambda ear: any(news.lost for news in ear.news))
    looks, enough = iter(range(5)), threading.Event()
    there = ear.watcher._there

    def counted() -> bool:
        if next(looks, None) is None:
            enough.set()
        return there()

    monkeypatch.setattr(ear.watcher, "_there", counted)
    ear.maildir.mail(b"new/1.M1P1.h")
    assert enough.wait(PATIENCE)
    assert ear.news[-1].lost and sum(news.lost for news in ear.news) == 1


def test_a_spool_that_comes_back_is_all_told(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "RETRY", 0.05)
    away = ear.maildir.root.with_name("away")
    ear.maildir.root.rename(away)
    ear.waits_for(lambda ear: any(news.lost for news in ear.news))
    away.rename(ear.maildir.root)
    ear.waits_for(lambda ear: {b"", LISTS, OTHER} <= ear.folders)
    ear.comes_to_rest()
    ear.maildir.mail(b".lists/new/5.M5P5.h", 5)
    ear.hears(LISTS)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE])
def test_without_inotify_it_looks_again_and_says_so(
    spool: SurveyMaildir, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    method = "add_watch" if number == errno.ENOSPC else "__init__"
    monkeypatch.setattr(INotify, method, full)
    with listening(spool) as ear:
        ear.waits_for(lambda ear: any(news.note for news in ear.news))
        assert "fs.inotify.max_user_" in ear.watcher.how
        ear.comes_to_rest()
        spool.mail(b".lists/new/5.M5P5.h", 5)
        ear.hears(LISTS)


def test_no_watch_for_a_new_folder_means_looking_from_then_on(
    spool: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, room = INotify.add_watch, [True]

    def nearly_full(self: INotify, path: bytes, mask: int) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, path, mask)

    monkeypatch.setattr(INotify, "add_watch", nearly_full)
    with listening(spool) as ear:
        ear.comes_to_rest()
        room[0] = False
        spool.folder(b".made")
        # Which changes were missed on the way is not known: all of it is looked at again.
        ear.waits_for(lambda ear: {b"", LISTS, OTHER, b".made"} <= ear.folders)
        assert [news.note for news in ear.news if news.note]
        ear.comes_to_rest()
        spool.mail(b".made/new/5.M5P5.h", 5)
        ear.hears(b".made")


def test_more_changes_than_the_kernel_remembers_mean_everything(spool: SurveyMaildir) -> None:
    means = Inotify(spool.spool.root, (), since=float("inf"))
    try:
        assert means.changed() == set()
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        for number in range(limit // 3 + 100):  # made, closed, and its mode changed
            spool.mail(b".lists/new/%d.M5P5.h" % number)
        assert means.changed() == {b"", LISTS, OTHER}
        assert means.changed() == set()
    finally:
        means.close()


def test_an_end_is_an_end(ear: Ear) -> None:
    ear.maildir.mail(b".lists/new/5.M5P5.h", 5)
    ear.watcher.stop()
    heard = len(ear.news)
    ear.maildir.mail(b".other/new/5.M5P5.h", 5)
    ear.watcher.stop()
    assert len(ear.news) == heard
    assert not any(thread.name == "watcher" for thread in threading.enumerate())


def test_what_was_heard_before_the_end_is_not_told_after_it(
    spool: SurveyMaildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(spool) as ear:
        ear.comes_to_rest()
        monkeypatch.setattr(Inotify, "quiet", PATIENCE)
        changed, heard = Inotify.changed, threading.Event()

        def noticed(self: Inotify) -> set[bytes]:
            found = changed(self)
            if found:
                heard.set()
            return found

        monkeypatch.setattr(Inotify, "changed", noticed)
        spool.mail(b".lists/new/5.M5P5.h", 5)
        assert heard.wait(PATIENCE)
        ear.watcher.stop()
        assert not ear.news


def test_it_can_end_before_it_began(spool: SurveyMaildir) -> None:
    Watcher(spool.spool, lambda _news: None).stop()


# Which file system

MOUNTS = b"""\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /srv/mail rw shared:5 - nfs4 host:/mail rw
31 22 8:2 / /srv/mail/local rw - ext4 /dev/sda2 rw
32 22 8:3 / /var/spool\\040two rw - xfs /dev/sda3 rw
33 32 0:41 / /var/spool\\040two/old/archive rw - fuse.sshfs host: rw
34 22 0:42 / /srv/mail/over rw - ext4 /dev/sda4 rw
35 22 0:43 / /srv/mail/over rw - cifs //host/mail rw
line that is none
"""


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        (b"/home/anna/Maildir", ""),
        (b"/srv/mail", "nfs4"),
        (b"/srv/mail/anna", "nfs4"),
        (b"/srv/mail/local/anna", ""),
        (b"/srv/mailbox", ""),
        (b"/var/spool two", "fuse.sshfs"),  # mounted below it
        (b"/var/spool two/new", ""),
        (b"/srv/mail/over/paul", "cifs"),  # the later of two on one place
    ],
)
def test_file_systems_that_others_change_are_known(tmp_path: Path, root: bytes, kind: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_bytes(MOUNTS)
    assert shared_file_system(root, str(mounts)) == kind


def test_a_system_that_does_not_tell_its_mounts_is_taken_as_local(tmp_path: Path) -> None:
    assert shared_file_system(b"/srv/mail", str(tmp_path / "none")) == ""


def test_a_spool_that_others_change_is_looked_at_again(spool: SurveyMaildir) -> None:
    with listening(spool, host=FakeHost(shared="nfs4")) as ear:
        ear.comes_to_rest()
        assert "nfs4" in ear.watcher.how
        spool.mail(b".lists/new/5.M5P5.h", 5)
        ear.hears(LISTS)


def test_directories_of_messages_are_not_listed(spool: SurveyMaildir) -> None:
    spool.mail(b"a-plain-directory/1")
    found = [each.path for each in directories(spool.spool.root)]
    assert sorted(found) == [b"", LISTS, OTHER, b"a-plain-directory"]
