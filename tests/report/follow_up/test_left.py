"""What a repair leaves, as it is printed: by kind, which messages, and how to ask for them."""

from __future__ import annotations

import io
import json

import pytest

from mailsurgeon.report.follow_up.command_line import CommandStyle
from mailsurgeon.report.follow_up.left import MOST_PATHS, left_as_dicts, print_left
from mailsurgeon.report.output import as_json, console_for
from mailsurgeon.surgery.model import Left

STYLE = CommandStyle("/s", ("fix",))
HIDES = "correcting the size would hide the loss"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")  # no colours


def shown(
    left: list[Left],
    *,
    terminal: bool = True,
    whole: bool = False,
    style: CommandStyle | None = STYLE,
) -> list[str]:
    stream = Terminal() if terminal else io.StringIO()
    print_left(console_for(stream), left, whole=whole, style=style)
    return stream.getvalue().splitlines()


def cut(number: int, code: str = "truncated") -> Left:
    return Left(b"cur/%d" % number, HIDES, (code,), False, "mailsurgeon fix /s PATH")


def test_a_kind_with_its_messages_and_the_command_that_names_them() -> None:
    assert shown([cut(1), cut(2)]) == [
        f"not done  2 truncated: {HIDES}",
        "          cur/1",
        "          cur/2",
        "          mailsurgeon fix /s cur/1 cur/2",
    ]


def test_two_kinds_of_one_message_for_one_reason_stand_together() -> None:
    first, *_ = shown([cut(1), cut(1, "size-mismatch")])
    assert first == f"not done  1 truncated, size-mismatch: {HIDES}"


def test_the_worst_kinds_come_first() -> None:
    left = [
        Left(b"a", "why", ("bad-date",), False),
        Left(b"b", "why", ("name-clash",), False),
        Left(b"c", "why", ("bad-date",), True),
    ]
    heads = [line for line in shown(left) if not line.startswith(" ")]
    assert [head.split(":")[0] for head in heads] == [
        "refused   1 bad-date", "not done  1 name-clash", "not done  1 bad-date"
    ]  # fmt: skip


def test_on_a_terminal_some_are_named_and_the_command_does_those() -> None:
    left = [cut(number) for number in range(MOST_PATHS + 3)]
    lines = shown(left)
    assert lines[MOST_PATHS + 1 :] == [
        "          and 3 more; -v names all",
        "          mailsurgeon fix /s " + " ".join(f"cur/{n}" for n in range(MOST_PATHS)),
        f"          (for these {MOST_PATHS}; -v gives it for all)",
    ]
    for all_of_them in (shown(left, whole=True), shown(left, terminal=False)):
        assert not any("more" in line for line in all_of_them)
        assert all_of_them[-1].endswith(f"cur/{MOST_PATHS + 2}")


def test_the_plan_before_the_question_has_the_kinds_alone() -> None:
    assert shown([cut(1), cut(2)], style=None) == [f"not done  2 truncated: {HIDES}"]


def test_sentences_are_folded_and_commands_are_not() -> None:
    left = [
        Left(b"cur/" + b"x" * 90, "why " * 30, ("truncated",), False, "mailsurgeon fix /s PATH")
    ]
    lines = shown(left)
    assert max(map(len, lines[:2])) <= 80
    assert lines[1].startswith("          why")
    assert lines[-1] == "          mailsurgeon fix /s cur/" + "x" * 90


def test_nothing_is_raw() -> None:
    hostile = "\x1b[2J\u202e"
    left = [Left(hostile.encode(), hostile, ("truncated",), False, "mailsurgeon fix /s PATH")]
    text = "\n".join(shown(left))
    assert all(char == "\n" or char.isprintable() for char in text)
    assert r"mailsurgeon fix /s $'\x1b[2J\xe2\x80\xae'" in text


def test_json_has_the_commands_and_stays_ascii() -> None:
    left = [cut(1), Left(b"\xff", "why", (), True, "--force does it")]
    first, second = json.loads(as_json(left_as_dicts(left, STYLE)))
    assert first["hint"] == "mailsurgeon fix /s PATH"
    assert first["commands"] == ["mailsurgeon fix /s cur/1"]
    assert (second["path"], second["commands"]) == ("\udcff", [])
