"""The lines around the panes: the top line and the status line."""

from __future__ import annotations

from collections.abc import Iterable

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.output import counted
from mailsurgeon.text import visible
from mailsurgeon.tui.messages import Snapshot
from mailsurgeon.tui.text.fields import badge


def top_text(spool: Spool, found: Snapshot, *, read_only: bool) -> str:
    """What stands beside the path of the spool: `maildir++  412,113 messages  205 folders`"""
    mode = "  read-only" if read_only else ""
    unseen = f"  {found.not_examined:,} not examined" if found.not_examined else ""
    return (
        f"{spool.layout}{mode}"
        f"  {counted(found.messages, 'message')}  {counted(len(found.folders), 'folder')}"
        f"{unseen}"
    )


def said_text(message: str, progress: str, waits: str) -> str:
    """The left side of the status line; a directory that does not answer comes first."""
    said = (waits, message) if waits else (message, progress)
    return " " + "  ".join(filter(None, said))


def list_state_text(
    fresh: str, text_filter: str, badges: Iterable[str], ranging: bool, marks: str
) -> str:
    """The right side of the status line: changes, filters and marks of the list."""
    parts = [fresh] if fresh else []
    if text_filter:
        parts.append(f"filter: {visible(text_filter, 30)}")
    if names := sorted(map(badge, badges)):
        parts.append("badge: " + " ".join(names))
    if ranging:
        parts.append("range begun")
    return "  ".join([*parts, marks]) + " "
