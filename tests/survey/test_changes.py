"""A survey of what has changed says what a new survey of everything would say, word for word.

Any sequence of changes is tried: mail comes and goes, is read, replaced in place or by another
file, linked, moved between folders; folders come and go; whatever cannot be looked into too.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from mailsurgeon.report.scan import ScanFindings, write_scan
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.run import SurveyResult, run_survey
from tests.support.protects import protects
from tests.survey.readers import Readers
from tests.survey.survey_maildir import DATE, SurveyMaildir, text

FOLDERS = (b"", b".A", b".B", b".BACKUP", b".A.b", b"nested", b".Trailing.", b".INBOX")
BUSY = (b"cur", b".A/cur", b".A/new", b".A")
"""Where most things happen, so that they meet."""
DIRECTORIES = BUSY * 6 + tuple(
    os.path.join(folder, part) for folder in FOLDERS for part in (b"cur", b"new", b"tmp", b"")
)
NAMES = (
    b"1300000001.M1.host:2,S", b"1300000001.M1.host:2,", b"1300000001.M1.host",
    b"1300000001.M1.host:2,F", b"1300000001.M1.host:2,T",
    b"1300000002.M2.host,S=150:2,SF", b"1300000003.M3.host,U=3:2,", b"1300000004.M4.host,U=3:2,S",
    b":x", b".hidden", b"notes.txt",
)  # fmt: skip
CONTENTS = (
    text(1), text(2), text(1, body=b"Other\n"), b"", b"Todo: nothing\nat all\n",
    b"From: a@example.org\nSubject: no id\n\nsame\n", b"\0" * 600, b"\x1f\x8b\x08broken",
)  # fmt: skip
LISTS = {
    b"dovecot-uidlist": (
        b"3 V1300000000 N9 G95a46f0f611e026b631f000083ecc375\n1 :1300000001.M1.host\n",
        b"3 V1300000000 N9 G95a46f0f611e026b631f000083ecc375\n2 :1300000001.M1.host\ngarbage\n",
    ),
    b"dovecot-keywords": (b"0 Work\n", b"1 \x01\n"),
    b".uidvalidity": (b"1300000000\n9\n", b"x"),
    b"maildirfolder": (b"",),
    b"maildirsize": (b"9000000S\n150 1\n", b"9000000S\n5000000 9\n", b"nonsense\n"),
}
UNSTEADY = ("age_seconds", "open_by")
"""Details that differ between two looks at a file that has not changed."""


def told(maildir: SurveyMaildir, index: Index, result: Any) -> Any:
    """The scan's JSON, without what differs from one moment to the next."""
    stream = io.StringIO()
    write_scan(ScanFindings(maildir.spool, index, result), "json", stream)
    scan = json.loads(stream.getvalue())
    scan.pop("seconds")
    for problem in scan["problems"]:
        for key in UNSTEADY:
            problem["detail"].pop(key, None)
    return scan


