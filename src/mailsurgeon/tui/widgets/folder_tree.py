"""The tree: the problems by kind, worst first; all mail; the folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.survey.index.rows import FolderRow, ViewQuery
from mailsurgeon.text import visible
from mailsurgeon.tui.keys.bindings import bindings
from mailsurgeon.tui.messages import KindRow, Snapshot
from mailsurgeon.tui.text.fields import badge, bar_text, count_text, fit, title
from mailsurgeon.tui.widgets.lines import CursorMoves

_WIDE = 34  # columns from which a folder has two counts
_NAME_LIMIT = 200
_BAR = 5  # cells of the small bars, in a wide tree
SIGNS = {Severity.CRITICAL: "X", Severity.ERROR: "!", Severity.WARNING: "~", Severity.INFO: "."}
"""What stands before a kind of problem: severity told by more than colour."""
BARS = "━*[━╸]"


@dataclass(frozen=True, slots=True)
class Target:
    """The meaning of a line of the tree; `what`: problems, code, unseen, all, folders, folder."""

    what: str
    code: str = ""
    folder: int | None = None

    def query(self) -> ViewQuery | None:
        """The query of the list that the line opens; None for headings."""
        if self.what == "code":
            return ViewQuery(code=self.code)
        if self.what == "all":
            return ViewQuery()
        return ViewQuery(folder=self.folder) if self.what == "folder" else None


PROBLEMS, ALL, FOLDERS, UNSEEN = (Target(what) for what in ("problems", "all", "folders", "unseen"))
Node = TreeNode[Target]


class FolderTree(CursorMoves, Tree[Target], inherit_bindings=False):
    """Textual's tree, with counts at the right edge."""

    BINDINGS = bindings("tree")
    COMPONENT_CLASSES = {"tree--mark", *(f"tree--{level.word}" for level in Severity)}
    DEFAULT_CSS = """
    FolderTree { scrollbar-size: 0 0; overflow: hidden hidden; }
    """

    class Chosen(Message):
        """The cursor has moved to another line."""

        def __init__(self, target: Target) -> None:
            super().__init__()
            self.target = target

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FolderTree.Chosen)

    class Wandered(Message):
        """The operator moves on to the list."""

    def __init__(self) -> None:
        super().__init__("", id="tree", classes="framed")
        self.show_root = False
        self.show_guides = False
        self.guide_depth = 1
        self.auto_expand = False
        self.auto_links = False  # a passing pointer must not cause drawing
        self.followed: Callable[[], None] | None = None  # told when other lines may be in view
        self.by_problems = False
        self.healthy_hidden = False
        self._snapshot = Snapshot()
        self._kinds: dict[str, KindRow] = {}
        self._folders: dict[int, FolderRow] = {}
        self._problems = self.root.add("", PROBLEMS, expand=True)
        self._all = self.root.add_leaf("", ALL)
        self._folder_head = self.root.add("", FOLDERS, expand=True)
        self._by_target: dict[Target, Node] = {}

    # What is shown

    def show(self, snapshot: Snapshot) -> None:
        """Shows a snapshot; unchanged lines are not drawn again."""
        self._snapshot = snapshot
        self._kinds = {kind.code: kind for kind in snapshot.kinds}
        before, self._folders = self._folders, {row.id: row for row in snapshot.folders}
        wanted = [Target("code", code=kind.code) for kind in snapshot.kinds]
        if snapshot.not_examined:
            wanted.append(UNSEEN)
        folders = [Target("folder", folder=row.id) for row in self._ordered(snapshot.folders)]
        here = self.target
        self._place(self._problems, wanted)
        self._place(self._folder_head, folders)
        self._by_target = {
            node.data: node
            for node in (
                self._problems, self._all, self._folder_head,
                *self._problems.children, *self._folder_head.children,
            )
            if node.data is not None
        }  # fmt: skip
        for target, node in self._by_target.items():
            label = self._label(target)
            if str(node.label) != label or before != self._folders:
                node.set_label(Text(label))  # as Text: a folder's name must not act as markup
        gone = here not in self._by_target
        if here is not None and (gone or here != self.target) and not self.go_to_target(here):
            # Its line is gone: the list stays as it is until the operator chooses another.
            self.go_to_target(PROBLEMS if here.what in ("code", "unseen") else FOLDERS)
        self._tell()

    def _ordered(self, folders: tuple[FolderRow, ...]) -> list[FolderRow]:
        shown = [row for row in folders if row.troubles or not self.healthy_hidden]
        return sorted(shown, key=lambda row: -row.troubles) if self.by_problems else shown

    def _place(self, parent: Node, wanted: list[Target]) -> None:
        if [node.data for node in parent.children] == wanted:
            return
        parent.remove_children()
        for target in wanted:
            parent.add_leaf("", target)

    def _label(self, target: Target) -> str:
        if target.what == "code":
            return f"{target.code} {self._kinds[target.code].count}"
        if target.what == "folder" and target.folder is not None:
            row = self._folders[target.folder]
            return f"{row.name} {row.messages} {row.troubles}"
        return f"{target.what} {self._snapshot.not_examined} {self._snapshot.messages}"

    def reorder(self) -> None:
        """Shows the snapshot again after a change of order or of hidden folders."""
        self.show(self._snapshot)

    # The cursor

    @property
    def target(self) -> Target | None:
        """The target under the cursor."""
        return self.cursor_node.data if self.cursor_node else None

    def go_to_target(self, target: Target) -> bool:
        """Moves the cursor to a target; False if it is not in the tree."""
        node = self._by_target.get(target)
        if node is None:
            return False
        if node.parent is not None and not node.parent.is_expanded:
            node.parent.expand()
        # Reading the property recounts the lines, which sets `node.line`.
        _ = self._tree_lines
        self.cursor_line = node.line
        self.scroll_to_line(node.line, animate=False)
        return True

    def line(self) -> int:
        return max(0, self.cursor_line)

    def count(self) -> int:
        return self.last_line + 1

    def page(self) -> int:
        return self.size.height

    def go_to(self, line: int) -> None:
        if self.last_line >= 0:
            self.cursor_line = max(0, min(line, self.last_line))
            self.scroll_to_line(self.cursor_line, animate=False)

    def action_go_left(self) -> None:
        node = self.cursor_node
        if node is None:
            return
        if node.allow_expand and node.is_expanded:
            node.collapse()
        elif node.parent is not None and node.parent.data is not None:
            self.move_cursor(node.parent)

    def fold(self) -> None:
        """Folds the heading under the cursor, or unfolds it."""
        if self.cursor_node is not None and self.cursor_node.allow_expand:
            self.cursor_node.toggle()

    def action_go_right(self) -> None:
        node = self.cursor_node
        if node is not None and node.allow_expand and not node.is_expanded:
            node.expand()
        else:
            self.post_message(self.Wandered())

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Target]) -> None:
        event.stop()
        if event.node.data is not None:
            self.post_message(self.Chosen(event.node.data))

    @property
    def below(self) -> int:
        """How many lines lie below those in view."""
        return max(0, self.count() - self.scroll_offset.y - self.size.height)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._tell()

    def _tell(self) -> None:
        if self.followed is not None:
            self.followed()

    def on_resize(self) -> None:
        self._clear_line_cache()
        self._tell()

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        """Does nothing: a passing pointer must not cause drawing."""
        event.prevent_default()

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()
        line = event.y + self.scroll_offset.y
        if line <= self.last_line:
            self.cursor_line = line

    # Drawing

    def get_label_width(self, node: Node) -> int:
        del node
        return 1  # labels fill the width; nothing scrolls sideways

    def render_label(self, node: Node, base_style: Style, style: Style) -> Text:
        del base_style
        width = self.size.width - (2 if node.parent is not self.root else 0)
        target = node.data
        if target is None:
            return Text("")
        text = self._line_text(node, target, width - 1)
        label = Text(text + " ", style, no_wrap=True, end="")
        if target.what in ("problems", "all", "folders"):
            label.stylize("bold")
        elif self._is_quiet(target):
            label.stylize("dim")
        if node is not self.cursor_node:
            self._colour(label, target)
        return label

    def _colour(self, label: Text, target: Target) -> None:
        """Gives a badge the colour of its severity, and a bar its own."""
        if target.what == "code":
            label.stylize(self._severity_style(target.code), 0, len(badge(target.code)))
        label.highlight_regex(BARS, self.get_component_rich_style("tree--mark", partial=True))

    def _severity_style(self, code: str) -> Style:
        word = self._severity(code).word
        return self.get_component_rich_style(f"tree--{word}", partial=True)

    def _severity(self, code: str) -> Severity:
        kind = self._kinds.get(code)
        return kind.severity if kind is not None else Severity.INFO

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        line = y + self.scroll_offset.y
        node = self.get_node_at_line(line) if line <= self.last_line else None
        if node is None or node.data is None or node.data.what != "code":
            return strip
        sign = f"{SIGNS[self._severity(node.data.code)]} "
        if node is self.cursor_node:
            style = self.get_component_rich_style("tree--cursor")
        else:
            style = self.rich_style + self._severity_style(node.data.code)
        return Strip.join([Strip([Segment(sign, style)], len(sign)), strip.crop(len(sign))])

    def _line_text(self, node: Node, target: Target, width: int) -> str:
        if target.what == "code":
            return self._kind_line(self._kinds.get(target.code), width)
        if target.what == "folder" and target.folder is not None:
            return self._folder_line(self._folders.get(target.folder), width)
        if target.what == "unseen":
            return _sides("not examined", f"{self._snapshot.not_examined:,}", width)
        if target.what == "all":
            return _sides("All mail", count_text(self._snapshot.messages), width)
        folded = "" if node.is_expanded else " ..."
        if target.what == "problems":
            none = "" if self._snapshot.kinds else "none"
            return _sides("Problems" + folded, none, width)
        heads = f"messages {'problems':>{_BAR + 6}}" if width >= _WIDE - 2 else "problems"
        return _sides("Folders" + folded, heads, width)

    def _kind_line(self, kind: KindRow | None, width: int) -> str:
        if kind is None:
            return " " * width
        name = f"{badge(kind.code):<5}{title(kind.code)}"
        count = count_text(kind.count)
        if width >= _WIDE - 2:
            most = max(other.count for other in self._kinds.values())
            count = f"{bar_text(kind.count / most, _BAR)} {count:>6}"
        return _sides(name, count, width)

    def _folder_line(self, row: FolderRow | None, width: int) -> str:
        if row is None:
            return " " * width
        name = visible(row.name, _NAME_LIMIT)
        troubles = count_text(row.troubles) if row.troubles else ""
        if width >= _WIDE - 2:
            share = row.troubles / max(1, row.messages)
            bar = bar_text(share, _BAR)
            return _sides(name, f"{count_text(row.messages):>6} {bar} {troubles:>6}", width)
        return _sides(name, troubles, width)

    def _is_quiet(self, target: Target) -> bool:
        if target.what == "code":
            kind = self._kinds.get(target.code)
            return kind is not None and not kind.trouble
        return target.what == "unseen"


def _sides(left: str, right: str, width: int) -> str:
    room = width - len(right) - (1 if right else 0)
    return fit(left, max(room, 0)) + (" " + right if right else "")
