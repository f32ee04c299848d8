"""The shadow of a spool: what it shows, and that it is gone afterwards."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.verify.doveadm import Doveadm
from mailsurgeon.procedures.verify.shadow import shadow_of, without_virtual_sizes
from mailsurgeon.survey.open_spool import open_spool
from tests.support.protects import protects


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where shadows are made."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    root = tmp_path / "Maildir"
    for name in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new"):
        (root / name).mkdir(parents=True)
    (root / "cur" / "1.a,S=3,W=4:2,S").write_text("abc")
    (root / "new" / "2.b").write_text("abc")
    (root / "tmp" / "3.c").write_text("abc")
    (root / "4.d").write_text("abc")
    (root / "dovecot-uidlist").write_text("3 V7 N9 Px\n5 S3 W4 Gg :1.a,S=3,W=4\n")
    return open_spool(root)


def test_every_message_is_a_symlink_and_tmp_is_empty(spool: Spool, places: Path) -> None:
    with shadow_of(spool) as shadow:
        shadow.make_folder(b"")
        shadow.make_folder(b".Sent")
        with shadow.filled(b"", [b"4.d"]) as filled:
            mine = Path(os.fsdecode(shadow.spool.root))
            assert {name.name for name in (mine / ".Sent").iterdir()} == {"cur", "new"}
            assert list((mine / "tmp").iterdir()) == []
            assert filled.files == {b"cur/1.a,S=3,W=4:2,S", b"new/2.b", b"4.d"}
            for path in filled.files:
                target = (mine / os.fsdecode(path)).readlink()
                assert target == Path(os.fsdecode(spool.absolute(path)))
            assert dict(shadow.held(b"")) == {
                b"1.a,S=3,W=4": b"cur/1.a,S=3,W=4:2,S", b"2.b": b"new/2.b",
            }  # fmt: skip
            assert shadow.uids(b"") == {b"1.a,S=3,W=4": 5}
        assert list(shadow.held(b"")) == []
        assert [path.name for path in mine.iterdir() if not path.is_dir()] == []
    assert list(places.iterdir()) == []


def test_without_w_a_name_still_means_the_same_file(spool: Spool) -> None:
    with shadow_of(spool) as shadow:
        shadow.make_folder(b"")
        with shadow.filled(b""):
            shadow.hide_virtual_sizes(b"")
            assert dict(shadow.held(b""))[b"1.a,S=3,w=4"] == b"cur/1.a,S=3,W=4:2,S"
            assert shadow.uids(b"") == {b"1.a,S=3,w=4": 5}


def test_a_record_loses_w_and_nothing_else() -> None:
    listed = b"3 V1 N5 Gabc\n1 W12 S10 :a,W=5\n2 S10 W3 PW9 :W7 x\n3 GW3 :b W4 c\n4 :W1\n"
    assert without_virtual_sizes(listed) == (
        b"3 V1 N5 Gabc\n1 S10 :a,w=5\n2 S10 PW9 :W7 x\n3 GW3 :b W4 c\n4 :W1\n"
    )


def test_what_is_no_file_is_passed_over_by_name(spool: Spool) -> None:
    os.mkfifo(spool.absolute(b"cur/9.fifo:2,"))
    os.symlink(b"/no/such/file", spool.absolute(b"cur/8.link:2,"))
    os.mkdir(spool.absolute(b"cur/7.dir"))
    with shadow_of(spool) as shadow:
        shadow.make_folder(b"")
        with shadow.filled(b"") as filled:
            assert [one.path for one in filled.passed] == [b"cur/9.fifo:2,"]
            assert b"cur/8.link:2," in filled.files
            assert filled.directories == [b"cur/7.dir"]


def test_it_is_removed_whatever_a_server_left_in_it(spool: Spool, places: Path) -> None:
    keep = places.parent / "keep"
    keep.mkdir()
    (keep / "mail").write_text("x")
    keep.chmod(0o750)
    with pytest.raises(RuntimeError), shadow_of(spool) as shadow:
        inside = Path(os.fsdecode(shadow.place))
        (inside / "m" / "way").symlink_to(keep)
        (inside / "m" / "closed").mkdir()
        (inside / "m" / "closed" / "file").write_text("x")
        (inside / "m" / "closed").chmod(0)
        raise RuntimeError
    assert list(places.iterdir()) == []
    assert (keep / "mail").exists()
    assert keep.stat().st_mode & 0o777 == 0o750


def test_a_place_that_a_configuration_cannot_name_is_refused(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "100%:x"
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    with shadow_of(spool) as shadow, pytest.raises(MailsurgeonError, match="TMPDIR"):
        shadow.configure([])
    assert list(odd.iterdir()) == []


def test_an_interrupt_is_heard_while_it_is_filled(spool: Spool, places: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        shadow_of(spool, lambda: True) as shadow,
    ):
        shadow.make_folder(b"")
        with shadow.filled(b""):
            raise AssertionError("filled to the end")
    assert list(places.iterdir()) == []


@protects("an interrupt leaves no doveadm behind", where="procedures/verify/doveadm.py")
def test_an_interrupt_ends_a_doveadm_that_ignores_signals(tmp_path: Path) -> None:
    program = tmp_path / "doveadm"
    program.write_text("#!/bin/sh\ntrap '' INT TERM HUP\necho $$\nwhile :; do read line; done\n")
    program.chmod(0o755)
    said: list[bytes] = []
    doveadm = Doveadm(
        os.fsencode(tmp_path / "conf"), cancelled=lambda: bool(said), program=str(program)
    )
    with pytest.raises(KeyboardInterrupt):
        doveadm.run(("config",), said.append, said.append)
    with pytest.raises(ProcessLookupError):
        os.kill(int(said[0]), 0)
