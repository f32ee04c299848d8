"""The pages of `--help`: usage, own options, examples; the options of every command only once.

Loaded only when help is asked for. Each example works on the sample spool as `~/Maildir`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cyclopts import App

from mailsurgeon.cli.options import Common

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

_WIDEST = 100  # columns: longer lines are hard to read
_NAMES = 20  # columns for names; a longer one has a line of its own
_GAP = 2
_COMMON = frozenset(f"--{one.name.replace('_', '-')}" for one in fields(Common))
_SEVERAL = {"PATHS": "PATH...", "WHAT": "WHAT..."}
_MUST_ASK = "Shows the plan and asks first; without a terminal it needs --yes."


@dataclass(frozen=True, slots=True)
class CommandPage:
    """What a page says besides the options: the words after the command, and examples, each with
    what it does."""

    usage: str
    examples: tuple[tuple[str, str], ...] = ()
    note: str = ""


_SOME = "'cur/1710148149.M191931P2312.mx1:2,S'"
PAGES = {
    "": CommandPage(
        "[SPOOL] [OPTIONS]\n       mailsurgeon COMMAND [OPTIONS]",
        (
            ("mailsurgeon", "opens your own mail on the screen"),
            ("mailsurgeon ~/Maildir --read-only", "only looks"),
            ("mailsurgeon scan ~/Maildir", "says what is wrong"),
            ("mailsurgeon fix ~/Maildir", "repairs what is safe, after asking"),
            ("mailsurgeon undo ~/Maildir", "takes the last repair back"),
            ("mailsurgeon help fix", "all about one command"),
        ),
    ),
    "demo": CommandPage(
        "[OPTIONS]",
        (("mailsurgeon demo", "everything done there is gone at the end"),),
    ),
    "scan": CommandPage(
        "[SPOOL] [OPTIONS]",
        (
            ("mailsurgeon scan ~/Maildir", "all problems, the worst kind first"),
            ("mailsurgeon scan ~/Maildir -v", "names every message on a terminal, too"),
            ("mailsurgeon scan ~/Maildir --only SIZE --folder Sent", "one kind, one folder"),
            ("mailsurgeon scan ~/Maildir --format jsonl", "for scripts, one problem a line"),
        ),
    ),
    "scan-all": CommandPage(
        "DIRECTORY [OPTIONS]",
        (
            ("mailsurgeon scan-all /var/vmail", "all spools, the worst first"),
            ("mailsurgeon scan-all /var/vmail --quick --exclude '*.old'", "a first look"),
        ),
    ),
    "verify": CommandPage(
        "[SPOOL] [OPTIONS]",
        (("mailsurgeon verify ~/Maildir --folder INBOX", "one folder"),),
    ),
    "explain": CommandPage(
        "[CODE]",
        (
            ("mailsurgeon explain", "lists all codes"),
            ("mailsurgeon explain SIZE", "one of them, and what its repair does"),
            ("mailsurgeon explain subscriptions", "why a client may not show a folder"),
        ),
    ),
    "fix": CommandPage(
        "[SPOOL [PATH...]] [OPTIONS]",
        (
            ("mailsurgeon fix ~/Maildir --dry-run", "only shows the plan"),
            ("mailsurgeon fix ~/Maildir", "shows it, asks, does it"),
            ("mailsurgeon fix ~/Maildir --only empty --folder Junk", "one kind, one folder"),
            (f"mailsurgeon fix ~/Maildir {_SOME}", "all that one message has"),
            ("mailsurgeon fix ~/Maildir --yes --max 5000", "for scripts: at most 5,000 changes"),
        ),
        "Without --only and PATH it makes only repairs that cannot make mail disappear from a"
        f" client. {_MUST_ASK}",
    ),
    "file": CommandPage(
        "SPOOL PATH... [OPTIONS]",
        (
            ("mailsurgeon file ~/Maildir tmp/1712117520.M643120P2468.mx1", "into its own folder"),
            (f"mailsurgeon file ~/Maildir {_SOME} --to Sent", "into another one"),
            ("mailsurgeon file ~/Maildir .Receipts --to INBOX", "all messages of a folder"),
        ),
        _MUST_ASK,
    ),
    "flags": CommandPage(
        "SPOOL PATH... --set FLAGS [OPTIONS]",
        (
            (f"mailsurgeon flags ~/Maildir {_SOME} --set FS", "flagged and seen"),
            (f"mailsurgeon flags ~/Maildir {_SOME} --set ''", "none"),
        ),
        _MUST_ASK,
    ),
    "undo": CommandPage(
        "[SPOOL [OPERATION]] [OPTIONS]",
        (
            ("mailsurgeon undo ~/Maildir", "the last operation"),
            ("mailsurgeon undo ~/Maildir 1", "the one with this number, as log shows it"),
            ("mailsurgeon undo ~/Maildir --all", "everything, newest first"),
        ),
        _MUST_ASK,
    ),
    "redo": CommandPage(
        "[SPOOL [OPERATION]] [OPTIONS]",
        (("mailsurgeon redo ~/Maildir", "what was undone last"),),
        _MUST_ASK,
    ),
    "log": CommandPage(
        "[SPOOL] [OPTIONS]",
        (
            ("mailsurgeon log ~/Maildir", "what was done, as Markdown"),
            ("mailsurgeon log ~/Maildir --format html --output log.html", "into a file"),
        ),
    ),
    "quarantine": CommandPage(
        "list|add|restore|purge SPOOL ...",
        (
            ("mailsurgeon quarantine list ~/Maildir", "what was put away, and by what"),
            ("mailsurgeon quarantine restore --help", "all about one of them"),
        ),
    ),
    "quarantine list": CommandPage(
        "[SPOOL] [OPTIONS]", (("mailsurgeon quarantine list ~/Maildir", "with paths and sizes"),)
    ),
    "quarantine add": CommandPage(
        "SPOOL PATH... [OPTIONS]",
        (
            ("mailsurgeon quarantine add ~/Maildir .Junk/new/1714784400.M1P1.mx1", "a message"),
            ("mailsurgeon quarantine add ~/Maildir .Archives.Backup-2019", "a whole folder"),
        ),
        _MUST_ASK,
    ),
    "quarantine restore": CommandPage(
        "SPOOL OPERATION|PATH... [OPTIONS]",
        (
            ("mailsurgeon quarantine restore ~/Maildir 1", "all that operation 1 put away"),
            ("mailsurgeon quarantine restore ~/Maildir .Archives.Backup-2019", "a folder"),
        ),
        _MUST_ASK,
    ),
    "quarantine purge": CommandPage(
        "SPOOL --older-than DAYS [OPTIONS]",
        (("mailsurgeon quarantine purge ~/Maildir --older-than 90", "after three months"),),
        _MUST_ASK,
    ),
}
"""The pages by the words of their command."""


def add_help(app: App) -> None:
    """Gives the program and each of its commands its page. Imports all commands."""
    app.help_formatter = _Formatter(PAGES[""], "")
    for name, command in app.resolved_commands().items():
        if name in PAGES:
            command.help_formatter = _Formatter(PAGES[name], name)
            for below, inner in command.resolved_commands().items():
                words = f"{name} {below}"
                if words in PAGES:
                    inner.help_formatter = _Formatter(PAGES[words], words)


class _Formatter:
    """Prints one page, in the steps that cyclopts makes: usage, description, then each panel."""

    def __init__(self, page: CommandPage, words: str) -> None:
        self._page, self._words = page, words

    def render_usage(self, console: Console, _options: ConsoleOptions, _usage: Any) -> None:
        words = " ".join(filter(None, ("mailsurgeon", self._words, self._page.usage)))
        _print(console, [f"Usage: {words}", ""])

    def render_description(self, console: Console, _options: ConsoleOptions, text: Any) -> None:
        paragraphs = [*_plain(text).split("\n\n"), self._page.note]
        for paragraph in filter(None, (" ".join(one.split()) for one in paragraphs)):
            _print(console, [*textwrap.wrap(paragraph, _width(console)), ""])
        self._examples(console)

    def _examples(self, console: Console) -> None:
        if not self._page.examples:
            return
        examples = self._page.examples
        widest = max(len(command) for command, _ in examples)
        beside = [f"  {command:<{widest}}{'':{_GAP}}{what}" for command, what in examples]
        below = [line for command, what in examples for line in (f"  {command}", f"      {what}")]
        fits = all(len(line) <= _width(console) for line in beside)
        _print(console, ["Examples:", *(beside if fits else below), ""])

    def __call__(
        self,
        console: Console,
        options: ConsoleOptions,  # noqa: ARG002
        panel: HelpPanel,
    ) -> None:
        if panel.format == "command":
            self._entries(console, str(panel.title), panel.entries)
            return
        own = [entry for entry in panel.entries if not _is_common(entry)]
        common = [entry for entry in panel.entries if _is_common(entry)]
        title = "Options" if any(entry.names for entry in own) else str(panel.title)
        self._entries(console, title, own)
        if common and not self._words:
            self._entries(console, "Options of every command", common)
        elif common:
            names = " ".join(entry.names[0] for entry in common)
            text = f"Options of every command, which mailsurgeon --help explains: {names}"
            _print(console, [*textwrap.wrap(text, _width(console), break_on_hyphens=False), ""])

    def _entries(self, console: Console, title: str, entries: Sequence[HelpEntry]) -> None:
        if not entries:
            return
        rows = [(_label(entry), _said(entry)) for entry in entries]
        column = min(_NAMES, max(len(label) for label, _ in rows)) + _GAP
        lines = [f"{title}:"]
        for label, text in rows:
            folded = textwrap.wrap(text, _width(console) - 2 - column) or [""]
            first = folded.pop(0) if len(label) + _GAP <= column else ""
            lines.append(f"  {label:<{column}}{first}".rstrip())
            lines += [f"  {'':{column}}{line}" for line in folded]
        _print(console, [*lines, ""])


def _is_common(entry: HelpEntry) -> bool:
    return not _COMMON.isdisjoint(entry.names)


def _label(entry: HelpEntry) -> str:
    """`-q, --quiet`, `--max N`, `SPOOL`."""
    if entry.positional_label:
        return _SEVERAL.get(entry.positional_label, entry.positional_label)
    names = ", ".join([*entry.shorts, *entry.names])
    return f"{names} {entry.metavar}" if entry.metavar else names


def _said(entry: HelpEntry) -> str:
    text = " ".join(_plain(entry.description).split())
    if entry.choices:
        text += f" One of: {', '.join(entry.choices)}."
    return text


def _plain(shown: Any) -> str:
    """The text of what cyclopts would have printed, not folded."""
    from io import StringIO

    from rich.console import Console

    if shown is None:
        return ""
    console = Console(file=StringIO(), width=10_000, color_system=None, markup=False)
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().strip().splitlines())


def _width(console: Console) -> int:
    return min(console.width, _WIDEST)


def _print(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
