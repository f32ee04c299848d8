"""The tree and the list: which messages are listed, in what order, which are marked.

The list follows the cursor of the tree. A worker reads it; until the last list requested has come,
`is_coming` is true and the screen shows an earlier one.
"""

from __future__ import annotations

from array import array
from functools import partial

from textual.containers import Horizontal
from textual.widget import Widget

from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.text import visible
from mailsurgeon.tui.errors import one_line
from mailsurgeon.tui.marks import Marks
from mailsurgeon.tui.messages import (
    AlikeFound,
    IndexRead,
    ListFailed,
    Snapshot,
    SurveyFinished,
    ViewRead,
)
from mailsurgeon.tui.program import Program
from mailsurgeon.tui.screens.dialogs import BadgeFilter
from mailsurgeon.tui.screens.main.facade import Cancelled, MainFacade
from mailsurgeon.tui.screens.main.panes import Panes
from mailsurgeon.tui.screens.main.survey_controller import SurveyController
from mailsurgeon.tui.screens.text import not_examined_screen
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.text.fields import head_text, title
from mailsurgeon.tui.text.status import list_state_text
from mailsurgeon.tui.views import (
    SORT_CYCLE,
    Arrival,
    ListOrder,
    alike,
    next_order,
    order_by,
    own_index,
    with_filters,
)
from mailsurgeon.tui.widgets.bars import Bar, TitleBar, clicked, more_below
from mailsurgeon.tui.widgets.folder_tree import ALL, FolderTree, Target
from mailsurgeon.tui.widgets.message_list import MessageList


