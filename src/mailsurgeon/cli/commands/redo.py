"""`redo`: does an undone operation again."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.execute import carry_out, may_change, taking_back
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, CONSENT, Common, Consent, UsualSpool
from mailsurgeon.cli.session import surgeon_for


def redo(
    spool: UsualSpool = None,
    operation: Annotated[
        int | None, Parameter(help="Its number. Default: the last one undone.")
    ] = None,
    /,
    *,
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Do again an operation that was undone."""
    chosen = opened(spool, common)
    with surgeon_for(chosen, common, force=consent.force, changes=may_change(consent)) as surgeon:
        plan = surgeon.plan_redo(operation)
        return carry_out(surgeon, plan, consent, common, taking_back("redo", chosen, plan, common))