class Changes(RuleBasedStateMachine):
    """A spool that changes between surveys."""

    @initialize()
    def begin(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="mailsurgeon-changes-"))
        self.maildir = SurveyMaildir(self.home)
        self.maildir.folder(b".A")
        for number in (1, 2):
            self.maildir.mail(b".A/cur/130000000%d.M%d.host:2,S" % (number, number), number)

    def teardown(self) -> None:
        if hasattr(self, "home"):
            try:
                self.says_what_a_new_one_says()
            finally:
                self.maildir.close()
                shutil.rmtree(self.home)

    # What happens to a spool

    @rule(
        directory=st.sampled_from(DIRECTORIES), name=st.sampled_from(NAMES),
        content=st.sampled_from(CONTENTS), old=st.booleans(),
    )  # fmt: skip
    def comes(self, directory: bytes, name: bytes, content: bytes, old: bool) -> None:
        """A file comes, or another one takes its name."""
        path = self.maildir.at(os.path.join(directory, name))
        if os.path.isdir(os.path.dirname(path)) and not os.path.isdir(path):
            with open(path + b"~", "wb") as file:
                file.write(content)
            if old:
                os.utime(path + b"~", (DATE, DATE))
            os.rename(path + b"~", path)

    @rule(pick=st.integers(0), content=st.sampled_from(CONTENTS), same_time=st.booleans())
    def is_written_to(self, pick: int, content: bytes, same_time: bool) -> None:
        """A file gets other content in place, perhaps of the same size and time."""
        path = self.some(pick, stat.S_IFREG)
        if path is None:
            return
        before = os.stat(path)
        if same_time:
            content = content.ljust(before.st_size, b"x")[: before.st_size]
        with open(path, "r+b") as file:
            file.truncate(0)
            file.write(content)
        if same_time:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(pick=st.integers(0), seconds=st.integers(-400 * 86_400, 86_400 * 3))
    def is_touched(self, pick: int, seconds: int) -> None:
        path = self.some(pick, stat.S_IFREG)
        if path is not None:
            os.utime(path, (DATE + seconds, DATE + seconds))

    @rule(pick=st.integers(0), mode=st.sampled_from([0o600, 0o602, 0o000, 0o640]))
    def gets_a_mode(self, pick: int, mode: int) -> None:
        path = self.some(pick, stat.S_IFREG)
        if path is not None:
            os.chmod(path, mode)

    @rule(
        pick=st.integers(0), directory=st.sampled_from(DIRECTORIES), name=st.sampled_from(NAMES),
        link=st.booleans(),
    )  # fmt: skip
    def moves(self, pick: int, directory: bytes, name: bytes, link: bool) -> None:
        """A file is renamed, within its folder or into another, or gets a second name."""
        path = self.some(pick, stat.S_IFREG)
        to = self.maildir.at(os.path.join(directory, name))
        if path is None or not os.path.isdir(os.path.dirname(to)) or os.path.lexists(to):
            return
        (os.link if link else os.rename)(path, to)

    @rule(pick=st.integers(0))
    def goes(self, pick: int) -> None:
        path = self.some(pick, stat.S_IFREG)
        if path is not None:
            os.unlink(path)

    @rule(folder=st.sampled_from(FOLDERS[1:]), parts=st.sampled_from([(), ("cur",), ("tmp",)]))
    def folder_comes(self, folder: bytes, parts: tuple[str, ...]) -> None:
        self.maildir.folder(folder, *parts)

    @rule(folder=st.sampled_from(FOLDERS[1:]))
    def folder_goes(self, folder: bytes) -> None:
        shutil.rmtree(self.maildir.at(folder), ignore_errors=True)

    @rule(folder=st.sampled_from(FOLDERS[1:]), to=st.sampled_from(FOLDERS[1:]))
    def folder_is_renamed(self, folder: bytes, to: bytes) -> None:
        source, target = self.maildir.at(folder), self.maildir.at(to)
        if os.path.isdir(source) and not os.path.lexists(target):
            os.rename(source, target)

    @rule(
        folder=st.sampled_from(FOLDERS), name=st.sampled_from(sorted(LISTS)), which=st.integers(0)
    )
    def server_writes(self, folder: bytes, name: bytes, which: int) -> None:
        directory = self.maildir.at(folder)
        if os.path.isdir(directory):
            choices = LISTS[name]
            Path(os.fsdecode(os.path.join(directory, name))).write_bytes(
                choices[which % len(choices)]
            )

    @rule(
        directory=st.sampled_from(DIRECTORIES),
        kind=st.sampled_from(["directory", "link", "fifo", "dangling"]),
    )
    def something_odd_comes(self, directory: bytes, kind: str) -> None:
        place = self.maildir.at(directory)
        odd = os.path.join(place, b"odd")
        if not os.path.isdir(place) or os.path.lexists(odd):
            return
        if kind == "directory":
            os.mkdir(odd)
            (Path(os.fsdecode(odd)) / "1300000009.M9.host:2,S").write_bytes(text(9))
        elif kind == "fifo":
            os.mkfifo(odd)
        else:
            os.symlink(b"cur" if kind == "link" else b"nowhere", odd)

    @rule(directory=st.sampled_from(DIRECTORIES))
    def something_odd_goes(self, directory: bytes) -> None:
        odd = self.maildir.at(os.path.join(directory, b"odd"))
        if os.path.isdir(odd) and not os.path.islink(odd):
            shutil.rmtree(odd)
        elif os.path.lexists(odd):
            os.unlink(odd)

    # Surveys in between

    @rule()
    def is_surveyed(self) -> None:
        self.maildir.survey()

    @rule(folder=st.sampled_from(FOLDERS))
    def one_folder_is_surveyed(self, folder: bytes) -> None:
        self.maildir.survey(folders=[folder])

    @rule()
    def is_surveyed_quickly(self) -> None:
        self.maildir.survey(quick=True)

    # What must hold

    @rule()
    def says_what_a_new_one_says(self) -> None:
        known = told(self.maildir, self.maildir.index, self.maildir.survey())
        index = Index.open(self.home / "fresh" / "index", fresh=True)
        try:
            fresh = told(self.maildir, index, run_survey(self.maildir.spool, index))
        finally:
            index.close()
        assert known == fresh

    def some(self, pick: int, kind: int) -> bytes | None:
        """The path of one of the spool's files of this kind."""
        found = sorted(
            path
            for above, _, names in os.walk(self.maildir.at(b""))
            for name in names
            if stat.S_IFMT(os.lstat(path := os.path.join(above, name)).st_mode) == kind
        )
        return found[pick % len(found)] if found else None