class ListController:
    """Shows the messages of a line of the tree, and determines which of them an action concerns.

    `shown` is the line of the tree whose list is shown or coming. `wandered`: the operator has
    moved, so the cursor no longer follows the worst problem.
    """

    def __init__(
        self,
        session: SpoolSession,
        program: Program,
        screen: MainFacade,
        panes: Panes,
        survey: SurveyController,
    ) -> None:
        self._session, self._program = session, program
        self._screen, self._panes, self._survey = screen, panes, survey
        self.marks = Marks()
        self.tree = FolderTree()
        self.list = MessageList(session.index, self.marks)
        self.tree_title = TitleBar(id="tree-title")
        self.list_title = TitleBar(id="list-title", ends="left")
        self.list_head = Bar(id="list-head", classes="head")
        # A bar of its own: it changes with every move of the cursor, the name does not.
        self.list_place = TitleBar(id="list-place", ends="right")
        self.tree.followed = lambda: self.tree_title.show(" Spool", more_below(self.tree))
        self.list.follow = self.show_title  # a Textual message would arrive one frame later
        self.list.empty_text = "The survey has begun; folders and messages appear as it goes."
        self.shown = ALL
        self.text_filter = ""
        self.badge_filter: frozenset[str] = frozenset()
        self.order = SORT_CYCLE[0]
        self.wandered = False
        self.ticket = 0  # of the list requested last
        self._ticket_shown = 0
        self._alike_is_coming = False

    def tree_parts(self) -> tuple[Widget, ...]:
        """The tree below its title."""
        return self.tree_title, self.tree

    def list_parts(self) -> tuple[Widget, ...]:
        """The list below its title."""
        titles = Horizontal(self.list_title, self.list_place, classes="line")
        return titles, self.list_head, self.list

    # The snapshot

    def index_read(self, event: IndexRead) -> None:
        """Shows a snapshot of the index."""
        self.take_in(event.snapshot)

    def take_in(self, snapshot: Snapshot) -> None:
        """Shows the folders and kinds of problems of a snapshot, unless a later one is shown."""
        if not self._survey.take_in(snapshot):
            return
        self.list.folder_names = {row.id: row.name for row in snapshot.folders}
        with self._screen.in_one_update():
            self.tree.show(snapshot)
            self._survey.show_top()
        if not self.wandered:
            first = next(iter(snapshot.kinds), None)
            self.tree.go_to_target(target := Target("code", code=first.code) if first else ALL)
            if target != self.shown:
                self.open_target(target)
        if not self.list.view:
            self.refresh()

    def survey_finished(self, _event: SurveyFinished) -> None:
        """Drops the marks of messages that are gone."""
        self.list.empty_text = "No messages."
        self.marks.keep(entry.id for entry in self._session.index.entries(list(self.marks)))

    # Reading the list

    def open_target(self, target: Target, arrival: Arrival | None = None) -> None:
        """Shows the list of a line of the tree."""
        if target.query() is None:
            return
        if target != self.shown:
            arrival = arrival or Arrival(end="first")
        elif arrival is None and self.list_is_coming:
            return  # the cursor of the tree has requested it already
        self.shown = target
        self._read(arrival or Arrival(self.list.entry_id))

    def refresh(self) -> None:
        """Reads the list again; the cursor stays where it is."""
        self._read(Arrival(self.list.entry_id))

    def query(self) -> ViewQuery:
        """The query whose messages the list shows."""
        query = self.shown.query() or ViewQuery()
        return with_filters(query, self.text_filter, self.badge_filter, self.order)

    def _read(self, arrival: Arrival) -> None:
        self.ticket += 1
        self._screen.in_thread(partial(self._read_view, self.ticket, self.query(), arrival), "view")

    def _read_view(
        self, ticket: int, query: ViewQuery, arrival: Arrival, _cancelled: Cancelled
    ) -> None:
        try:
            with own_index(self._session.index) as index:
                ids = index.view(query)
        except Exception as error:
            self._screen.post_message(ListFailed(one_line(error)))
        else:
            self._screen.post_message(ViewRead(ticket, ids, arrival.in_list(ids)))

    @property
    def list_is_coming(self) -> bool:
        """Whether a list has been requested and is not shown yet."""
        return self.ticket != self._ticket_shown

    def is_coming(self) -> bool:
        """Whether the list or its marks are about to change."""
        return self._alike_is_coming or self.list_is_coming

    def view_read(self, event: ViewRead) -> None:
        """Shows the list if it is the one requested last."""
        if event.ticket != self.ticket:
            return
        self._ticket_shown = event.ticket
        self.marks.look_at(event.ids)
        self.list.show(event.ids, event.cursor, place=self.shown)
        self._screen.show_status()

    def list_failed(self, event: ListFailed) -> None:
        """Keeps the list as it was, and shows the reason."""
        self._alike_is_coming = False
        self._ticket_shown = self.ticket
        self._screen.tell(event.reason)

    def show_title(self) -> None:
        """Shows the name of the list and the position of the cursor in it."""
        line, count = self.list.line() + 1, self.list.count()
        order = self.order
        repairable_first = self.shown.what == "code" and order == SORT_CYCLE[0]
        sort = "" if repairable_first else order.sort
        self.list_head.show(head_text(self.list.columns, sort, order.descending, click=clicked))
        self.list_title.show(f" {self._name()}")
        more = " ▾" if self.list.below else ""
        self.list_place.show("", f"{line:,}/{count:,}{more} " if count else "")

    def _name(self) -> str:
        if self.shown.what == "code":
            return f"{title(self.shown.code)}, all folders"
        if self.shown.what == "folder":
            return visible(self.list.folder_names.get(self.shown.folder or 0, ""), 200)
        return "All mail"

    def state(self, fresh: str) -> str:
        """The right side of the status line; `fresh`: what has changed since the list was read."""
        return list_state_text(
            fresh, self.text_filter, self.badge_filter, self.list.ranging, self.marks.summary()
        )

    # The tree

    def chosen_in_tree(self, target: Target) -> None:
        """Shows the list of the line under the tree's cursor."""
        # While a tree is rebuilt, its cursor may be elsewhere for a moment.
        if target == self.tree.target and target != self.shown:
            self.open_target(target)

    def open_line(self) -> None:
        """Opens the line of the tree under the cursor, or folds it."""
        target = self.tree.target
        self.wandered = True
        if target is None:
            return
        if target.what == "unseen":
            self._screen.open_screen(not_examined_screen(self._session.index.not_examined()))
        elif target.query() is None:
            self.tree.fold()
        else:
            self.open_target(target)
            self._panes.go_to("list")

    def order_folders(self) -> None:
        """Orders the folders by name, or by most problems."""
        self.tree.by_problems = not self.tree.by_problems
        self.tree.reorder()
        self._screen.tell(f"Folders by {'most problems' if self.tree.by_problems else 'name'}.")

    def hide_healthy(self) -> None:
        """Hides the folders without problems, or shows them again."""
        self.tree.healthy_hidden = not self.tree.healthy_hidden
        self.tree.reorder()
        self._screen.tell(f"Healthy folders {'hidden' if self.tree.healthy_hidden else 'shown'}.")

    def show_problems(self) -> None:
        """Moves the tree's cursor to the worst kind of problem."""
        first = next(iter(self._survey.snapshot.kinds), None)
        self.tree.go_to_target(Target("code", code=first.code) if first else Target("problems"))
        self._panes.go_to("tree")

    # Kinds of problems

    def go_to_kind(self, code: str, end: str) -> None:
        """Opens the list of a kind of problem, at its "first" or "last" message."""
        self.go_to_code(code, Arrival(end=end))

    def go_to_code(self, code: str, arrival: Arrival) -> None:
        """Opens the list of a kind of problem; the cursor goes where `arrival` says."""
        target = Target("code", code=code)
        self.open_target(target, arrival)
        self.tree.go_to_target(target)
        self._panes.go_to("list")

    # The messages that an action concerns

    def chosen(self) -> list[int]:
        """The entries an action concerns: the marked ones, else the one under the cursor."""
        here = self.list.entry_id if self._panes.place() != "tree" else None
        return list(self.marks) or ([here] if here is not None else [])

    def chosen_folder(self) -> int | None:
        """The folder an action concerns: the one under the tree's cursor, if nothing is marked."""
        in_tree = self._panes.place() == "tree" and not self.marks
        target = self.tree.target if in_tree else None
        return target.folder if target is not None else None

    def holds_no_other(self, entries: list[int]) -> bool:
        """Whether the list is that of a kind of problem and shows no entry but these."""
        return self.shown.what == "code" and set(self.list.view) <= set(entries)

    def forget_marks(self, entries: list[int]) -> None:
        """Drops the marks of these entries."""
        gone = set(entries)
        self.marks.keep([entry for entry in self.marks if entry not in gone])
        self.marks.look_at(self.list.view)
        self._screen.show_status()

    def mark_alike(self) -> None:
        """Marks all entries of the list with the problem and the remedy under the cursor; if they
        are marked already, all with that problem."""
        entry, problems = self.list.entry, self.list.problems
        code = self.shown.code or (problems[0][0] if problems else "")
        if entry is None or not code:
            self._screen.tell("No problem is under the cursor.")
            return
        self._alike_is_coming = True
        self._screen.in_thread(partial(self._find_alike, entry.id, code, self.list.view), "alike")

    def _find_alike(self, entry: int, code: str, view: array[int], _cancelled: Cancelled) -> None:
        try:
            with own_index(self._session.index) as index:
                mine = [p for p in index.problems(entries=[entry]) if p.code == code]
                remedy = mine[0].remedy if mine else None
                found = alike(index, view, code, remedy, any_remedy=False)
                what = f"{title(code)}, {remedy or 'no remedy'}"
                if all(one in self.marks for one in found):
                    found = alike(index, view, code, None, any_remedy=True)
                    what = f"{title(code)}, all remedies"
        except Exception as error:
            self._screen.post_message(ListFailed(one_line(error)))
        else:
            self._screen.post_message(AlikeFound(found, what))

    def alike_found(self, event: AlikeFound) -> None:
        """Marks the entries that were found."""
        self._alike_is_coming = False
        self.list.mark_all(event.ids)
        self._screen.tell(f"{len(event.ids):,} marked: {event.title}.")

    # Filters and order

    def filter_by_text(self, text: str) -> None:
        """Lists only messages with this in their sender, subject, path or Message-ID."""
        if text != self.text_filter:
            self.text_filter = text
            self.refresh()

    def filter_by_badges(self) -> None:
        """Opens the choice of badges, then lists only messages with one of them."""

        def go_on(codes: frozenset[str] | None) -> None:
            if codes is not None:
                self.badge_filter = codes
                self.refresh()

        self._screen.open_screen(BadgeFilter(self._survey.snapshot.kinds, self.badge_filter), go_on)

    @property
    def filtered(self) -> bool:
        """Whether the list leaves out messages of its place."""
        return bool(self.text_filter or self.badge_filter)

    def clear_filters(self) -> None:
        """Lists all messages of the place again."""
        self.text_filter, self.badge_filter = "", frozenset()
        self.refresh()

    def sort_next(self) -> None:
        """Sorts the list by the next order of SORT_CYCLE."""
        self._sort(next_order(self.order))

    def sort_by(self, sort: str) -> None:
        """Sorts the list by a column, one of SORTS; by the same one again: the other way round."""
        self._sort(order_by(sort, self.order))

    def _sort(self, order: ListOrder) -> None:
        self.order = order
        self._screen.tell(f"Sorted {order.name}.")
        self.refresh()

    def let_go(self) -> bool:
        """Drops the range begun, else all marks; False if there is neither."""
        if self.list.ranging:
            self.list.leave_range()
        elif self.marks:
            self.marks.clear()
            self.list.refresh()
        else:
            return False
        return True
