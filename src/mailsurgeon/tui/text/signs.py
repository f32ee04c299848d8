"""The signs and short words of each place, and what they mean, for the help."""

from __future__ import annotations

from collections.abc import Mapping

from mailsurgeon.tui.keys.actions import PANES

Signs = tuple[tuple[str, str], ...]

_MORE = ("▾ 12 more", "In a title: more lines are below.")
_NEW_VALUE = ("->", "What is there instead; the parts that differ are underlined.")

_SIGNS: Mapping[str, Signs] = {
    "tree": (
        ("12", "Beside a kind: how often it was found. Beside a folder: its problems that are more"
               " than a remark; in a wide tree its messages come first."),
        ("X ! ~ .", "Before a badge: critical, error, warning, or a remark."),
        ("━━╸", "In a wide tree: how often beside the most frequent kind; of a folder, the part of"
                " its messages with problems."),
        ("...", "Behind a heading: it is folded."),
        _MORE,
    ),
    "list": (
        ("*", "The message is marked; keys that repair take all marked ones."),
        ("+", "Behind the badges: it has more problems; the inspector names them all."),
        (":", "It is in the range that was begun; the key that began it marks all of the range."),
        ("▴ ▾", "In the heads: this column sorts the list, the smallest or the largest first."),
        ("1/63 ▾", "The line of the cursor, and how many there are; ▾: more are below."),
        ("gone", "In place of a badge: another program has moved or deleted the message."),
        ("+3 new", "In the status line: changed on disk, not listed yet; the key beside it lists"
                   " it."),
    ),
    "inspector": (
        _NEW_VALUE,
        ("[raw]", "The open tab."),
        _MORE,
    ),
    "plan": (
        _NEW_VALUE,
        ("- dropped", "Changes of this kind will not be made."),
        ("left", "What the plan leaves as it is, and why; refused: it was asked for and cannot"
                 " be."),
        ("[____]", "Type the number here before the key that applies."),
        _MORE,
    ),
    "journal": (
        ("applied", "All of it was done."),
        ("partial", "Some of it was not done; the steps say what, and why."),
        ("failed", "Nothing of it was done."),
        ("interrupted", "The program was cut off; the next start puts it right."),
        ("undone", "A later undo took it back."),
        ("->", "The name after the step."),
        _MORE,
    ),
    "quarantine": (
        ("*", "Marked; the keys take all marked things."),
        ("▾ 12 more", "In the title: more lines are below."),
    ),
    "spools": (
        ("MISF 12", "A badge and how often that problem was found; the worst stands first."),
        ("...", "Behind a spool: it is being surveyed. Nothing behind it: not surveyed yet."),
    ),
    "text": (_MORE,),
    "dialog": (
        ("[x]", "Chosen."),
        _MORE,
    ),
}  # fmt: skip

WITH_BADGES = frozenset((*PANES, "spools"))
"""The places that show badges."""

_PANE_TITLES = {pane: f"Signs in the {pane}" for pane in PANES}


def signs_at(place: str) -> list[tuple[str, Signs]]:
    """The signs that are seen at a place, in sections with their titles, the nearest first."""
    if place not in PANES:
        return [("Signs", _SIGNS[place])] if place in _SIGNS else []
    panes = sorted(PANES, key=lambda pane: pane != place)
    return [(_PANE_TITLES[pane], _SIGNS[pane]) for pane in panes]