def of_size(examples: int) -> settings:
    return settings(
        max_examples=examples, stateful_step_count=20, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@protects("a survey of the changes equals a survey of everything", where="survey/run.py")
class TestChanges(Changes.TestCase):
    """The machine as a test."""

    settings = of_size(12)


class SettledChanges(Changes):
    """The same, by a clock that is some seconds ahead: every look is then late enough to trust the
    times of files and directories, and the next survey passes over what is unchanged."""

    @initialize()
    def begin(self) -> None:
        super().begin()
        ahead = patch("time.time_ns", lambda: _time_ns() + 5_000_000_000)
        survey = self.maildir.survey

        def once_the_clock_has_ticked(**options: Any) -> SurveyResult:
            # Two changes in one tick of the kernel's clock could not be told apart.
            wait_for_tick(self.home / "tick")
            with ahead:
                return survey(**options)

        self.maildir.survey = once_the_clock_has_ticked


class ChangesByReaders(SettledChanges):
    """The same, by readers: each examines a new folder as a whole, and several directories that
    seem unchanged in one call."""

    @initialize()
    def begin(self) -> None:
        super().begin()
        survey = self.maildir.survey
        readers = Readers()
        self.maildir.survey = lambda **options: survey(executor=readers, **options)


_time_ns = time.time_ns


def wait_for_tick(file: Path) -> None:
    """Returns once a change has a later time than one made when this was called."""
    file.write_bytes(b"")
    before = file.stat().st_ctime_ns
    while file.stat().st_ctime_ns == before:
        file.write_bytes(b"x")


@protects("a survey of the changes equals a survey of everything", where="survey/walk/unchanged.py")
class TestSettledChanges(SettledChanges.TestCase):
    """The machine as a test."""

    settings = of_size(12)


@protects(
    "a survey of the changes equals a survey of everything",
    where="survey/read/whole_folder.py, survey/read/sealed.py",
)
class TestChangesByReaders(ChangesByReaders.TestCase):
    """The machine as a test."""

    settings = of_size(12)


@pytest.mark.soak
class TestManyChanges(Changes.TestCase):
    """The same, for longer."""

    settings = of_size(100)


@pytest.mark.soak
class TestManySettledChanges(SettledChanges.TestCase):
    """The same, for longer."""

    settings = of_size(100)


@pytest.mark.soak
class TestManyChangesByReaders(ChangesByReaders.TestCase):
    """The same, for longer."""

    settings = of_size(100)
