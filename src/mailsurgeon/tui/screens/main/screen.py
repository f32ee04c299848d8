"""The main screen: going through the problems, marking, filtering, and the record."""

from __future__ import annotations

import os
from array import array

from textual import on, work
from textual.widgets import Input

from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.actions import State
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.messages import AlikeFound, ListFailed, ViewRead
from mailsurgeon.tui.screens.dialogs import BadgeFilter
from mailsurgeon.tui.screens.journal import JournalScreen, export_log
from mailsurgeon.tui.screens.main.survey_controller import SORT_CYCLE, Arrival, alike, own_index
from mailsurgeon.tui.screens.main.watch_controller import WatchingScreen
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.terminal.clipboard import pasteable
from mailsurgeon.tui.text.fields import title
from mailsurgeon.tui.triage import neighbour, worst
from mailsurgeon.tui.widgets.folder_tree import Target
from mailsurgeon.tui.widgets.message_list import MessageList

GO_BY_THE_LIST = frozenset(
    (
        "propose", "propose-file", "propose-flags", "propose-size", "propose-rename",
        "propose-quarantine", "mark", "mark-range", "mark-alike", "next-problem",
        "previous-problem",
    )
)  # fmt: skip
"""Actions for which it matters which list is shown, and what is marked in it."""


class MainScreen(WatchingScreen):
    """Where a session begins and ends."""

    BINDINGS = bindings("main")

    def __init__(self, bench: SpoolSession) -> None:
        super().__init__(bench)
        self._alike_is_coming = False
        self._ahead: list[str] = []

    # Keys typed ahead

    async def action_perform(self, name: str) -> None:
        """Runs an action; one that goes by the list waits until the list meant is there.

        A key pressed quickly after another must not act on what the other was about to change.
        """
        if name in GO_BY_THE_LIST and self._must_wait():
            self._ahead.append(name)
        else:
            await super().action_perform(name)

    def _must_wait(self) -> bool:
        return self._alike_is_coming or self.list_is_coming

    @on(ViewRead)
    @on(AlikeFound)
    def _list_is_there(self) -> None:
        self.call_later(self._catch_up)

    async def _catch_up(self) -> None:
        while self._ahead and not self._must_wait():
            await super().action_perform(self._ahead.pop(0))

    @on(ListFailed)
    def _list_failed(self, event: ListFailed) -> None:
        self._ahead.clear()
        self._alike_is_coming = False
        self._ticket_shown = self.ticket
        self.tell(event.reason)

    def state(self) -> State:
        state = super().state()
        chosen = len(self.chosen()) or int(self.chosen_folder() is not None)
        return State(state.read_only, state.surveying, state.operating, chosen)

    # Triage

    def action_triage(self, step: int) -> None:
        """To the next problem, or the one before; at the end of a kind to its neighbour."""
        kinds = self.snapshot.kinds
        if not kinds:
            self.tell("No problems are known." if self.program.surveying else "No problems.")
        elif self.shown.what != "code":
            self._enter_triage()
        elif 0 <= self.list.line() + step < self.list.count():
            self.list.go_to(self.list.line() + step)
            self.action_pane("list")
        elif code := neighbour(kinds, self.shown.code, step):
            self.go_to_kind(code, "first" if step > 0 else "last")
        else:
            self.tell("That was the last problem." if step > 0 else "This is the first problem.")

    def _enter_triage(self) -> None:
        kinds = self.snapshot.kinds
        mine = worst(kinds, [code for code, _severity in self.list.problems])
        here = self.list.entry_id if mine else None
        self._go(mine or kinds[0].code, Arrival(here) if here else Arrival(end="first"))

    def go_to_kind(self, code: str, end: str) -> None:
        self._go(code, Arrival(end=end))

    def _go(self, code: str, arrival: Arrival) -> None:
        target = Target("code", code=code)
        self.open_target(target, arrival)
        self.tree_.go_to_target(target)
        self.action_pane("list")

    # Marks

    def chosen(self) -> list[int]:
        here = self.list.entry_id if self.place() != "tree" else None
        return list(self.marks) or ([here] if here is not None else [])

    def chosen_folder(self) -> int | None:
        target = self.tree_.target if self.place() == "tree" and not self.marks else None
        return target.folder if target is not None else None

    def kind_shown(self) -> str:
        return self.shown.code

    def finishes_kind(self, entries: list[int]) -> bool:
        return self.shown.what == "code" and set(self.list.view) <= set(entries)

    def forget_marks(self, entries: list[int]) -> None:
        gone = set(entries)
        self.marks.keep([entry for entry in self.marks if entry not in gone])
        self.marks.look_at(self.list.view)
        self._show_status()

    def action_mark_alike(self) -> None:
        entry, problems = self.list.entry, self.list.problems
        code = self.shown.code or (problems[0][0] if problems else "")
        if entry is None or not code:
            self.tell("No problem is under the cursor.")
            return
        self._alike_is_coming = True
        self._find_alike(entry.id, code, self.list.view)

    @work(thread=True, exclusive=True, group="alike", exit_on_error=False)
    def _find_alike(self, entry: int, code: str, view: array[int]) -> None:
        try:
            with own_index(self.bench.index) as index:
                mine = [p for p in index.problems(entries=[entry]) if p.code == code]
                remedy = mine[0].remedy if mine else None
                found = alike(index, view, code, remedy, any_remedy=False)
                what = f"{title(code)}, {remedy or 'no remedy'}"
                if all(one in self.marks for one in found):
                    found = alike(index, view, code, None, any_remedy=True)
                    what = f"{title(code)}, all remedies"
        except Exception as error:
            self.post_message(ListFailed(one_line(error)))
            return
        self.post_message(AlikeFound(found, what))

    @on(AlikeFound)
    def _alike_found(self, event: AlikeFound) -> None:
        self._alike_is_coming = False
        self.list.mark_all(event.ids)
        self.tell(f"{len(event.ids):,} marked: {event.title}.")

    @on(MessageList.Marked)
    def _marked(self) -> None:
        self._show_status()
        self.refresh_keys()

    # Filters

    def action_filter(self) -> None:
        self.add_class("-filtering")
        field = self.query_one("#filter", Input)
        field.value = self.text_filter
        self.call_after_refresh(field.focus)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        if self.has_class("-filtering") and event.value != self.text_filter:
            self.text_filter = event.value
            self.refresh_view()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.remove_class("-filtering")
        self.action_pane("list")
        self._show_status()

    def action_badges(self) -> None:
        def go_on(codes: frozenset[str] | None) -> None:
            if codes is not None:
                self.badge_filter = codes
                self.refresh_view()

        self.app.push_screen(BadgeFilter(self.snapshot.kinds, self.badge_filter), go_on)

    def action_sort(self) -> None:
        self.sort = (self.sort + 1) % len(SORT_CYCLE)
        self.tell(f"Sorted {SORT_CYCLE[self.sort][2]}.")
        self.refresh_view()

    def action_back(self) -> None:
        """What is waited for first, then the filter, the marks, and what is open."""
        if self.give_up_waiting():
            pass
        elif self.has_class("-filtering") or self.text_filter or self.badge_filter:
            self.text_filter, self.badge_filter = "", frozenset()
            if self.has_class("-filtering"):
                self._filter_done()
            self.refresh_view()
        elif self.list.ranging:
            self.list.leave_range()
        elif self.marks:
            self.marks.clear()
            self.list.refresh()
        elif self._pane_size:
            self.action_resize_pane(-2)
        elif self.program.leave_spool():
            return
        else:
            self._message = "Nothing is open: q quits."
        self._show_status()
        self.refresh_keys()

    # The record and the rest

    def action_journal(self) -> None:
        self.app.push_screen(JournalScreen(self))

    def action_export(self) -> None:
        export_log(self)

    def action_who(self) -> None:
        self.look_for_users(asked=True)

    def action_turn(self, step: int) -> None:
        self.inspector.turn(step)
        self._show_inspector_title()
        self.inspect()

    def action_copy(self) -> None:
        entry = self.list.entry
        if entry is None:
            self.tell("Nothing is under the cursor.")
            return
        again = self._copied == (entry.id, "path")
        if again and entry.message_id:
            self._copied = (entry.id, "id")
            self.app.copy_to_clipboard(pasteable(os.fsencode(entry.message_id)))
            self.tell("Copied the Message-ID.")
            return
        self._copied = (entry.id, "path")
        self.app.copy_to_clipboard(pasteable(self.bench.spool.absolute(entry.path)))
        more = "  y again: the Message-ID." if entry.message_id else ""
        self.tell(f"Copied the path.{more}")
