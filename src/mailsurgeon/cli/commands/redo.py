"""redo."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from mailsurgeon.cli.execute import (
    carry_out,
    may_change,
)
from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, CONSENT, Common, Consent, SpoolPath
from mailsurgeon.cli.session import surgeon_for


def redo(
    spool: SpoolPath,
    operation: Annotated[int | None, Parameter(help="Its number; else the last undone.")] = None,
    /,
    *,
    consent: Consent = CONSENT,
    common: Common = COMMON,
) -> int:
    """Do again what was taken back."""
    place = opened(spool, common)
    with surgeon_for(place, common, force=consent.force, changes=may_change(consent)) as surgeon:
        return carry_out(surgeon, surgeon.plan_redo(operation), consent, common)
