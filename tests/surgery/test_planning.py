"""Plans for single problems: the exact steps, what clients will notice, what is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.surgery.clinic import Clinic, clinic_in, moves, only_act

MAIL = b"From: a@example.org\nMessage-ID: <%d@example.org>\nDate: Sun, 13 Mar 2011 07:06:40 +0000\n\nText.\n"


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with clinic_in(tmp_path) as one:
        yield one


def text(number: int) -> bytes:
    return MAIL % number


def named(base: bytes, size: int, info: bytes = b":2,S") -> bytes:
    return b"%s,S=%d%s" % (base, size, info)


# fix-size


def test_a_wrong_size_is_put_right_in_place_and_the_uid_kept(clinic: Clinic) -> None:
    path = clinic.mail(b"cur/1300000000.M1.host,S=7,W=9,U=4:2,FS", content=text(1))
    clinic.uidlist(b"", b"1300000000.M1.host,S=7,W=9,U=4")
    plan = clinic.survey().propose(path)

    size, virtual = len(text(1)), len(text(1)) + text(1).count(b"\n")
    target = b"cur/1300000000.M1.host,S=%d,W=%d,U=4:2,FS" % (size, virtual)
    assert moves(plan) == {path: target}
    assert only_act(plan).steps[0].data["keep_uid"]
    assert plan.kind == "fix-size"
    assert "UIDs kept for 1 of 1 in INBOX" in plan.effects
    clinic.apply(plan)
    assert [line.split(b" :")[1] for line in clinic.records(b"")] == [target[4:-5]]
