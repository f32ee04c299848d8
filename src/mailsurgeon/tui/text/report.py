"""What an operation came to, in a line for the status."""

from __future__ import annotations

from collections.abc import Mapping

from mailsurgeon.surgery.model import Report
from mailsurgeon.text import visible
from mailsurgeon.tui.keys.actions import BY_ID, keys_of
from mailsurgeon.tui.text.fields import title

_DONE = {
    "file": "Filed", "fix-size": "Sizes put right", "fix-flags": "Flags put right",
    "quarantine": "Quarantined", "rename": "Renamed", "make-subdirs": "Directories made",
    "undo": "Put back", "redo": "Done again", "restore": "Restored", "fix": "Repaired",
}  # fmt: skip


def report_text(report: Report, keymap: Mapping[str, str]) -> str:
    """`Filed 11,961, quarantined 12.  u takes it back.`; safe to show."""
    done = sum(report.done.values())
    if not done:
        text = (
            f"{title(report.kind)}: {report.summary}" if report.summary else "Nothing was changed"
        )
    else:
        text = _done_text(report)
    if report.refused:
        text += f", {len(report.refused):,} refused ({report.refused[0].reason})"
    if report.state in ("partial", "failed", "interrupted"):
        text += f"; {report.state}"
    text = visible(text)
    return f"{text}.{_way_back(report.kind, keymap)}" if done and report.operation else f"{text}."


def _way_back(kind: str, keymap: Mapping[str, str]) -> str:
    if kind == "undo":
        return f"  {keys_of(BY_ID['redo'], keymap)[0]} does it again."
    return f"  {keys_of(BY_ID['undo'], keymap)[0]} takes it back."


def _done_text(report: Report) -> str:
    if report.kind in ("undo", "redo", "restore"):
        return f"{_DONE[report.kind]} {sum(report.done.values()):,}"
    counts: dict[str, int] = {}
    for verdict, number in report.done.items():
        verb = _verb(verdict)
        counts[verb] = counts.get(verb, 0) + number
    done = sorted(counts.items(), key=lambda item: -item[1])
    parts = [f"{_DONE.get(_verb(v), v)} {n:,}" for v, n in done if n]
    return ", ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])


def _verb(verdict: str) -> str:
    return verdict if verdict in _DONE else verdict.split(" ")[0]
