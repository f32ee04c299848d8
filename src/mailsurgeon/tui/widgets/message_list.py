"""The list of messages, drawn line by line from the index: as fast with 400,000 as with ten."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import Entry
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.marks import Marks
from mailsurgeon.tui.text.fields import Columns, badges_text, row_text
from mailsurgeon.tui.widgets.folder_tree import Target
from mailsurgeon.tui.widgets.lines import Lines, PointerMoves

_PAGE = 64  # entries fetched together
_PAGES = 32  # pages kept

Badges = tuple[tuple[str, int], ...]
_GONE: Badges = (("gone", int(Severity.INFO)),)


class Pages:
    """The entries of a view, fetched by the page and kept for a while."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.view: array[int] = array("q")
        self._pages: OrderedDict[int, dict[int, tuple[Entry, Badges]]] = OrderedDict()

    def show(self, view: array[int]) -> None:
        """Takes another view and drops all pages: their facts may have changed."""
        self.view = view
        self._pages.clear()

    def row(self, line: int) -> tuple[Entry, Badges] | None:
        """The entry of a line with its problems; None if the index no longer has it."""
        number, page = line // _PAGE, self._pages.get(line // _PAGE)
        if page is None:
            ids = self.view[number * _PAGE : (number + 1) * _PAGE]
            problems = self.index.badges(ids)
            page = {e.id: (e, problems.get(e.id, ())) for e in self.index.entries(ids)}
            self._pages[number] = page
            if len(self._pages) > _PAGES:
                self._pages.popitem(last=False)
        else:
            self._pages.move_to_end(number)
        return page.get(self.view[line])


