"""What was put away: look at it, bring it back, delete it for good."""

from __future__ import annotations

import os
from collections.abc import Callable

from rich.text import Text
from textual import on
from textual.app import ComposeResult

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.report.output import counted
from mailsurgeon.surgery.model import Plan, QuarantinePath
from mailsurgeon.surgery.quarantine.directory import QuarantineItem
from mailsurgeon.survey.index.index import Index
from mailsurgeon.text import path_shown, visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.actions import State
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.text import ReadingScreen
from mailsurgeon.tui.text.fields import fit, home_text, local_time, size_text
from mailsurgeon.tui.text.message import header_lines, read_start
from mailsurgeon.tui.widgets.bars import Bar, TitleBar, more_below
from mailsurgeon.tui.widgets.rows import Rows

OpenPlan = Callable[[Callable[[Index], Plan]], None]
"""Opens the plan that a function makes."""

EMPTY = " Nothing is put away."


class QuarantineScreen(BaseScreen[None]):
    """The things in the quarantine, the latest first.

    `restore` opens a plan that brings things back, `purge` one that deletes them for good.
    """

    PLACE = "quarantine"
    HOME = Rows
    BINDINGS = bindings("quarantine")

    def __init__(self, restore: OpenPlan, purge: OpenPlan) -> None:
        super().__init__()
        self._restore, self._purge = restore, purge
        self._items: list[QuarantineItem] = []
        self._marked: set[bytes] = set()
        self._error = ""  # why it cannot be read

    def parts(self) -> ComposeResult:
        yield TitleBar(id="quarantine-title", classes="title -focused")
        yield Bar(id="quarantine-head", classes="head -focused")
        yield Rows(id="put-away")

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.followed = self._show_title
        rows.focus()
        self.read()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.read()

    def state(self) -> State:
        state = super().state()
        return State(state.read_only, state.surveying, state.operating, len(self._chosen()))

    def read(self) -> None:
        """Reads what is there; a plan may have changed it."""
        surgeon = self.session.surgeon
        self._error = ""
        try:
            self._items = [*surgeon.quarantined(), *surgeon.unlisted()][::-1]
        except MailsurgeonError as error:
            self._items = []
            self._error = one_line(error)
        self._marked &= {item.path for item in self._items}
        self._show()

    def _show(self) -> None:
        head = f"  {'when':<16}  {'operation':<20} {'size':>5}  what"
        self.query_one("#quarantine-head", Bar).show(Text(head, "bold"))
        rows = [item_row(item, item.path in self._marked) for item in self._items]
        empty = f" {self._error}" if self._error else EMPTY
        self.query_one(Rows).show(rows or [Text(empty, "dim")])
        self._show_title()
        self.refresh_keys()

    def _show_title(self) -> None:
        place = home_text(os.fsdecode(self.session.surgeon.quarantine_dir))
        size = size_text(sum(item.size for item in self._items))
        total = f"{counted(len(self._items), 'item')}, {size}"
        if self._marked:
            total += f", {len(self._marked):,} marked"
        right = f"{more_below(self.query_one(Rows))} {total} "
        self.query_one("#quarantine-title", Bar).show(f" Put away  {place}", right)

    @on(Rows.Highlighted)
    def _moved(self) -> None:
        self.refresh_keys()

    @property
    def item(self) -> QuarantineItem | None:
        """The thing under the cursor."""
        return self._items[self.query_one(Rows).cursor] if self._items else None

    def _chosen(self) -> list[QuarantineItem]:
        if self._marked:
            return [item for item in self._items if item.path in self._marked]
        item = self.item if self.is_mounted else None
        return [] if item is None else [item]

    # Actions

    def action_mark_item(self) -> None:
        """Marks the thing under the cursor and goes down."""
        if self.item is not None:
            self._marked ^= {self.item.path}
            self.query_one(Rows).action_cursor_down()
            self._show()

    def action_mark_operation(self) -> None:
        """Marks all that the operation of the thing under the cursor put away."""
        if self.item is None:
            return
        number = self.item.operation
        alike = {item.path for item in self._items if item.operation == number}
        self._marked = self._marked - alike if alike <= self._marked else self._marked | alike
        self._show()
        marked = alike <= self._marked
        self.say(f"{counted(len(alike), 'thing')} of operation {number}." if marked else "")

    def action_look(self) -> None:
        """Shows the headers of a message, or what a directory holds."""
        item = self.item
        if item is None:
            return
        path = os.path.join(self.session.surgeon.quarantine_dir, _place_of(item))
        try:
            lines = header_lines(read_start(path)) if os.path.isfile(path) else names_below(path)
        except OSError as error:
            lines = [Text(one_line(error))]
        self.app.push_screen(ReadingScreen(path_shown(item.original), lines))

    def action_bring_back(self) -> None:
        """Proposes to put the things back where they were."""
        items = self._chosen()
        self._restore(lambda _index: self.session.surgeon.plan_restore(items))

    def action_delete_for_good(self) -> None:
        """Proposes to delete the things, which nothing brings back."""
        items = self._chosen()
        lost = [item for item in items if item.step is None]
        if lost:
            self.say(f"{counted(len(lost), 'thing')} not in this journal: only brought back.")
        else:
            self._purge(lambda _index: self.session.surgeon.plan_purge(items))

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_let_go(self) -> None:
        """Drops the marks, then goes back."""
        if self._marked:
            self._marked.clear()
            self._show()
        else:
            self.dismiss(None)


def item_row(item: QuarantineItem, marked: bool) -> Text:
    """`* 2026-01-31 14:02  quarantine copy       3k  .Sent/cur/1.M1.host:2,S`"""
    when = local_time(item.time)
    note = f"  ({visible(item.note)})" if item.note else ""
    text = (
        f"{'*' if marked else ' '} {fit(when, 16)}  {fit(visible(item.verdict), 20)}"
        f" {size_text(item.size):>5}  {path_shown(item.original)}"
    )
    return Text.assemble((text, "bold" if marked else ""), (note, "dim"))


def _place_of(item: QuarantineItem) -> bytes:
    """Where it lies below the quarantine."""
    if item.present:
        return os.path.join(b"%d" % item.operation, item.present)
    return QuarantinePath(item.path).inside


def names_below(path: bytes) -> list[Text]:
    """The names in a directory that was put away, each with its size."""
    lines: list[Text] = []
    for place, directories, files in os.walk(path):
        directories.sort()
        for name in sorted(files):
            whole = os.path.join(place, name)
            size = size_text(os.lstat(whole).st_size)
            lines.append(Text(f"{size:>5}  {path_shown(os.path.relpath(whole, path))}"))
    return lines or [Text("Nothing is in it.")]
