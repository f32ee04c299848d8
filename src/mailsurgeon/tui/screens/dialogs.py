"""Questions: a folder, flags, badges, a file name, and whether to quit during an operation."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Generic, cast

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from mailsurgeon.maildir.filename import split
from mailsurgeon.report.output import counted
from mailsurgeon.text import visible
from mailsurgeon.tui.keys.actions import BY_ID, State
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.messages import KindRow
from mailsurgeon.tui.program import Program
from mailsurgeon.tui.screens.base import Result
from mailsurgeon.tui.text.fields import badge, title
from mailsurgeon.tui.widgets.bars import more_below
from mailsurgeon.tui.widgets.rows import Rows

FLAGS = {
    "D": "draft",
    "F": "flagged",
    "P": "passed on",
    "R": "replied",
    "S": "seen",
    "T": "trashed",
}
_AROUND = 9  # lines of a dialog besides its rows: border, head, hints, and a blank at each side
_SHOWN = 6  # folders offered below the entry
_NAMELESS = "a keyword without a name in this folder"


class Dialog(ModalScreen[Result], Generic[Result]):
    """A question in the middle of the screen. Esc closes it without effect."""

    BINDINGS = bindings("dialog")
    PLACE = "dialog"
    AUTO_FOCUS = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield from self.parts()

    def parts(self) -> ComposeResult:
        """The widgets in the box."""
        return ()

    def place(self) -> str:
        """Where the operator is, a key of actions.CHAINS."""
        return self.PLACE

    def state(self) -> State:
        """The facts that decide whether an action is possible."""
        return cast(Program, self.app).state()

    def found_codes(self) -> Collection[str]:
        """The kinds of problems whose badges need an explanation: none."""
        return ()

    async def action_press(self, name: str) -> None:
        """Does what the key of an action does (help)."""
        action = BY_ID[name]
        owner = self.focused if "rows" in action.scopes and self.focused else self
        await self.app.run_action(action.command, owner)

    def room(self, rows: int) -> int:
        """How many of so many rows a dialog shows, so that its hint and its border stay in view."""
        return max(1, min(rows, 12, self.app.size.height - _AROUND))

    def action_refuse(self) -> None:
        self.dismiss(None)

    def action_accept(self) -> None:
        """Accepts the answer."""

    def action_choose(self) -> None:
        """Does nothing unless a dialog has something to choose."""


def _line(text: str | Text, *, id: str | None = None) -> Static:
    return Static(text, id=id, markup=False)


def _text_question(head: str, entry: Input, hint: str) -> ComposeResult:
    """The widgets of a question for one line of text."""
    yield _line(Text(head, "bold"))
    yield entry
    yield _line("", id="more")
    yield _line(hint)


def _focus_entry(dialog: Dialog[str]) -> None:
    field = dialog.query_one(Input)
    field.cursor_blink = False
    field.focus()


def _entered(dialog: Dialog[str]) -> str:
    return dialog.query_one(Input).value.strip()


def _explain(dialog: Dialog[str], text: str) -> None:
    """Shows the objection to the answer, or the choices."""
    dialog.query_one("#more", Static).update(Text(text))


class AskFolder(Dialog[str]):
    """Asks where to file: a folder's name, filled in; the right arrow completes it."""

    HINT = "Right completes a name, Enter goes on to the plan, Esc cancels."

    def __init__(self, proposed: str, names: Sequence[str], count: int) -> None:
        super().__init__()
        self._head = f"File {counted(count, 'message')} into cur/ of the folder:"
        self._proposed = visible(proposed)
        self._names = shown_names(names)

    def parts(self) -> ComposeResult:
        suggester = SuggestFromList(list(self._names), case_sensitive=False)
        entry = Input(self._proposed, compact=True, select_on_focus=False, suggester=suggester)
        return _text_question(self._head, entry, self.HINT)

    def on_mount(self) -> None:
        _focus_entry(self)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        part = event.value.casefold()
        found = [name for name in self._names if part in name.casefold()]
        shown = "\n".join(name[:70] for name in found[:_SHOWN])
        rest = len(found) - _SHOWN
        _explain(self, f"{shown}\nand {rest:,} more" if rest > 0 else shown or "No such folder.")

    @on(Input.Submitted)
    def action_accept(self) -> None:
        value = _entered(self)
        if why := self._objection(value):
            _explain(self, why)
        else:
            self.dismiss(self._names[value] or "")

    def _objection(self, value: str) -> str:
        """Why an entry cannot be accepted; empty if it can."""
        if value in self._names:
            return "" if self._names[value] is not None else "Several folders are shown like this."
        return f"There is no folder {visible(value, 60)}." if value else "No folder is entered."


def shown_names(names: Sequence[str]) -> Mapping[str, str | None]:
    """The names by their visible form; None for a form that several names share."""
    found: dict[str, str | None] = {}
    for name in names:
        shown = visible(name)
        found[shown] = None if shown in found else name
    return found


