"""Spells commands for the operator, so that they do what was said when they are pasted.

A file name may have any bytes in it. A word that a terminal would act on, or that is not text, is
written as `$'...'` with escapes, as bash, zsh, ksh and busybox read it.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailsurgeon.text import visible

if TYPE_CHECKING:
    from mailsurgeon.surgery.model import Left

PATHS_IN_A_LINE = 500
_LONGEST = 100_000  # characters of a line: the kernel allows two million, and terminals paste less
_PATH = "PATH"
_OR = "or"


def shell_word(text: str, *, ascii_only: bool = False) -> str:
    """One word of a shell that means exactly this text and is safe to show; surrogate escapes stand
    for bytes that are not UTF-8. `ascii_only`: what is shown is not pasted back as UTF-8."""
    if visible(text) == text and (text.isascii() or not ascii_only):
        return shlex.quote(text)

    def shown(char: str) -> str:
        plain = visible(char) == char and (char.isascii() or not ascii_only)
        if plain and char not in "\\'":
            return char
        return "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))

    return f"$'{''.join(map(shown, text))}'"


def command_line(words: Iterable[str]) -> str:
    """These words as one line to be pasted into a shell, safe to show."""
    ascii_only = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    return " ".join(shell_word(word, ascii_only=ascii_only) for word in words)


def path_word(path: bytes) -> str:
    """A path in the spool as a word of a command line, which no option is mistaken for."""
    if not path:
        return "."
    return os.fsdecode(b"./" + path if path.startswith(b"-") else path)


def option_words(name: str, value: str) -> tuple[str, ...]:
    """An option with its value, which may begin with a dash."""
    return (f"{name}={value}",) if value.startswith("-") else (name, value)


@dataclass(frozen=True, slots=True)
class CommandStyle:
    """How the commands go on that follow a run, so that they mean what this run meant.

    `root`: the spool. `words`: the run's command, `fix` or `quarantine add`. `by_path`: it named
    messages or directories, which are `operands`. `limits`: its options that say which folders.
    `own`: its other options. `common`: the options that every command has.
    """

    root: str = ""
    words: tuple[str, ...] = ()
    operands: tuple[bytes, ...] = ()
    limits: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    common: tuple[str, ...] = ()

    def again(self, paths: Sequence[bytes]) -> list[str]:
        """The lines that do the same for what has not been done; `paths`: of that. None if the
        run's command is not known."""
        if not self.words:
            return []
        head = ["mailsurgeon", *self.words, self.root]
        tail = [*self.own, *self.limits, *self.common]
        if not self.operands:
            return [command_line([*head, *tail])]
        return list(_lines(head, paths, tail))

    def asked_for(self, left: Sequence[Left]) -> list[str]:
        """The lines by which the operator asks for what was left alone, all with one hint; empty if
        the hint is no command."""
        try:
            words = shlex.split(left[0].hint)
        except ValueError:
            return []
        if words[:1] != ["mailsurgeon"]:
            return [command_line(words)] if words[:1] == ["mkdir"] else []
        lines: list[str] = []
        for command in _commands(words):
            lines += self._spelled(command, left)
        return lines

    def _spelled(self, words: list[str], left: Sequence[Left]) -> Iterator[str]:
        place = next((at for at, word in enumerate(words) if at > 2 and word == _PATH), None)
        if place is not None:
            paths = list(dict.fromkeys(item.path for item in left))
            yield from _lines(words[:place], paths, [*words[place + 1 :], *self.common])
            return
        own = {code for item in left for code in item.codes}
        if words[1] != "fix" or own.isdisjoint(words):
            yield command_line([*words, *self.common])
            return
        head, tail = words[:3], [*words[3:], *self.limits, *self.common]
        yield command_line([*head, *map(path_word, self.operands), *tail])


BRIEF = CommandStyle()
"""Of a run that nothing is known about."""


def _commands(words: list[str]) -> Iterator[list[str]]:
    """The commands that stand in one hint, with `or` between them."""
    command: list[str] = []
    for at, word in enumerate(words):
        if word == _OR and words[at + 1 : at + 2] == ["mailsurgeon"]:
            yield command
            command = []
        else:
            command.append(word)
    yield command


def _lines(head: Sequence[str], paths: Sequence[bytes], tail: Sequence[str]) -> Iterator[str]:
    """One command for these paths, or several if one would be too long for a shell."""
    some: list[str] = []
    size = 0
    for word in map(path_word, paths):
        if some and (len(some) == PATHS_IN_A_LINE or size + len(word) > _LONGEST):
            yield command_line([*head, *some, *tail])
            some, size = [], 0
        some.append(word)
        size += len(word)
    yield command_line([*head, *some, *tail])