class MessageList(PointerMoves, Lines, inherit_bindings=False):
    """The messages of a view: badges, date, folder, sender, subject, size."""

    BINDINGS = bindings("list")
    COMPONENT_CLASSES = {
        "list--cursor", "list--dim", "list--mark",
        "list--critical", "list--error", "list--warning", "list--info",
    }  # fmt: skip

    class Highlighted(Message):
        """The cursor has moved to another message, or to none."""

        def __init__(self, entry: int | None) -> None:
            super().__init__()
            self.entry = entry

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, MessageList.Highlighted)

    class Marked(Message):
        """Marks were set or taken off."""

    class Wandered(Message):
        """The operator moves on to the pane on the left (`step` -1) or right (1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, index: Index, marks: Marks) -> None:
        super().__init__(id="list")
        self.pages = Pages(index)
        self.marks = marks
        self.folder_names: Mapping[int, str] = {}
        self.folder_column = False
        self.empty_text = ""
        self.follow: Callable[[], object] = bool  # called when the cursor moves, before it is drawn
        self._cursor = 0
        self._first_code = ""
        self._anchor: int | None = None
        self._gone: dict[int, tuple[Entry, Badges]] = {}

    # What is shown

    @property
    def view(self) -> array[int]:
        """The ids shown, in order."""
        return self.pages.view

    def show(self, view: array[int], cursor: int | None, *, place: Target) -> None:
        """Shows a view with the cursor on the entry `cursor`, else near its old line."""
        self._anchor = None
        self._gone.clear()
        self.folder_column = place.folder is None
        self._first_code = place.code
        self.pages.show(view)
        self.resize_to(len(view))
        line = self._cursor
        if cursor is not None:
            try:
                line = view.index(cursor)
            except ValueError:
                line = self._cursor
        self._cursor = max(0, min(line, len(view) - 1))
        self.scroll_line(self.top())
        self.reveal(self._cursor)
        self.refresh()
        self.post_message(self.Highlighted(self.entry_id))

    def renew(self, view: array[int]) -> None:
        """Shows the same rows after some messages have changed. A negative id stands for a message
        that is gone: its row stays, marked as gone. Only lines that look different are drawn."""
        lines = range(self.top(), min(self.top() + self.size.height, len(view)))
        before = {line: self._row(line) for line in lines}
        self.pages.show(view)
        for line, row in before.items():
            if view[line] < 0 and row is not None:
                self._gone[view[line]] = row[0]._replace(id=view[line]), _GONE
            if self._row(line) != row:
                self.refresh_line(line)

    def _row(self, line: int) -> tuple[Entry, Badges] | None:
        return self.pages.row(line) or self._gone.get(self.view[line])

    @property
    def entry_id(self) -> int | None:
        """The id under the cursor; None if there is no message, or if it is gone."""
        entry = self.view[self._cursor] if self.view else 0
        return entry if entry > 0 else None

    @property
    def on_gone_row(self) -> bool:
        """Whether the message under the cursor is gone."""
        return bool(self.view) and self.view[self._cursor] < 0

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        row = self.pages.row(self._cursor) if self.view else None
        return row[0] if row else None

    @property
    def problems(self) -> Badges:
        """The problems of the entry under the cursor as (code, severity), worst first."""
        row = self.pages.row(self._cursor) if self.view else None
        return row[1] if row else ()

    # Moving

    def line(self) -> int:
        return self._cursor

    def count(self) -> int:
        return len(self.view)

    def go_to(self, line: int) -> None:
        line = max(0, min(line, len(self.view) - 1))
        if line == self._cursor or not self.view:
            return
        before, self._cursor = self._cursor, line
        if self._anchor is not None:
            self.refresh_lines(min(before, line), abs(before - line) + 1)
        else:
            self.refresh_line(before)
            self.refresh_line(line)
        self.reveal(line)
        self.follow()
        self.post_message(self.Highlighted(self.entry_id))

    def action_go_left(self) -> None:
        self.post_message(self.Wandered(-1))

    def action_go_right(self) -> None:
        self.post_message(self.Wandered(1))

    def on_resize(self) -> None:
        self.follow()  # the heads of the columns
        self.resize_to(len(self.view))
        self.reveal(self._cursor)
        self.refresh()

    # Marking

    @property
    def ranging(self) -> bool:
        """Whether the operator has begun a range."""
        return self._anchor is not None

    def action_mark(self) -> None:
        entry = self.entry_id
        if entry is None:
            return
        if self._anchor is not None:
            self.action_mark_range()
            return
        self.marks.toggle(entry)
        self.refresh_line(self._cursor)
        self.action_cursor_down()
        self.post_message(self.Marked())

    def action_mark_range(self) -> None:
        if not self.view:
            return
        if self._anchor is None:
            self._anchor = self._cursor
            self.refresh_line(self._cursor)
        else:
            first, last = sorted((self._anchor, self._cursor))
            self._anchor = None
            self.marks.add(entry for entry in self.view[first : last + 1] if entry > 0)
            self.refresh()
        self.post_message(self.Marked())

    def leave_range(self) -> None:
        """Drops the range that was begun."""
        self._anchor = None
        self.refresh()
        self.post_message(self.Marked())

    def mark_all(self, entries: Sequence[int] | frozenset[int]) -> None:
        """Marks these entries, which are all in view."""
        self.marks.add(entries)
        self.refresh()
        self.post_message(self.Marked())

    # Drawing

    def render_line(self, y: int) -> Strip:
        line, width = self.top() + y, self.size.width
        base = self.rich_style
        if line >= len(self.view):
            text = f" {self.empty_text}" if line == 0 else ""
            style = base + self.get_component_rich_style("list--dim", partial=True)
            return Strip([Segment(text[:width].ljust(width), style)], width)
        row = self._row(line)
        if row is None:
            return Strip([Segment(" (gone)".ljust(width), base)], width)
        if line == self._cursor:
            base = self.get_component_rich_style("list--cursor")
        return self._strip(line, *row, base)

    @property
    def columns(self) -> Columns:
        """The columns at the present width."""
        return Columns.for_width(self.size.width, folders=self.folder_column)

    def _strip(self, line: int, entry: Entry, problems: Badges, base: Style) -> Strip:
        width, columns = self.size.width, self.columns
        if self._first_code:  # the badge of the kind that is listed comes first
            problems = tuple(sorted(problems, key=lambda one: one[0] != self._first_code))
        shown, rest = badges_text(problems, columns.badges)
        mark = "*" if entry.id in self.marks else ":" if self._in_range(line) else " "
        plain = line == self._cursor
        badges = [
            Segment(text, base if plain else base + self._severity(severity))
            for text, severity in shown
        ]
        folder = self.folder_names.get(entry.folder, "")
        text = Segment(rest + row_text(entry, columns, folder), base)
        segments = [Segment(mark, self._mark_style(mark, base, badges)), *badges, text]
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _mark_style(self, mark: str, base: Style, badges: Sequence[Segment]) -> Style:
        if mark != " ":
            return base + self._part("mark")
        # A blank looks the same in the next part's style, and each change of style costs bytes.
        after = badges[0].style if badges else None
        return base if after is None or after.reverse or after.underline else after

    def _in_range(self, line: int) -> bool:
        if self._anchor is None:
            return False
        return min(self._anchor, self._cursor) <= line <= max(self._anchor, self._cursor)

    def _severity(self, severity: int) -> Style:
        return self._part(Severity(severity).word)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"list--{name}", partial=True)
