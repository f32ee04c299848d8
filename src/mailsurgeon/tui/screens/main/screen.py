"""The main screen: arranges the panes, and hands each message and key to a controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import get_current_worker

from mailsurgeon.tui import messages
from mailsurgeon.tui.keys.actions import PANES, State
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.program import Program
from mailsurgeon.tui.screens.base import BaseScreen, Result
from mailsurgeon.tui.screens.journal import export_log
from mailsurgeon.tui.screens.main.facade import SurveyedFolders, Work
from mailsurgeon.tui.screens.main.filter_line import FilterLine
from mailsurgeon.tui.screens.main.inspector_controller import InspectorController
from mailsurgeon.tui.screens.main.list_controller import ListController
from mailsurgeon.tui.screens.main.panes import Panes
from mailsurgeon.tui.screens.main.plan_controller import PlanController
from mailsurgeon.tui.screens.main.survey_controller import SurveyController
from mailsurgeon.tui.screens.main.triage_controller import TriageController
from mailsurgeon.tui.screens.main.typed_ahead import TypedAhead
from mailsurgeon.tui.screens.main.watch_controller import WatchController
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.folder_tree import FolderTree
from mailsurgeon.tui.widgets.inspector import Inspector
from mailsurgeon.tui.widgets.message_list import MessageList

_Event = TypeVar("_Event", bound=Message)


def _handed(find: Callable[[MainScreen], Callable[..., object]]) -> Callable[..., None]:
    """An action that calls the method that `find` returns."""

    def action(self: MainScreen, *arguments: object) -> None:
        find(self)(*arguments)

    return action


def _answered(
    kind: type[_Event], *answers: Callable[[_Event], object]
) -> tuple[type[Message], Callable[[Message], None]]:
    """An entry of the table of messages: calls each of `answers` with a message of `kind`."""

    def answer(event: Message) -> None:
        assert isinstance(event, kind)
        for one in answers:
            one(event)

    return kind, answer


class MainScreen(BaseScreen[None]):
    """Hands messages and keys to its controllers, which see it as MainFacade."""

    PLACE = "list"
    BINDINGS = bindings("main")

    def __init__(self, session: SpoolSession, program: Program) -> None:
        super().__init__()
        self.message = ""
        self.panes = Panes(self)
        self.survey = survey = SurveyController(
            session, program, self, lambda folders: self.watching.before_survey(folders)
        )
        self.lists = lists = ListController(session, program, self, self.panes, survey)
        self.triage = TriageController(session, program, self, self.panes, survey, lists)
        self.inspection = inspection = InspectorController(session, self, survey, lists)
        self.watching = WatchController(session, program, self, survey, lists, inspection)
        self.plans = PlanController(session, self, survey, lists, self.watching.wait_until_over)
        self._filter = FilterLine(self)
        self._ahead = TypedAhead(super().action_perform, self._is_coming, self.call_later)
        self._answers = dict(self._table_of_answers())

    def _table_of_answers(self) -> Iterator[tuple[type[Message], Callable[[Message], None]]]:
        """The kinds of workers' messages, each with the methods that get it, in order."""
        survey, lists, watching, ahead = self.survey, self.lists, self.watching, self._ahead
        triage = self.triage
        over = (one.survey_finished for one in (watching, survey, lists, self.plans))
        yield _answered(messages.SurveyProgressed, survey.progressed)
        yield _answered(messages.SurveyFinished, *over)
        yield _answered(messages.IndexRead, lists.index_read)
        yield _answered(messages.InterruptionHandled, survey.interruption_handled)
        yield _answered(messages.JournalUnusable, survey.journal_unusable)
        yield _answered(messages.WorkFailed, lambda event: self.say(event.reason))
        yield _answered(messages.UsersSeen, survey.users_seen)
        yield _answered(
            messages.ViewRead, ahead.list_came, watching.view_read, lists.view_read,
            triage.view_read,
        )  # fmt: skip
        yield _answered(messages.NextFound, ahead.list_came, triage.next_found)
        yield _answered(messages.AlikeFound, ahead.list_came, lists.alike_found)
        yield _answered(
            messages.ListFailed, ahead.list_failed, lists.list_failed, triage.list_failed
        )
        yield _answered(messages.Inspected, self.inspection.inspected)
        yield _answered(messages.SpoolChanged, watching.spool_changed)
        yield _answered(messages.ChangesSurveyed, watching.changes_surveyed)

    def _is_coming(self) -> bool:
        """Whether the list, its cursor or its marks are about to change."""
        return self.lists.is_coming() or self.triage.is_searching

    def parts(self) -> ComposeResult:
        yield self.survey.top
        with Container(id="panes"):
            yield Vertical(*self.lists.tree_parts(), id="tree-pane")
            yield Vertical(*self.lists.list_parts(), id="list-pane")
            yield Vertical(*self.inspection.parts(), id="inspector-pane")
        yield self._filter.field

    def on_mount(self) -> None:
        self.lists.tree.focus()
        self.program.surveying = True
        self.survey.read_index()
        # Loads many modules, so it waits until the first frame is drawn.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.survey.look_for_users()
        self.begin_survey(None, recover=True)

    def on_unmount(self) -> None:
        self.watching.stop()

    def on_screen_resume(self) -> None:
        # Whoever closed the screen in front may begin a survey, which comes first.
        self.call_after_refresh(self.watching.look_when_possible)

    # Messages

    @on(messages.FromWorker)
    def _worker_posted(self, event: messages.FromWorker) -> None:
        self._answers[type(event)](event)

    @on(MessageList.Highlighted)
    def _message_highlighted(self) -> None:
        self.lists.show_title()
        self.inspection.inspect_soon()

    @on(MessageList.Marked)
    def _message_marked(self) -> None:
        self.show_status()
        self.refresh_keys()

    @on(FolderTree.Chosen)
    def _line_chosen(self, event: FolderTree.Chosen) -> None:
        self.inspection.inspect_soon()
        self.lists.chosen_in_tree(event.target)

    @on(FolderTree.Wandered)
    @on(Inspector.Wandered)
    def _side_pane_left(self) -> None:
        self.panes.go_to("list")

    @on(MessageList.Wandered)
    def _list_left(self, event: MessageList.Wandered) -> None:
        self.panes.go_to("tree" if event.step < 0 else "inspector")

    def on_key(self) -> None:
        self.lists.wandered = True

    def on_mouse_down(self) -> None:
        self.lists.wandered = True

    def on_click(self, event: events.Click) -> None:
        """Focuses the pane whose title was clicked."""
        nodes = event.widget.ancestors_with_self if event.widget is not None else ()
        names = {f"{name}-pane": name for name in PANES}
        for pane in (names[node.id] for node in nodes if node.id in names):
            self.panes.go_to(pane)

    def on_descendant_focus(self, _event: object) -> None:
        self.inspection.focus_moved(self.place())
        self.panes.show_focus()
        self.inspection.show_title()
        self.refresh_keys()

    # MainFacade

    def begin_survey(self, folders: SurveyedFolders, *, recover: bool = False) -> None:
        self.watching.survey_when_free(folders, recover=recover)

    def in_thread(self, work: Work, group: str, *, exclusive: bool = True) -> None:
        def run() -> None:
            worker = get_current_worker()
            work(lambda: worker.is_cancelled)

        self.run_worker(run, group=group, exclusive=exclusive, thread=True, exit_on_error=False)

    def open_screen(
        self, screen: Screen[Result], follow: Callable[[Result | None], None] | None = None
    ) -> None:
        self.app.push_screen(screen, follow)

    def copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)

    def is_in_front(self) -> bool:
        return self.app.screen is self

    def in_one_update(self) -> AbstractContextManager[None]:
        return self.app.batch_update()

    def tell(self, text: str) -> None:
        self.say(text)
        front = self.app.screen
        if front is not self and isinstance(front, BaseScreen):
            front.say(text)

    def say(self, text: str) -> None:
        self.message = text
        self.show_status()

    def show_status(self) -> None:
        bar, state = self.query_one("#status", Bar), self.lists.state(self.watching.fresh_text)
        width = bar.size.width or self.size.width
        bar.show(self.survey.said(self.message, width - len(state) - 1), state)

    # Keys

    def place(self) -> str:
        return self.panes.place()

    def state(self) -> State:
        state = super().state()
        chosen = len(self.lists.chosen()) or int(self.lists.chosen_folder() is not None)
        return State(state.read_only, state.surveying, state.operating, chosen)

    def found_codes(self) -> list[str]:
        return [kind.code for kind in self.survey.snapshot.kinds]

    async def action_perform(self, name: str) -> None:
        await self._ahead.perform(name)

    action_pane = _handed(lambda screen: screen.panes.go_to)
    action_next_pane = _handed(lambda screen: screen.panes.go_on)
    action_resize_pane = _handed(lambda screen: screen.panes.resize)
    action_open = _handed(lambda screen: screen.lists.open_line)
    action_show_problems = _handed(lambda screen: screen.lists.show_problems)
    action_order_folders = _handed(lambda screen: screen.lists.order_folders)
    action_hide_healthy = _handed(lambda screen: screen.lists.hide_healthy)
    action_triage = _handed(lambda screen: screen.triage.go)
    action_mark_alike = _handed(lambda screen: screen.lists.mark_alike)
    action_badges = _handed(lambda screen: screen.lists.filter_by_badges)
    action_sort = _handed(lambda screen: screen.lists.sort_next)
    action_turn = _handed(lambda screen: screen.inspection.turn)
    action_copy = _handed(lambda screen: screen.inspection.copy)
    action_propose = _handed(lambda screen: screen.plans.propose)
    action_undo = _handed(lambda screen: screen.plans.undo)
    action_redo = _handed(lambda screen: screen.plans.redo)
    action_who = _handed(lambda screen: partial(screen.survey.look_for_users, True))
    action_survey = _handed(lambda screen: screen.watching.survey_asked)
    action_propose_all = _handed(lambda screen: screen.plans.propose_all)
    action_journal = _handed(lambda screen: screen.plans.open_journal)
    action_quarantine = _handed(lambda screen: screen.plans.open_quarantine)
    action_export = _handed(lambda screen: partial(export_log, screen))
    action_filter = _handed(lambda screen: partial(screen._filter.open, screen.lists.text_filter))

    def action_sort_by(self, sort: str) -> None:
        """Sorts the list by the column whose head was clicked."""
        self.lists.sort_by(sort)
        self.panes.go_to("list")

    def action_turn_to(self, tab: str) -> None:
        """Turns the inspector to the tab that was clicked."""
        self.inspection.turn_to(tab)
        self.panes.go_to("inspector")

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        if self._filter.is_open:
            self.lists.filter_by_text(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._filter.close()
        self.panes.go_to("list")
        self.show_status()

    def action_back(self) -> None:
        """Gives up waiting, else clears the filter, else the marks, else closes what is open."""
        filtering = self._filter.is_open
        if self.survey.give_up_waiting():
            pass
        elif filtering or self.lists.filtered:
            self.lists.clear_filters()
            if filtering:
                self._filter_done()
        elif not self.lists.let_go() and not self.panes.resize(-2):
            if self.program.leave_spool():
                return
            self.message = "Nothing is open: q quits."
        self.show_status()
        self.refresh_keys()
