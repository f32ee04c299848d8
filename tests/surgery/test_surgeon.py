"""Operations: done as planned, or refused by name; in the journal; taken back exactly."""

from __future__ import annotations

from mailsurgeon.surgery.surgeon import Surgeon
from tests.surgery.conftest import Ward, plan


def test_a_misfiled_message_is_filed_and_put_back(ward: Ward, surgeon: Surgeon) -> None:
    source = ward.mail(b"1300000000.M1P1.host:2,S")
    before = ward.picture()

    report = surgeon.apply(plan(ward.rename(source, b"cur/1300000000.M1P1.host:2,S")))

    assert (report.state, report.done, report.refused) == ("applied", {"file": 1}, ())
    assert report.folders == (b"",)
    assert (
        ward.path(b"cur/1300000000.M1P1.host:2,S").stat().st_mtime_ns == 1_300_000_000_000_000_001
    )
    assert not ward.path(source).exists()

    undone = surgeon.apply(surgeon.plan_undo())
    assert undone.state == "applied"
    assert ward.picture() == before
    assert [one.state for one in surgeon.operations()] == ["undone", "applied"]
