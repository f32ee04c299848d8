"""The result of an operation as one line for the status line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailsurgeon.report.output import counted
from mailsurgeon.surgery.model import Report
from mailsurgeon.text import visible
from mailsurgeon.tui.keys.actions import BY_ID, keys_of
from mailsurgeon.tui.text.fields import title

_SHOWN = 3  # kinds; what the line must say behind them would be cut off
_PHRASES: Mapping[str, Callable[[int], str]] = {
    "file": "{:,} filed".format,
    "fix-size": lambda number: f"{counted(number, 'size')} corrected",
    "fix-flags": lambda number: f"{counted(number, 'message')} given new flags",
    "quarantine": "{:,} quarantined".format,
    "rename": "{:,} renamed".format,
    "make-subdirs": lambda number: f"{counted(number, 'folder')} given subdirectories",
    "fix": "{:,} repaired".format,
    "undo": "{:,} put back".format,
    "redo": "{:,} done again".format,
    "restore": "{:,} restored".format,
    "purge": "{:,} deleted for good".format,
}
"""What was done to how many, by the kind of an operation or the first word of a verdict."""


def report_text(report: Report, keymap: Mapping[str, str]) -> str:
    """`11,961 filed, 12 quarantined.  u: undo`; safe to show."""
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
    if kind == "purge":
        return ""
    action = BY_ID["redo" if kind == "undo" else "undo"]
    return f"  {keys_of(action, keymap)[0]}: {action.title}"


def _done_text(report: Report) -> str:
    if report.kind in ("undo", "redo", "restore", "purge"):
        return _phrase(report.kind, sum(report.done.values()))
    counts: dict[str, int] = {}
    for verdict, number in report.done.items():
        verb = _verb(verdict)
        counts[verb] = counts.get(verb, 0) + number
    done = sorted(counts.items(), key=lambda item: -item[1])
    shown = [_phrase(verb, number) for verb, number in done[:_SHOWN] if number]
    more = sum(number for _, number in done[_SHOWN:])
    return ", ".join([*shown, f"{more:,} more"] if more else shown)


def _phrase(verb: str, number: int) -> str:
    """`6 sizes corrected`; `lift-folder: 1` for a remedy that has no phrase of its own."""
    phrase = _PHRASES.get(verb)
    return phrase(number) if phrase else f"{verb}: {number:,}"


def _verb(verdict: str) -> str:
    return verdict if verdict in _PHRASES else verdict.split(" ")[0]
