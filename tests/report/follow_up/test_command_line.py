"""Commands that the operator is told: pasted into a shell, they mean what was meant."""

from __future__ import annotations

import os
import shlex
import subprocess
from random import Random

import pytest

from mailsurgeon.report.follow_up.command_line import (
    PATHS_IN_A_LINE,
    CommandStyle,
    command_line,
    option_words,
    path_word,
    shell_word,
)
from mailsurgeon.surgery.model import Left
from mailsurgeon.text import visible
from tests.support.protects import protects

ROOT = "/srv/mail of ann"
ODD = (
    b"cur/1300000000.M1.host,S=9:2,", b"cur/caf\xe9 ol\xc3\xa9", b"a'b\"c\\d", b"$(rm -rf ~)`x`!y",
    b"tab\there\nand there", b"\x1b]0;title\x07", "\u202egnp.exe".encode(), b"\x01\x31", b"~", b"*",
    "nbsp\u00a0here".encode(), "日本".encode(), b"#no", b"a=b", b"end\n", b"'", b"\\", b"\xff\x41",
)  # fmt: skip


def read_by_bash(line: str) -> list[bytes]:
    """The words of a line, as bash passes them to a program."""
    script = f"printf '%s\\0' {line}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert not ended.stderr
    return ended.stdout.split(b"\0")[:-1]


def random_name(random: Random) -> bytes:
    return bytes(random.choice(range(1, 256)) for _ in range(random.randint(1, 30)))


@protects("a command that is told reaches the terminal with nothing raw in it, and means the very"
          " file when it is pasted", where="report/follow_up/command_line.py")  # fmt: skip
@pytest.mark.parametrize("ascii_only", [False, True])
def test_any_name_reaches_the_program_as_it_is(ascii_only: bool) -> None:
    names = [*ODD, *(random_name(Random(seed)) for seed in range(200))]
    words = [shell_word(os.fsdecode(name), ascii_only=ascii_only) for name in names]
    assert all(visible(word) == word for word in words)
    assert all(word.isascii() for word in words) or not ascii_only
    assert read_by_bash(" ".join(words)) == names


def test_a_usual_name_is_left_as_it_is() -> None:
    assert shell_word("cur/1300000000.M1.host,S=9:2,S") == "cur/1300000000.M1.host,S=9:2,S"
    assert shell_word("/home/ann/Maildir") == "/home/ann/Maildir"
    assert shell_word("Entwürfe") == "'Entwürfe'"
    assert shell_word("Entwürfe", ascii_only=True) == r"$'Entw\xc3\xbcrfe'"


def test_no_path_and_no_name_is_taken_for_an_option() -> None:
    assert path_word(b"--yes/cur/1") == "./--yes/cur/1"
    assert path_word(b"") == "."
    assert option_words("--folder", "-x") == ("--folder=-x",)


def asking(hint: str, *paths: bytes, style: CommandStyle | None = None) -> list[str]:
    left = [Left(path, "why", ("truncated",), False, hint) for path in paths]
    return (style or CommandStyle()).asked_for(left)


def test_the_paths_take_the_place_of_the_word_path() -> None:
    hint = f"mailsurgeon fix {shlex.quote(ROOT)} PATH"
    assert asking(hint, b"cur/1", b"cur/\x1b") == [
        "mailsurgeon fix '/srv/mail of ann' cur/1 $'cur/\\x1b'"
    ]
    assert asking(f"{hint} --force", b"a") == ["mailsurgeon fix '/srv/mail of ann' a --force"]


def test_a_hint_may_offer_two_commands() -> None:
    hint = "mailsurgeon file /s PATH or mailsurgeon quarantine add /s PATH"
    assert asking(hint, b"tmp/or") == [
        "mailsurgeon file /s tmp/or", "mailsurgeon quarantine add /s tmp/or"
    ]  # fmt: skip


def test_a_folder_called_path_or_or_stays_what_it_is() -> None:
    hint = "mailsurgeon file /s PATH --to PATH"
    assert asking(hint, b"a") == ["mailsurgeon file /s a --to PATH"]
    assert asking("mailsurgeon file /s PATH --to or", b"a") == ["mailsurgeon file /s a --to or"]


def test_a_line_that_would_be_too_long_becomes_several() -> None:
    paths = [b"cur/%d" % number for number in range(PATHS_IN_A_LINE + 1)]
    first, second = asking("mailsurgeon fix /s PATH", *paths)
    assert len(first.split()) == 3 + PATHS_IN_A_LINE
    assert second == f"mailsurgeon fix /s cur/{PATHS_IN_A_LINE}"


def test_what_is_no_command_is_none() -> None:
    assert asking("--force does it", b"a") == []
    assert asking("don't", b"a") == []
    assert asking("", b"a") == []
    assert asking("mkdir '/s/a b/cur'", b"a") == ["mkdir '/s/a b/cur'"]


STYLE = CommandStyle(
    "/s", ("fix",), (b"--x",), ("--folder", "Sent"), ("--only", "empty"), ("--layout", "fs")
)


def test_a_command_that_names_a_kind_is_limited_as_the_run_was() -> None:
    hint = "mailsurgeon fix /s --only truncated"
    assert asking(hint, b"a", style=STYLE) == [
        "mailsurgeon fix /s ./--x --only truncated --folder Sent --layout fs"
    ]
    other = "mailsurgeon fix /s --only uidlist-damaged"
    assert asking(other, b"a", style=STYLE) == [f"{other} --layout fs"]


def test_the_same_again_for_what_was_not_done() -> None:
    assert STYLE.again([b"cur/1"]) == [
        "mailsurgeon fix /s cur/1 --only empty --folder Sent --layout fs"
    ]
    assert CommandStyle("/s").again([]) == []
    whole = CommandStyle("/s", ("undo",), own=("7",))
    assert whole.again([]) == ["mailsurgeon undo /s 7"]


def test_a_terminal_that_is_not_utf_8_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    monkeypatch.setattr(sys, "stdout", latin)
    assert command_line(["é"]) == r"$'\xc3\xa9'"
