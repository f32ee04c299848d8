"""The help of a screen, as sections of lines: what a newcomer needs comes first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.tui.keys.actions import (
    BY_ID,
    CHAINS,
    Action,
    State,
    footer,
    keys_of,
    reachable,
)
from mailsurgeon.tui.text.changes import wrapped
from mailsurgeon.tui.text.signs import WITH_BADGES, signs_at

_PROMISES = (
    "No key changes mail by itself: it opens a plan; only {} there applies it.",
    "Nothing is deleted unasked, and {} takes the last change back.",
)
_FIRST_KEYS = 9
_ALSO_FIRST = ("mark", "filter", "next-pane", "quit-here")
_TITLES = {
    "tree": "More keys in the tree", "list": "More keys in the list",
    "inspector": "More keys in the inspector", "main": "More keys in every pane",
    "plan": "More keys of the plan", "rows": "Moving", "journal": "More keys of the journal",
    "pager": "Moving", "text": "Keys", "app": "Everywhere", "dialog": "Keys of questions",
    "quit": "While an operation runs", "spools": "More keys of the list of spools",
    "quarantine": "More keys of what was put away", "help": "Keys of the help",
}  # fmt: skip
_LEAD = 12  # columns of keys, signs and badges


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One line: `lead` is a key, a sign or a badge. `action`: what Enter does, if anything;
    `not_now`: why that is impossible."""

    text: str
    lead: str = ""
    action: Action | None = None
    not_now: str = ""


@dataclass(frozen=True, slots=True)
class HelpSection:
    """Lines under a title."""

    title: str
    lines: tuple[HelpLine, ...]


def help_sections(
    place: str,
    keymap: Mapping[str, str],
    state: State,
    codes: Collection[str] = (),
    watched_how: str = "",
) -> list[HelpSection]:
    """The help of a place of CHAINS. `codes`: the kinds of problems found, the worst first.
    `watched_how`: how changes on disk are found; empty if nothing is watched."""
    keys = (keys_of(BY_ID[name], keymap)[0] for name in ("apply", "undo"))
    promises = (HelpLine(text.format(key)) for text, key in zip(_PROMISES, keys, strict=True))
    at_once = [*footer(place, _FIRST_KEYS), *map(BY_ID.__getitem__, _ALSO_FIRST)]
    here = reachable(place)
    first = [one for one in dict.fromkeys(at_once) if one in here and one.id != "help"]
    found = [
        HelpSection("First of all", tuple(promises)),
        HelpSection("Keys to begin with", _keys(first, keymap, state)),
        *(HelpSection(title, _signs(signs)) for title, signs in signs_at(place)),
    ]
    if place in WITH_BADGES:
        found.append(HelpSection("Badges found here", _badges(codes)))
    for scope in CHAINS[place]:
        rest = [one for one in here if scope in one.scopes and one not in first]
        found.append(HelpSection(_TITLES[scope], _keys(rest, keymap, state)))
    if place in WITH_BADGES:
        worst = sorted(CATALOGUE.values(), key=lambda kind: -kind.severity)
        others = [kind.code for kind in worst if kind.code not in codes]
        found.append(HelpSection("Other badges", _badges(others)))
    if watched_how:
        about = (
            f"Folders that change on disk are looked at again; found {watched_how}.",
            "The list keeps its rows; the status line shows what is new.",
        )
        found.append(HelpSection("Watching", tuple(map(HelpLine, about))))
    return [section for section in found if section.lines]


def _keys(
    actions: Iterable[Action], keymap: Mapping[str, str], state: State
) -> tuple[HelpLine, ...]:
    return tuple(
        HelpLine(one.help, " ".join(keys_of(one, keymap)), one, one.disabled_reason(state))
        for one in actions
    )


def _signs(signs: Iterable[tuple[str, str]]) -> tuple[HelpLine, ...]:
    return tuple(HelpLine(text, sign) for sign, text in signs)


def _badges(codes: Iterable[str]) -> tuple[HelpLine, ...]:
    kinds = (CATALOGUE[code] for code in codes if code in CATALOGUE)
    return tuple(HelpLine(f"{kind.title}. {kind.sentence}", kind.badge) for kind in kinds)


def matching(sections: Iterable[HelpSection], words: str) -> list[HelpSection]:
    """The lines that contain all of these words, in any case; the title of a section counts."""
    wanted = words.casefold().split()

    def fits(section: HelpSection, line: HelpLine) -> bool:
        name = f"{line.action.title} {line.action.id.replace('-', ' ')}" if line.action else ""
        text = f"{section.title} {line.lead} {name} {line.text}".casefold()
        return all(word in text for word in wanted)

    kept = (
        replace(one, lines=tuple(line for line in one.lines if fits(one, line))) for one in sections
    )
    return [section for section in kept if section.lines]


@dataclass(frozen=True, slots=True)
class HelpPage:
    """The rows of a help: `lines` has the line that each row belongs to, None for titles."""

    rows: Sequence[Text] = ()
    lines: Sequence[HelpLine | None] = ()

    def line_at(self, row: int) -> HelpLine | None:
        """The line of a row; None for titles and rows that do not exist."""
        return self.lines[row] if 0 <= row < len(self.lines) else None

    def begins(self, row: int) -> bool:
        """Whether a line begins at this row."""
        line = self.line_at(row)
        return line is not None and (row == 0 or self.lines[row - 1] is not line)

    def rows_of(self, row: int) -> range:
        """The rows of the line that a row belongs to."""
        line, begin, end = self.line_at(row), row, row + 1
        if line is None:
            return range(row, row + 1)
        while self.line_at(begin - 1) is line:
            begin -= 1
        while self.line_at(end) is line:
            end += 1
        return range(begin, end)


def help_page(sections: Iterable[HelpSection], width: int) -> HelpPage:
    """The rows of these sections in `width` columns."""
    rows: list[Text] = []
    lines: list[HelpLine | None] = []
    for text, line in _rows(sections, width):
        rows.append(text)
        lines.append(line)
    return HelpPage(rows, lines)


def _rows(sections: Iterable[HelpSection], width: int) -> Iterator[tuple[Text, HelpLine | None]]:
    for number, section in enumerate(sections):
        if number:
            yield Text(), None
        yield Text(f" {section.title}", "bold"), None
        for line in section.lines:
            indent = _LEAD + 3 if line.lead else 2
            for part in wrapped(_row(line), width, indent):
                yield part, line


def _row(line: HelpLine) -> Text:
    row = Text.assemble((f"  {line.lead:<{_LEAD}} ", "bold") if line.lead else "  ", line.text)
    if line.not_now:
        row.append(f" (Not now: {line.not_now}.)", "dim")
    return row
