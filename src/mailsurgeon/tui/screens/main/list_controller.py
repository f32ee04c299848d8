"""The part of the main screen that shows: the tree, the list, the inspector and the lines around.

The list follows the cursor of the tree. The inspector follows that of the list, and that of the
tree while it is on a folder.
"""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Input

from mailsurgeon.host.processes import users_text
from mailsurgeon.report.output import counted
from mailsurgeon.survey.index.rows import ViewQuery
from mailsurgeon.text import visible
from mailsurgeon.tui.keys.actions import PANES
from mailsurgeon.tui.marks import Marks
from mailsurgeon.tui.messages import (
    IndexRead,
    Recovered,
    Subject,
    SurveyFinished,
    SurveyProgressed,
    UsersSeen,
    ViewRead,
)
from mailsurgeon.tui.screens.base import BaseScreen
from mailsurgeon.tui.screens.main.inspector_controller import InspectingScreen
from mailsurgeon.tui.screens.main.survey_controller import Arrival, progress_text, with_filters
from mailsurgeon.tui.screens.text import not_examined_screen, recovered_screen, users_screen
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.stalled import Waits, short
from mailsurgeon.tui.text.fields import badge, home_text, title
from mailsurgeon.tui.widgets.bars import Bar
from mailsurgeon.tui.widgets.folder_tree import ALL, FolderTree, Target
from mailsurgeon.tui.widgets.inspector import Inspector
from mailsurgeon.tui.widgets.message_list import MessageList

SIZES = ("", "-half", "-full")
TREE_EVERY = 1.0  # seconds between two readings of the tree while a survey runs


