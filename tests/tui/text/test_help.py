"""The text of the help: what a newcomer needs first, folded to any width, found by words."""

from __future__ import annotations

import pytest

from mailsurgeon.tui.keys.actions import CHAINS, State
from mailsurgeon.tui.text.help import HelpSection, help_page, help_sections, matching
from mailsurgeon.tui.text.signs import WITH_BADGES

FOUND = ("misfiled", "size-mismatch")


def leads(sections: list[HelpSection], title: str) -> list[str]:
    return [line.lead for part in sections if part.title == title for line in part.lines]


def test_the_keys_to_begin_with_come_first_and_the_rest_by_pane() -> None:
    sections = help_sections("list", {}, State(), FOUND)
    assert [part.title for part in sections] == [
        "First of all", "Keys to begin with", "Signs in the list", "Signs in the tree",
        "Signs in the inspector", "Badges found here", "More keys in the list",
        "More keys in every pane", "Everywhere", "Other badges",
    ]  # fmt: skip
    first = leads(sections, "Keys to begin with")
    assert first[:3] == ["Enter", "A", "n"]
    assert {"u", "space", "/", "q"} <= set(first)


def test_the_badges_found_are_told_before_the_others() -> None:
    sections = help_sections("tree", {}, State(), FOUND)
    assert leads(sections, "Badges found here") == ["MISF", "SIZE"]
    others = leads(sections, "Other badges")
    assert others[0] == "CLSH" and not {"MISF", "SIZE"} & set(others), "the worst first"


@pytest.mark.parametrize("place", sorted(CHAINS.keys() - WITH_BADGES))
def test_no_badges_are_told_where_none_are_shown(place: str) -> None:
    titles = [part.title for part in help_sections(place, {}, State(), FOUND)]
    assert not [title for title in titles if "adges" in title]


def test_the_signs_of_a_screen_are_told() -> None:
    sections = help_sections("list", {}, State())
    assert {"*", "+", ":", "▴ ▾"} <= set(leads(sections, "Signs in the list"))
    assert {"12", "...", "▾ 12 more"} <= set(leads(sections, "Signs in the tree"))
    assert "->" in leads(sections, "Signs in the inspector")
    assert "->" in leads(help_sections("plan", {}, State()), "Signs")


def test_the_promise_names_the_key_that_applies() -> None:
    text = help_sections("tree", {"apply": "f9"}, State())[0].lines[0].text
    assert "only f9 there applies it" in text


def test_why_a_key_does_nothing_now_stands_behind_it() -> None:
    sections = help_sections("list", {}, State(surveying=True, chosen=1))
    page = help_page(sections, 200)
    (row,) = (r.plain for r in page.rows if "Proposes what `fix` does" in r.plain)
    assert row.endswith("(Not now: proposal when the survey is done.)")


@pytest.mark.parametrize("width", [58, 80, 200])
def test_no_row_is_wider_than_the_screen_and_all_of_a_line_is_there(width: int) -> None:
    sections = help_sections("list", {}, State(), FOUND, "by inotify")
    page = help_page(sections, width)
    assert all(row.cell_len <= width for row in page.rows)
    text = "".join("".join(row.plain.split()) for row in page.rows)
    for line in (line for part in sections for line in part.lines):
        assert "".join(f"{line.lead}{line.text}".split()) in text


def test_every_row_of_a_folded_line_is_that_line() -> None:
    page = help_page(help_sections("list", {}, State()), 60)
    row = next(row for row in range(len(page.rows)) if len(page.rows_of(row)) > 1)
    first, *_, last = page.rows_of(row)
    assert page.begins(first) and not page.begins(last)
    assert page.rows_of(last) == page.rows_of(first)
    assert page.line_at(first) is page.line_at(last) is not None
    assert page.line_at(len(page.rows)) is page.line_at(-1) is None


@pytest.mark.parametrize(
    ("words", "ids"),
    [("undo operation", ["undo"]), ("UNDO", ["undo", "redo"]), ("all alike", ["mark-alike"]),
     ("hide healthy", ["hide-healthy"]), ("no such words", [])],
)  # fmt: skip
def test_words_find_the_lines_that_have_them_all(words: str, ids: list[str]) -> None:
    found = matching(help_sections("list", {}, State()), words)
    lines = [line for part in found for line in part.lines]
    assert [line.action.id for line in lines if line.action is not None] == ids


def test_the_title_of_a_section_finds_all_of_it() -> None:
    (section,) = matching(help_sections("list", {}, State(), FOUND), "badges found")
    assert len(section.lines) == 2
