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
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow, Place, ViewQuery


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
    `file`, which takes the path of a folder for all its messages; `flags`: the letters for
    `fix-flags`."""
    named = paths_in(surveyed.spool, paths)
    folders = {row.path: row for row in surveyed.index.folders()} if target is not None else {}
    single = [path for path in named if path not in folders]
    entries = entry_ids(surveyed.index, surveyed.spool, single)
    for path in named:
        if path in folders:
            entries += _messages_in(surveyed.index, folders[path])
    return propose(
        surveyed.spool,
        surveyed.index,
        entries,
        remedy,
        force=consent.force,
        quarantine=common.quarantine_dir,
        host=common.host,
        target=target,
        flags=flags,
    )


def _messages_in(index: Index, folder: FolderRow) -> list[int]:
    """The entries of all messages of a folder, those that lie outside cur/ and new/ too."""
    ids = index.view(ViewQuery(folder=folder.id, sort="path"))
    return [
        entry.id
        for entry in index.entries(ids)
        if entry.kind == "file" and entry.place in (Place.CUR, Place.NEW, Place.ROOT, Place.NESTED)
    ]