class BrowsingScreen(InspectingScreen):
    """Shows what the survey found, and lets the operator get about in it."""

    PLACE = "list"

    def __init__(self, bench: SpoolSession) -> None:
        super().__init__()
        self.add_class("-at-tree")
        self.marks = Marks()
        self.list = MessageList(bench.index, self.marks)
        self.list.follow = self._show_list_title  # a message would come a frame later
        self.tree_ = FolderTree()
        self.shown = ALL
        self.text_filter = ""
        self.badge_filter: frozenset[str] = frozenset()
        self.sort = 0
        self._from_tree = False  # the inspector follows the tree's cursor
        self._wandered = False  # the operator has moved: the cursor is theirs
        self._ticket_shown = 0
        self._pane_size = 0
        self._message = ""
        self._progress_line = ""
        self._users = ""
        self._tree_read = 0.0
        self._copied: tuple[int, str] | None = None

    def parts(self) -> ComposeResult:
        yield Bar(id="top")
        with Container(id="panes"):
            with Vertical(id="tree-pane"):
                yield Bar(id="tree-title", classes="title")
                yield self.tree_
            with Vertical(id="list-pane"):
                with Horizontal(classes="line"):
                    yield Bar(id="list-title", classes="title")
                    yield Bar(id="list-place", classes="title")
                yield self.list
            with Vertical(id="inspector-pane"):
                yield Bar(id="inspector-title", classes="title")
                yield self.inspector
        yield Input(id="filter", compact=True, placeholder="sender, subject, path or Message-ID")

    def on_mount(self) -> None:
        self.query_one("#filter", Input).cursor_blink = False
        self.list.empty_text = "The survey has begun; folders and messages appear as it goes."
        self.tree_.focus()
        self.program.surveying = True
        self.read_index()
        # What follows loads much; the first frame does not wait for it.
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.look_for_users()
        self._begin_survey(None, recover=True)

    def fresh_text(self) -> str:
        """What the list does not show yet, and how to see it; or empty."""
        return ""

    def follow_up(self) -> bool:
        """What an operation wants done once the survey is over; True when it moved the cursor."""
        return False

    # The survey

    def _begin_survey(self, folders: tuple[bytes, ...] | None, *, recover: bool = False) -> None:
        self.program.surveying = True
        self._progress_line = "looking"
        self.waits = Waits()
        self.survey(folders, recover=recover)
        self._show_status()
        self.refresh_keys()

    def look_again(self, folders: tuple[bytes, ...]) -> None:
        self._begin_survey(folders)

    def action_survey(self) -> None:
        self._message = ""
        self._begin_survey(None)
        self.look_for_users()

    @on(SurveyProgressed)
    def _progressed(self, event: SurveyProgressed) -> None:
        self._progress_line = progress_text(event.stage, event.done, event.total)
        self.waits.heard(event.waiting)
        self._show_status()
        now = time.monotonic()
        if now - self._tree_read >= TREE_EVERY:
            self._tree_read = now
            self.read_index()

    def progress_is_over(self) -> None:
        """Nothing is looked at any more."""
        self._progress_line = ""
        self.waits.heard(None)
        self._show_status()

    def give_up_waiting(self) -> bool:
        """Has the survey go on without the directory it waits for; False when it waits for none."""
        place = self.waits.give_up()
        if place is not None:
            self._message = f"Gave up on {short(place)}: it is left out."
        return place is not None

    @on(SurveyFinished)
    def _finished(self, event: SurveyFinished) -> None:
        self.program.surveying = False
        self.progress_is_over()
        self.list.empty_text = "No messages."
        if event.error:
            self.tell(event.error)
        elif event.whole and (self.waits.left_out or not self._message):
            self._message = event.summary
        self.refresh_keys()
        self._show_top()
        self.marks.keep(entry.id for entry in self.bench.index.entries(list(self.marks)))
        if not self.follow_up():
            self.refresh_view()
        self._show_status()

    @on(Recovered)
    def _recovered(self, event: Recovered) -> None:
        self.tell(visible(event.text))
        if event.effects:
            self.app.push_screen(recovered_screen(event.text, event.effects))

    @on(IndexRead)
    def _index_read(self, event: IndexRead) -> None:
        if event.snapshot.order < self.snapshot.order:
            return  # a slow reader, begun while the survey ran
        self.snapshot = event.snapshot
        self.list.folder_names = {row.id: row.name for row in event.snapshot.folders}
        with self.app.batch_update():
            self.tree_.show(event.snapshot)
            self._show_top()
        if not self._wandered:
            first = next(iter(event.snapshot.kinds), None)
            self.tree_.go_to_target(target := Target("code", code=first.code) if first else ALL)
            if target != self.shown:
                self.open_target(target)
        if not self.list.view:
            self.refresh_view()

    @on(UsersSeen)
    def _users_seen(self, event: UsersSeen) -> None:
        self._users = users_text(event.users)
        self._show_top()
        if event.asked:
            self.app.push_screen(users_screen(event.users))

    # The list

    def open_target(self, target: Target, arrival: Arrival | None = None) -> None:
        """Shows the list of a line of the tree."""
        if target.query() is None:
            return
        if target != self.shown:
            arrival = arrival or Arrival(end="first")
        elif arrival is None and self.list_is_coming:
            return  # it has been asked for, by the cursor of the tree
        self.shown = target
        self._read(arrival or Arrival(self.list.entry_id))

    def refresh_view(self) -> None:
        """Reads the list again, the cursor staying where it is."""
        self._read(Arrival(self.list.entry_id))

    def _read(self, arrival: Arrival) -> None:
        self.ticket += 1
        self.read_view(self.ticket, self.query_shown(), arrival)

    def query_shown(self) -> ViewQuery:
        """What the list shows."""
        query = self.shown.query() or ViewQuery()
        return with_filters(query, self.text_filter, self.badge_filter, self.sort)

    @property
    def list_is_coming(self) -> bool:
        """Whether another list than the one shown has been asked for."""
        return self.ticket != self._ticket_shown

    @on(ViewRead)
    def _view_read(self, event: ViewRead) -> None:
        if event.ticket != self.ticket:
            return
        self._ticket_shown = event.ticket
        self.marks.look_at(event.ids)
        self.list.show(event.ids, event.cursor, place=self.shown)
        self._show_status()

    @on(MessageList.Highlighted)
    def _highlighted(self) -> None:
        self._show_list_title()
        self.inspect_soon()

    def subject(self) -> Subject | None:
        target = self.tree_.target if self._from_tree else None
        if target is not None and target.folder is not None:
            return Subject("folder", target.folder)
        entry = self.list.entry_id
        return Subject("entry", entry) if entry is not None else None

    def on_gone_row(self) -> bool:
        return self.list.on_gone_row

    # The tree

    @on(FolderTree.Chosen)
    def _chosen(self, event: FolderTree.Chosen) -> None:
        self.inspect_soon()
        # A tree that is made anew may have stood elsewhere for a moment.
        if event.target == self.tree_.target and event.target != self.shown:
            self.open_target(event.target)

    def action_open(self) -> None:
        target = self.tree_.target
        self._wandered = True
        if target is None:
            return
        if target.what == "unseen":
            self.app.push_screen(not_examined_screen(self.bench.index.not_examined()))
        elif target.query() is None:
            self.tree_.fold()
        else:
            self.open_target(target)
            self.action_pane("list")

    def action_order_folders(self) -> None:
        self.tree_.by_problems = not self.tree_.by_problems
        self.tree_.reorder()
        self.tell(f"Folders by {'most problems' if self.tree_.by_problems else 'name'}.")

    def action_hide_healthy(self) -> None:
        self.tree_.healthy_hidden = not self.tree_.healthy_hidden
        self.tree_.reorder()
        self.tell(f"Healthy folders {'hidden' if self.tree_.healthy_hidden else 'shown'}.")

    # Panes

    def place(self) -> str:
        focused = self.focused
        return focused.id if focused is not None and focused.id in PANES else "list"

    def _pane(self, name: str) -> Widget:
        return {"tree": self.tree_, "list": self.list, "inspector": self.inspector}[name]

    def action_pane(self, name: str) -> None:
        for pane in PANES:
            self.set_class(pane == name, f"-at-{pane}")
        pane = self._pane(name)
        if pane.size:  # at once: the next key may be there already, and is for that pane
            self.set_focus(pane)
        else:
            self.call_after_refresh(pane.focus)

    def action_next_pane(self, step: int) -> None:
        place = (PANES.index(self.place()) + step) % len(PANES)
        self.action_pane(PANES[place])

    def action_resize_pane(self, step: int) -> None:
        self._pane_size = max(0, min(self._pane_size + step, len(SIZES) - 1))
        for number, name in enumerate(SIZES):
            if name:
                self.set_class(number == self._pane_size, name)

    def action_show_problems(self) -> None:
        first = next(iter(self.snapshot.kinds), None)
        self.tree_.go_to_target(Target("code", code=first.code) if first else Target("problems"))
        self.action_pane("tree")

    @on(FolderTree.Wandered)
    def _tree_left(self) -> None:
        self.action_pane("list")

    @on(MessageList.Wandered)
    def _list_left(self, event: MessageList.Wandered) -> None:
        self.action_pane("tree" if event.step < 0 else "inspector")

    @on(Inspector.Wandered)
    def _inspector_left(self) -> None:
        self.action_pane("list")

    def on_key(self) -> None:
        self._wandered = True

    def on_descendant_focus(self, _event: object) -> None:
        place = self.place()
        if place != "inspector" and self._from_tree != (place == "tree"):
            self._from_tree = place == "tree"
            self.inspect_soon()
        for pane in PANES:
            self.set_class(pane == place, f"-at-{pane}")
            self.query_one(f"#{pane}-title").set_class(self._pane(pane).has_focus, "-focused")
        self.query_one("#list-place").set_class(self.list.has_focus, "-focused")
        self._show_inspector_title()
        self.refresh_keys()

    # The lines around

    def tell(self, text: str) -> None:
        self._message = text
        self._show_status()
        front = self.app.screen
        if front is not self and isinstance(front, BaseScreen):
            front.say(text)

    def say(self, text: str) -> None:
        self._message = text
        self._show_status()

    def _show_status(self) -> None:
        right = [fresh] if (fresh := self.fresh_text()) else []
        if self.text_filter:
            right.append(f"filter: {visible(self.text_filter, 30)}")
        if self.badge_filter:
            right.append("badge: " + " ".join(sorted(map(badge, self.badge_filter))))
        if self.list.ranging:
            right.append("range begun")
        right.append(self.marks.summary())
        waits = self.waits.text
        said = (waits, self._message) if waits else (self._message, self._progress_line)
        self.query_one("#status", Bar).show(
            " " + "  ".join(filter(None, said)), "  ".join(right) + " "
        )

    def _top_text(self) -> str:
        spool, found = self.bench.spool, self.snapshot
        read_only = "  read-only" if self.bench.read_only else ""
        unseen = f"  {found.not_examined:,} not examined" if found.not_examined else ""
        return (
            f" {home_text(spool.shown)}  {spool.layout}{read_only}"
            f"  {counted(found.messages, 'message')}  {counted(len(found.folders), 'folder')}"
            f"{unseen}"
        )

    def _show_top(self) -> None:
        self.query_one("#top", Bar).show(self._top_text(), f"{self._users} " if self._users else "")
        self.query_one("#tree-title", Bar).show(" Spool")

    def _show_list_title(self) -> None:
        line, count = self.list.line() + 1, self.list.count()
        place = f"{line:,}/{count:,} " if count else ""
        self.query_one("#list-title", Bar).show(f" {self._list_name()}")
        # A bar of its own: it changes with every move, the name does not.
        self.query_one("#list-place", Bar).show("", place)

    def _list_name(self) -> str:
        if self.shown.what == "code":
            return f"{title(self.shown.code)}, all folders"
        if self.shown.what == "folder":
            return visible(self.list.folder_names.get(self.shown.folder or 0, ""), 200)
        return "All mail"

    def _show_inspector_title(self) -> None:
        bar = self.query_one("#inspector-title", Bar)
        bar.show(self.inspector.title(self.inspector.has_focus), "[ ] turn ")
