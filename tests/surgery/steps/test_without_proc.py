"""Without /proc, modes, owners and times are changed through descriptors for reading."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.model import Act
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeTime
from tests.support.protects import protects
from tests.surgery.conftest import Maildir, plan

NAME = b"cur/1300000001.M1P1.host"


@pytest.fixture(autouse=True)
def no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at, "_through", lambda handle: b"/nonexistent/%d" % handle)


def test_mode_and_time_are_changed_and_brought_back(maildir: Maildir) -> None:
    maildir.mail(NAME)
    place = maildir.path(NAME)
    place.chmod(0o602)
    before, then = maildir.picture(), place.stat().st_mtime_ns
    mode = ChangeMode(NAME, None, at.expectation(place.stat()), b"", before=0o602, after=0o600)
    time = ChangeTime(
        NAME, None, at.expectation(place.stat()), b"", before=then, after=then + 10**9
    )  # fmt: skip
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(plan(Act("fix", NAME, (mode, time)))).refused == ()
        assert (place.stat().st_mode & 0o777, place.stat().st_mtime_ns) == (0o600, then + 10**9)
        assert surgeon.apply(surgeon.plan_undo()).refused == ()
    assert maildir.picture() == before


@protects("what is swapped under our hands is not changed", where="surgery/fsops/at.py")
def test_a_file_that_is_swapped_meanwhile_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "one").touch()
    parent = at.open_directory(os.fsencode(tmp_path))
    try:
        with at.held(parent, b"one") as (handle, _):
            (tmp_path / "other").touch()
            (tmp_path / "other").rename(tmp_path / "one")
            with (
                pytest.raises(OSError, match="another file has taken its place"),
                at.changeable(handle, parent, b"one"),
            ):
                pytest.fail("the other file was handed out")
    finally:
        os.close(parent)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_refused_with_advice(maildir: Maildir) -> None:
    maildir.mail(NAME)
    maildir.path(NAME).chmod(0o200)
    step = ChangeMode(NAME, None, None, b"", before=0o200, after=0o600)
    with maildir.surgeon() as surgeon:
        (refusal,) = surgeon.apply(plan(Act("fix", NAME, (step,)))).refused
    assert "mount /proc" in refusal.reason
