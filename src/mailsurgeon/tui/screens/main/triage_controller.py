"""Triage: leads the operator from one problem to the next that can be repaired, across kinds."""

from __future__ import annotations

from array import array
from functools import partial

from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.messages import ListFailed, NextFound, ViewRead
from mailsurgeon.tui.program import Program
from mailsurgeon.tui.screens.main.facade import Cancelled, MainFacade
from mailsurgeon.tui.screens.main.list_controller import ListController
from mailsurgeon.tui.screens.main.panes import Panes
from mailsurgeon.tui.screens.main.survey_controller import SurveyController
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.triage import neighbour, next_line, worst
from mailsurgeon.tui.views import Arrival, own_index


class TriageController:
    """Moves the cursor of the list, and opens the list of the next kind at the end of one."""

    def __init__(
        self,
        session: SpoolSession,
        program: Program,
        screen: MainFacade,
        panes: Panes,
        survey: SurveyController,
        lists: ListController,
    ) -> None:
        self._session, self._program, self._screen = session, program, screen
        self._panes, self._survey, self._lists = panes, survey, lists
        self._step_to_come = 0  # the direction of a search that begins once the list is there
        self.is_searching = False
        self._said = ""  # what triage has said last

    def _say(self, text: str) -> None:
        self._said = text
        self._screen.tell(text)

    def go(self, step: int) -> None:
        """Goes to the next problem (`step` 1) or the previous one (-1)."""
        kinds, lists = self._survey.snapshot.kinds, self._lists
        if not kinds:
            surveying = self._program.surveying
            self._say("No problems are known." if surveying else "No problems.")
        elif lists.shown.what != "code":
            self._enter(step)
        else:
            # Who comes from the tree has not seen the problem under the list's cursor yet.
            line = lists.list.line()
            self._search(line if self._panes.place() == "tree" else line + step, step)

    def _enter(self, step: int) -> None:
        kinds, lists = self._survey.snapshot.kinds, self._lists
        mine = worst(kinds, [code for code, _severity in lists.list.problems])
        here = lists.list.entry_id if mine else None
        self._step_to_come = step
        lists.go_to_code(mine or kinds[0].code, Arrival(here) if here else Arrival(end="first"))

    def _search(self, start: int, step: int) -> None:
        view, code = self._lists.list.view, self._lists.shown.code
        if not 0 <= start < len(view):
            self._leave_kind(step)
            return
        self.is_searching = True
        work = partial(self._find, self._lists.ticket, view, code, start, step)
        self._screen.in_thread(work, "triage")

    def _find(
        self,
        ticket: int,
        view: array[int],
        code: str,
        start: int,
        step: int,
        _cancelled: Cancelled,
    ) -> None:
        lines = range(start, len(view) if step > 0 else -1, step)
        try:
            with own_index(self._session.index) as index:
                line = next_line(index, self._session.tools.preview, view, code, lines)
        except Exception as error:
            self._screen.post_message(ListFailed(one_line(error)))
        else:
            self._screen.post_message(NextFound(ticket, line, step))

    def next_found(self, event: NextFound) -> None:
        """Goes to what was found, else to the next kind."""
        self.is_searching = False
        if event.ticket != self._lists.ticket:
            return
        if event.line is None:
            self._leave_kind(event.step)
        else:
            if self._said and self._screen.message == self._said:
                self._say("")  # it was about where the cursor stood
            self._lists.list.go_to(event.line)
            self._panes.go_to("list")

    def _leave_kind(self, step: int) -> None:
        if self._lists.filtered:
            self._say("No more that the filter lets through; Esc clears it.")
            return
        code = neighbour(self._survey.snapshot.kinds, self._lists.shown.code, step)
        if code is None:
            last = "That was the last problem." if step > 0 else "This is the first problem."
            self._say(last)
        else:
            self._step_to_come = step
            self._lists.go_to_kind(code, "first" if step > 0 else "last")

    def view_read(self, _event: ViewRead) -> None:
        """Goes on in the list that has come."""
        step, self._step_to_come = self._step_to_come, 0
        if step and not self._lists.list_is_coming:
            self._search(self._lists.list.line(), step)

    def list_failed(self, _event: ListFailed) -> None:
        """Gives up."""
        self._step_to_come, self.is_searching = 0, False
