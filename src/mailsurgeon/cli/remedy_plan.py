"""Plans one remedy for the paths that the operator typed: what `file` and `flags` share.

It is a module of its own because `undo` and `redo` need `execute` but none of the remedies.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailsurgeon.cli.arguments import entry_ids, paths_in
from mailsurgeon.cli.options import Common, Consent
from mailsurgeon.cli.session import SurveyedSpool
from mailsurgeon.surgery.model import Plan
from mailsurgeon.surgery.plan.propose import propose


def plan_remedy(
    surveyed: SurveyedSpool,
    paths: Sequence[str],
    remedy: str,
    consent: Consent,
    common: Common,
    target: bytes | None = None,
    flags: str | None = None,
) -> Plan:
    """The plan that applies one remedy to the paths typed. `target`: the path of the folder for
    `file`; `flags`: the letters for `fix-flags`."""
    return propose(
        surveyed.spool,
        surveyed.index,
        entry_ids(surveyed.index, surveyed.spool, paths_in(surveyed.spool, paths)),
        remedy,
        force=consent.force,
        quarantine=common.quarantine_dir,
        host=common.host,
        target=target,
        flags=flags,
    )
