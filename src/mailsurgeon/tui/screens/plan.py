"""The plan: what would be done, one row per verdict. Only Y applies it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult

from mailsurgeon.pace import Pace, pace_text
from mailsurgeon.report.output import counted
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.survey.index.index import Index
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.keys.actions import BY_ID, keys_of
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.messages import (
    PROGRESS_SECONDS,
    OperationFinished,
    OperationProgressed,
    Proposed,
)
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.dialogs import AskWord
from mailsurgeon.tui.text.plan import PlanLines, by_size, nothing_to_do
from mailsurgeon.tui.views import own_index
from mailsurgeon.tui.widgets.bars import Bar, TitleBar, more_below
from mailsurgeon.tui.widgets.plan_list import PlanList

_MARKS = 12  # columns of the status line that a message cannot use
_MAKING = " Making the plan ..."
WORD = "delete"
"""The word to type before something is deleted for good."""


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """How the plan screen ended: with a report or an error; None in its place: cancelled."""

    plan: Plan | None
    report: Report | None
    error: str = ""


class PlanScreen(BaseScreen[PlanOutcome | None]):
    """Shows a plan, asks, applies it.

    A worker calls `make`; `sizes` is the number of messages by folder, for the brake. `purges`: the
    plan deletes from the quarantine for good, which asks for a word first. `note` is said when the
    plan is there. `whole` is
    the plan as made; `plan` is the one shown and applied, without the dropped rows, and None while
    a worker makes it.
    """

    PLACE = "plan"
    HOME = PlanList
    BINDINGS = bindings("plan", "rows")

    def __init__(
        self,
        make: Callable[[Index], Plan],
        sizes: Mapping[bytes, int],
        *,
        purges: bool = False,
        note: str = "",
    ) -> None:
        super().__init__()
        self._make, self._sizes, self._purges, self._note = make, sizes, purges, note
        self.whole: Plan | None = None
        self.plan: Plan | None = None
        self.dropped: frozenset[str] = frozenset()
        self.number: int | None = None
        self.typed = ""
        self._cancelled = threading.Event()
        self._applying = False
        self._pace = Pace()

    def parts(self) -> ComposeResult:
        yield TitleBar(id="plan-title", classes="title -focused")
        yield PlanList(id="changes")
        yield Bar(id="brake")

    def on_mount(self) -> None:
        changes = self.query_one(PlanList)
        changes.followed = self._show_title
        changes.focus()
        self.query_one("#plan-title", Bar).show(_MAKING)
        self._propose()

    # The plan

    @work(thread=True, exclusive=True, group="propose", exit_on_error=False)
    def _propose(self) -> None:
        try:
            with own_index(self.session.index) as index:
                plan = self._make(index)
            number = None if self._purges else self.session.tools.brake(plan, self._sizes)
            self.post_message(Proposed(plan, number))
        except Exception as error:
            self.post_message(Proposed(None, None, one_line(error)))

    @work(thread=True, exclusive=True, group="propose", exit_on_error=False)
    def _shorten(self, whole: Plan, dropped: frozenset[str]) -> None:
        """Makes the plan without the dropped rows; its effects may depend on files of servers."""
        if dropped != self.dropped:
            return  # the rows have changed since
        tools = self.session.tools
        try:
            with own_index(self.session.index) as index:
                plan = tools.without(index, whole, dropped)
            self.post_message(Proposed(plan, tools.brake(plan, self._sizes), "", dropped))
        except Exception as error:
            self.post_message(Proposed(None, None, one_line(error), dropped))

    @on(Proposed)
    def _proposed(self, event: Proposed) -> None:
        if event.dropped != self.dropped or self.plan is not None:
            return  # for other rows than those now, or already there
        if event.plan is None:
            self._close(PlanOutcome(None, None, event.error))
            return
        if self.whole is None:
            nothing = " ".join(filter(None, [self._note, nothing_to_do(event.plan)]))
            if nothing != self._note and len(nothing) < self.size.width - _MARKS:
                self._close(PlanOutcome(event.plan, None, nothing))
                return
            self.whole = event.plan
            if self._note:
                self.say(self._note)
        self.plan, self.number = event.plan, event.number
        self._show()

    def _show(self) -> None:
        if self.whole is None:
            return
        width = self.inner_width
        self.query_one(PlanList).show(PlanLines(self.whole, self.plan, self.dropped, width))
        self._show_title()
        self._show_brake()
        self.refresh_keys()

    def _show_title(self) -> None:
        title = self._title(self.plan) if self.plan is not None else _MAKING
        if self._applying and self.plan is not None:
            title = f" Applying: {self.plan.kind}"
        self.query_one("#plan-title", Bar).show(title, more_below(self.query_one(PlanList)))

    def on_resize(self, _event: events.Resize) -> None:
        # Textual calls the handler of each class, so also that of the base.
        self._show()

    def _title(self, plan: Plan) -> str:
        of = f" of operation {plan.of}" if plan.of is not None else ""
        changes = counted(len(plan.acts), "change")
        left = f", {len(plan.left):,} left alone" if plan.left else ""
        return f" Plan: {plan.kind}{of}, {changes}{left}"

    # The brake

    def _show_brake(self) -> None:
        bar = self.query_one("#brake", Bar)
        key = keys_of(BY_ID["apply"], self.session.keymap)[0]
        if self._applying:
            stops = "Esc stops after this batch "
            bar.show(f" {pace_text(self._pace, self.size.width - len(stops) - 2)}", stops)
        elif self.session.read_only:
            bar.show(" Read-only: nothing will be changed (started with --read-only).")
        elif self.plan is None:
            bar.show("")
        elif not self.plan.acts:
            bar.show(" Nothing is left to apply. Esc goes back.")
        elif self._purges:
            bar.show(f" Deletes for good. {key} asks for a word first.")
        elif self.number is not None:
            empty = "_" * max(0, len(str(self.number)) - len(self.typed))
            then = f" then press {key}: ["
            bar.show(
                Text.assemble(
                    f" {self._brake_reason()} Type {self.number},", then,
                    (self.typed, "bold"), f"{empty}]",
                )
            )  # fmt: skip
        else:
            bar.show(f" {key} applies it, Esc leaves without changing anything.")

    def _brake_reason(self) -> str:
        number = self.number or 0
        return "More than 1,000 messages." if number > 1000 else "Over half of a folder."

    def on_key(self, event: events.Key) -> None:
        """Takes digits for the brake, if it asks for a number."""
        if self._applying or (self.whole is not None and self.number is None):
            return
        if event.character and event.character in "0123456789" and len(self.typed) < 9:
            self.typed += event.character
        elif event.key == "backspace":
            self.typed = self.typed[:-1]
        else:
            return
        event.stop()
        if self.whole is not None:
            self._show_brake()

    # Actions

    def action_confirm(self) -> None:
        """Says what to press; applies nothing, and throws nothing away."""
        key = keys_of(BY_ID["apply"], self.session.keymap)[0]
        if self._applying or self.plan is None or not self.plan.acts:
            return
        if self.number is not None and self.typed and not self._is_confirmed():
            self._refuse_number()
        elif self.number is None or self._is_confirmed():
            self.say(f"Now press {key}.")
        else:
            self.say(f"Type {self.number}, then press {key}. Esc leaves.")

    def _is_confirmed(self) -> bool:
        return self.number is None or self.typed == str(self.number)

    def _refuse_number(self) -> None:
        typed, self.typed = self.typed, ""
        self._show_brake()
        self.say(f"{typed} is not {self.number}." if typed else f"Type {self.number} first.")

    def action_drop_row(self) -> None:
        """Drops the kind under the cursor from the plan, or takes it back in."""
        kind = self.query_one(PlanList).kind
        if kind is not None:
            self._drop(self.dropped ^ {kind})

    def action_only_row(self) -> None:
        """Drops all kinds but the one under the cursor; a second time takes them back in."""
        kind = self.query_one(PlanList).kind
        if kind is not None and self.whole is not None:
            others = frozenset(verdict for verdict, _ in by_size(self.whole)) - {kind}
            self._drop(frozenset() if self.dropped == others else others)

    def _drop(self, dropped: frozenset[str]) -> None:
        if self.whole is None or self._applying:
            return
        self.dropped, self.typed = dropped, ""  # what was typed was meant for another number
        self.say("")
        if dropped:
            self.plan = self.number = None
            self._shorten(self.whole, dropped)
        else:
            self.plan, self.number = self.whole, self.session.tools.brake(self.whole, self._sizes)
        self._show()

    def action_whole_list(self) -> None:
        """Goes to the first of all changes, or back to the top."""
        changes = self.query_one(PlanList)
        if changes.lines is not None:
            first = changes.lines.first_change
            changes.go_to(0 if changes.cursor >= first else first)
            changes.scroll_line(changes.cursor)

    def action_cancel(self) -> None:
        if not self._applying:
            self.dismiss(None)
            return
        self._cancelled.set()
        self.say("Stopping after this batch.")

    def action_apply(self) -> None:
        plan = self.plan
        if self._applying:
            return
        if plan is None:
            self.say("The plan is not ready yet.")
        elif not plan.acts:
            self.say("There is nothing to apply.")
        elif self._purges:
            question = AskWord(WORD, f"Delete {counted(len(plan.acts), 'file')} for good?")
            self.app.push_screen(question, lambda agreed: self._begin(plan) if agreed else None)
        elif not self._is_confirmed():
            self._refuse_number()
        else:
            self._begin(plan)

    # Applying

    def _begin(self, plan: Plan) -> None:
        self._applying = True
        self.program.operating = True
        self.program.at_rest.clear()
        self._pace = Pace().after("", 0, len(plan.acts), time.monotonic())
        self._show_title()
        self.say("")
        self._show_brake()
        self.refresh_keys()
        self._apply(plan)

    @work(thread=True, exclusive=True, group="apply", exit_on_error=False)
    def _apply(self, plan: Plan) -> None:
        last = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= PROGRESS_SECONDS:
                last = now
                self.post_message(OperationProgressed(done, total))

        def stopped() -> bool:
            return self._cancelled.is_set() or self.program.stop.is_set()

        try:
            surgeon = self.session.surgeon
            run = surgeon.purge if self._purges else surgeon.apply
            report = run(plan, on_progress=tell, cancelled=stopped, stops=self.program.stops)
            self.post_message(OperationFinished(report))
        except Exception as error:
            self.post_message(OperationFinished(None, one_line(error)))
        finally:
            self.program.stops.here()
            self.program.at_rest.set()

    @on(OperationProgressed)
    def _progressed(self, event: OperationProgressed) -> None:
        self._pace = self._pace.after("", event.done, event.total, time.monotonic())
        self._show_brake()

    @on(OperationFinished)
    def _finished(self, event: OperationFinished) -> None:
        self._applying = False
        self.program.operation_over()
        self._close(PlanOutcome(self.plan, event.report, event.error))

    def _close(self, outcome: PlanOutcome) -> None:
        while self.app.screen is not self and self in self.app.screen_stack:
            self.app.pop_screen()  # a question or the help, which is out of date now
        self.dismiss(outcome)
