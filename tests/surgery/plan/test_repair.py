"""What several remedies make of one message, joined."""

from __future__ import annotations

from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.surgery.plan.repair import Repair


def test_a_remedy_without_a_weight_joins_one_that_has_its_own_verdict() -> None:
    new = Repair("polish", notes=("polished",))
    known = Repair("fix-date", NameChange(), notes=("dated",))
    for joined in (new | known, known | new):
        assert joined.verdict == "fix-date"
        assert joined.notes == ("dated", "polished")