class AskFile(Dialog[str]):
    """Asks where to write the session log; the ending of the name decides its format."""

    HEAD = "Write the session log to the file:"
    HINT = ".md, .json, .html or .sh. Enter writes, Esc cancels."

    def __init__(self, proposed: str, spool: bytes) -> None:
        super().__init__()
        self._proposed, self._spool = proposed, spool

    def parts(self) -> ComposeResult:
        entry = Input(self._proposed, compact=True, select_on_focus=False)
        return _text_question(self.HEAD, entry, self.HINT)

    def on_mount(self) -> None:
        _focus_entry(self)

    @on(Input.Submitted)
    def action_accept(self) -> None:
        value = _entered(self)
        if why := self._objection(value):
            _explain(self, why)
        else:
            self.dismiss(value)

    def _objection(self, value: str) -> str:
        """Why an entry cannot be accepted; empty if it can."""
        if not value:
            return "No file is entered."
        name = os.path.abspath(os.path.expanduser(value))
        if not value.endswith((".md", ".json", ".html", ".sh")):
            return "The name must end in .md, .json, .html or .sh."
        if os.path.lexists(name):
            return "That file exists; nothing is overwritten."
        parent = os.fsencode(os.path.realpath(os.path.dirname(name)))
        if parent == self._spool or parent.startswith(self._spool + b"/"):
            return "That is inside the spool, where only mail belongs."
        return ""


class AskWord(Dialog[str]):
    """Asks for a word to be typed, so that no stray key does what cannot be undone."""

    def __init__(self, word: str, question: str) -> None:
        super().__init__()
        self._word, self._question = word, question

    def parts(self) -> ComposeResult:
        hint = f"Type {self._word} and press Enter. Esc cancels."
        return _text_question(self._question, Input(compact=True), hint)

    def on_mount(self) -> None:
        _focus_entry(self)

    @on(Input.Submitted)
    def action_accept(self) -> None:
        value = _entered(self)
        if value == self._word:
            self.dismiss(value)
        else:
            _explain(self, f"{visible(value, 40)} is not {self._word}." if value else "")


class FlagsEditor(Dialog[str]):
    """Sets any flags and keywords, each by its name; a capital letter toggles its flag at once.

    `keywords`: the names of the folder's keyword letters. A keyword is only toggled on its line:
    a stray key must not add one.
    """

    def __init__(self, path: bytes, count: int, keywords: Mapping[str, str]) -> None:
        super().__init__()
        _base, info = split(os.path.basename(path))
        letters = info.partition(b"2,")[2].decode("ascii", "ignore")
        self.flags = {letter for letter in letters if letter.isalpha()}
        self._count = count
        others = sorted((self.flags | keywords.keys()) - FLAGS.keys())
        self._names = FLAGS | {letter: keywords.get(letter, _NAMELESS) for letter in others}

    def parts(self) -> ComposeResult:
        yield _line(Text(f"Flags of {counted(self._count, 'message')}:", "bold"))
        yield Rows(id="flags")
        yield _line("", id="more")
        yield _line("Space or a capital letter toggles, Enter goes on to the plan, Esc cancels.")

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.styles.height = self.room(len(self._names))
        rows.focus()
        self._show()
        self.call_after_refresh(self._show)  # only now it is known how many are in view

    def value(self) -> str:
        """The flags, sorted as in a file name."""
        return "".join(sorted(self.flags))

    def on_key(self, event: events.Key) -> None:
        if event.character in FLAGS:
            event.stop()
            self._toggle(event.character)

    def action_choose(self) -> None:
        self._toggle(list(self._names)[self.query_one(Rows).cursor])

    def _toggle(self, letter: str) -> None:
        self.flags ^= {letter}
        self._show()

    def _show(self) -> None:
        self.query_one(Rows).show(
            [
                Text(f"[{'x' if letter in self.flags else ' '}] {letter}  {name}")
                for letter, name in self._names.items()
            ]
        )
        _explain(self, f":2,{self.value()}   {more_below(self.query_one(Rows))}")

    def action_accept(self) -> None:
        self.dismiss(self.value())


class BadgeFilter(Dialog[frozenset[str]]):
    """Limits the list to some badges; without a choice it shows all."""

    def __init__(self, kinds: Sequence[KindRow], chosen: frozenset[str]) -> None:
        super().__init__()
        self._kinds, self._chosen = kinds, set(chosen)

    def parts(self) -> ComposeResult:
        yield _line(Text("Only messages with one of these badges:", "bold"))
        yield Rows(id="badges")
        yield _line("", id="more")
        yield _line("Space toggles, Enter filters (none: all), Esc cancels.")

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.styles.height = self.room(len(self._kinds))
        rows.followed = lambda: self.query_one("#more", Static).update(Text(more_below(rows)))
        rows.focus()
        self._show()

    def _show(self) -> None:
        self.query_one(Rows).show(
            [
                Text(
                    f"[{'x' if kind.code in self._chosen else ' '}] "
                    f"{badge(kind.code):<5} {title(kind.code):<20} {kind.count:>9,}"
                )
                for kind in self._kinds
            ]
            or [Text("No problems are known.")]
        )

    def action_choose(self) -> None:
        if self._kinds:
            self._chosen ^= {self._kinds[self.query_one(Rows).cursor].code}
            self._show()

    def action_accept(self) -> None:
        self.dismiss(frozenset(self._chosen))


class QuitQuestion(Dialog[bool]):
    """Asks whether to quit while an operation runs."""

    BINDINGS = bindings("quit")
    PLACE = "quit"

    def parts(self) -> ComposeResult:
        yield _line(Text("An operation is running.", "bold"))
        yield _line("y    stops it after its batch and quits; the journal has what was done")
        yield _line("Esc  lets it go on")

    def action_yes(self) -> None:
        self.dismiss(True)

    def action_refuse(self) -> None:
        self.dismiss(False)
