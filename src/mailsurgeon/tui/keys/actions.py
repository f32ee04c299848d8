"""Every action of the interface, in one table.

The key bindings, the line of keys at the bottom, the help screen, the command palette and the
README's table of keys are all made from it. A keymap (Textual's) gives other keys to an id. Nothing
here imports Textual, so that the command line can check a keymap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class State:
    """The facts that decide whether an action is possible now."""

    read_only: bool = False
    surveying: bool = False
    operating: bool = False
    chosen: int = 0  # messages an action applies to: the marked ones, else the one under the cursor


Condition = Callable[[State], str]


def not_read_only(state: State) -> str:
    """For actions that change the spool."""
    return "read-only: mailsurgeon was started with --read-only" if state.read_only else ""


def survey_done(state: State) -> str:
    """For proposals: they depend on the survey of the whole spool."""
    return "proposal when the survey is done" if state.surveying else ""


def nothing_runs(state: State) -> str:
    """For operations: two never run at once."""
    return "an operation runs: wait for its end" if state.operating else ""


def something_chosen(state: State) -> str:
    """For remedies: they need at least one message."""
    return "" if state.chosen else "nothing is under the cursor and nothing is marked"


_PROPOSAL_OF_ALL = (survey_done, nothing_runs)
_PROPOSAL = (something_chosen, *_PROPOSAL_OF_ALL)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the operator can do.

    `command` is what Textual runs on the widget or screen that owns the keys (`cursor_down`,
    `propose('fix-size')`, or `screen.open` from a widget).
    `scopes` are the panes and screens where the keys work. `footer` is its position in the line of
    keys, 0 if it is not shown there; `footer_only` limits that to one place. Each of `conditions`
    returns the reason why the action is impossible, or an empty string.
    """

    id: str
    keys: tuple[str, ...]
    command: str
    title: str
    help: str
    scopes: tuple[str, ...]
    footer: int = 0
    conditions: tuple[Condition, ...] = ()
    palette: bool = True
    footer_only: str = ""

    def footer_at(self, place: str) -> bool:
        """Whether the line of keys shows it at a place of CHAINS."""
        return self.footer > 0 and self.footer_only in ("", place)

    def disabled_reason(self, state: State) -> str:
        """The reason why the action is impossible now; empty if it is possible."""
        return next((why for test in self.conditions if (why := test(state))), "")


PANES = ("tree", "list", "inspector")
_LINES = (*PANES, "pager")


def _move(name: str, keys: Iterable[str], title: str, help: str, scopes: Iterable[str]) -> Action:
    command = name.replace("-", "_")
    return Action(name, tuple(keys), command, title, help, tuple(scopes), palette=False)


GO_BY_THE_LIST = frozenset(
    (
        "propose", "propose-file", "propose-flags", "propose-size", "propose-rename",
        "propose-quarantine", "mark", "mark-range", "mark-alike", "next-problem",
        "previous-problem",
    )
)  # fmt: skip
"""The actions that depend on the list shown and its marks."""

ACTIONS: tuple[Action, ...] = (
    # Moving about
    _move("cursor-up", ("up", "k"), "up", "One line up.", (*_LINES, "rows")),
    _move("cursor-down", ("down", "j"), "down", "One line down.", (*_LINES, "rows")),
    _move("go-left", ("left", "h"), "left",
          "To the pane at the left; in the tree: fold, or go to the heading.", PANES),
    _move("go-right", ("right", "l"), "right",
          "To the pane at the right; in the tree: unfold, or go to the list.", PANES),
    _move("first-line", ("g", "home"), "first", "To the first line.", (*_LINES, "rows")),
    _move("last-line", ("G", "end"), "last", "To the last line.", (*_LINES, "rows")),
    _move("page-up", ("pageup",), "page up", "One page up.", (*_LINES, "rows")),
    _move("page-down", ("pagedown",), "page down", "One page down.", (*_LINES, "rows")),
    _move("half-page-up", ("ctrl+u",), "half page up", "Half a page up.", (*_LINES, "rows")),
    _move("half-page-down", ("ctrl+d",), "half page down", "Half a page down.", (*_LINES, "rows")),
    Action("show-problems", ("0",), "show_problems", "Problems",
           "To the kinds of problems, the worst first.", ("main",)),
    Action("pane-tree", ("1",), "pane('tree')", "tree", "To the tree.", ("main",)),
    Action("pane-list", ("2",), "pane('list')", "list", "To the list of messages.", ("main",)),
    Action("pane-inspector", ("3",), "pane('inspector')", "inspector",
           "To the inspector.", ("main",)),
    Action("next-pane", ("tab",), "next_pane(1)", "next pane", "To the next pane.", ("main",),
           palette=False),
    Action("previous-pane", ("shift+tab",), "next_pane(-1)", "previous pane",
           "To the previous pane.", ("main",), palette=False),
    Action("grow-pane", ("+",), "resize_pane(1)", "larger",
           "Makes the pane larger: as it is, half, the whole screen.", ("main",)),
    Action("shrink-pane", ("_",), "resize_pane(-1)", "smaller", "Makes the pane smaller.",
           ("main",)),
    # Finding
    Action("open", ("enter",), "screen.open", "open",
           "Opens what the cursor is on: its messages in the list.", ("tree",), 1, palette=False),
    Action("next-problem", ("n",), "triage(1)", "next",
           "The next problem of the spool, the worst first, wherever it is; also the next kind"
           " when one is finished.", ("main",), 4),
    Action("previous-problem", ("N",), "triage(-1)", "previous",
           "The previous problem of the spool.", ("main",)),
    Action("filter", ("/",), "filter", "filter",
           "Filters the list by a part of sender, subject, path or Message-ID.", ("main",)),
    Action("badges", ("b",), "badges", "badge", "Filters the list by badge.", ("main",)),
    Action("sort", ("s",), "sort", "sort",
           "Sorts the list by date, newest, size, sender, subject, worst problem, path.",
           ("main",)),
    Action("order-folders", ("o",), "order_folders", "order",
           "Orders the folders by name or by most problems.", ("main",)),
    Action("hide-healthy", ("H",), "hide_healthy", "hide healthy",
           "Hides the folders without problems, or shows them again.", ("main",)),
    # Marking
    Action("mark", ("space",), "mark", "mark",
           "Marks the message and goes down; marks survive filters and folders.", ("list",)),
    Action("mark-range", ("v",), "mark_range", "range",
           "Begins a range at the cursor; a second time marks all of it.", ("list",)),
    Action("mark-alike", ("A",), "screen.mark_alike", "all alike",
           "Marks all of the list with the same problem and the same remedy as the one under the"
           " cursor; again: all with that problem, whatever the remedy.", ("list",), 2),
    # Repairing
    Action("propose", ("enter",), "propose('')", "repair",
           "Proposes the remedy for the message under the cursor, or for the marked ones.",
           ("list",), 1, _PROPOSAL),
    Action("propose-all", ("F",), "propose_all", "fix all",
           "Proposes what `fix` does: the remedy of every problem that has a safe one.",
           ("main",), 5, _PROPOSAL_OF_ALL),
    Action("propose-file", ("m",), "propose('file')", "move into cur/",
           "Proposes to move into cur/ of a folder that you name.", ("main",),
           0, _PROPOSAL),
    Action("propose-flags", ("f",), "propose('fix-flags')", "flags",
           "Opens the editor of flags, then proposes the change.", ("main",), 0, _PROPOSAL),
    Action("propose-size", ("z",), "propose('fix-size')", "size",
           "Proposes to correct the size in the name.", ("main",), 0, _PROPOSAL),
    Action("propose-rename", ("r",), "propose('rename')", "rename",
           "Proposes a new, sound file name.", ("main",), 0, _PROPOSAL),
    Action("propose-quarantine", ("d",), "propose('quarantine')", "quarantine",
           "Proposes to move into the quarantine, out of the spool; in the tree: the folder.",
           ("main",), 0, _PROPOSAL),
    Action("undo", ("u",), "undo", "undo",
           "Proposes to undo the last operation, and shows what that does.", ("main",), 7,
           (survey_done, nothing_runs)),
    Action("redo", ("ctrl+r",), "redo", "redo",
           "Proposes to redo what was undone last.", ("main",), 0,
           (survey_done, nothing_runs)),
    # The record, and the rest
    Action("journal", ("J",), "journal", "journal",
           "Shows the journal: every operation and its steps.", ("main",), 8),
    Action("put-away", ("Q",), "quarantine", "away",
           "Shows what was put away: look at it, bring it back, delete it for good.", ("main",), 9),
    Action("export", ("e",), "export", "export",
           "Writes the session log to a file; proposes its name.", ("main", "journal"), 4,
           footer_only="journal"),
    Action("back", ("escape",), "back", "back",
           "Gives up on a folder that does not answer; else clears the filter, then the marks,"
           " then closes.", ("main",), palette=False),
    Action("survey", ("R",), "survey", "look again",
           "Shows what is new in the list; if nothing is, surveys the whole spool again.",
           ("main",), 0, (survey_done, nothing_runs)),
    Action("copy", ("y",), "copy", "copy path",
           "Copies the path to the terminal's clipboard; a second time the Message-ID.",
           ("main",)),
    Action("who", ("!",), "who", "who",
           "Shows which processes have the spool open, as far as this user may see.", ("main",)),
    Action("previous-tab", ("[",), "turn(-1)", "tab left",
           "Turns the inspector: problem, headers, raw, history.", ("main",)),
    Action("next-tab", ("]",), "turn(1)", "tab right",
           "Turns the inspector: problem, headers, raw, history.", ("main",)),
    # The plan
    Action("apply", ("Y",), "apply", "apply",
           "Applies the plan. No other key does.", ("plan",), 1,
           (not_read_only, nothing_runs), palette=False),
    Action("cancel", ("escape", "n", "q"), "cancel", "cancel",
           "Leaves without changing anything; while a plan is applied: stops after the batch.",
           ("plan",), 2, palette=False),
    Action("confirm", ("enter",), "confirm", "what to press",
           "Says which key applies the plan.", ("plan",), palette=False),
    Action("drop-row", ("space",), "drop_row", "drop kind",
           "Drops the kind under the cursor from the plan, or takes it back in.", ("plan",), 3),
    Action("only-row", ("x",), "only_row", "only this kind",
           "Drops all other kinds from the plan, or takes them back in.", ("plan",), 4),
    Action("whole-list", ("w",), "whole_list", "every change",
           "Goes to the first of all changes, or back to the top.", ("plan",), 5),
    # The journal
    Action("undo-this", ("u",), "undo", "undo",
           "Proposes to undo the operation under the cursor.", ("journal",), 1,
           (survey_done, nothing_runs)),
    Action("redo-this", ("ctrl+r",), "redo", "redo",
           "Proposes to redo the operation under the cursor.", ("journal",), 2,
           (survey_done, nothing_runs)),
    Action("show-steps", ("enter",), "show_steps", "steps",
           "Shows the steps of the operation under the cursor.", ("journal",), 3, palette=False),
    Action("filter-journal", ("/",), "filter", "filter",
           "Filters the operations by a part of kind, summary or state.", ("journal",), 5),
    Action("leave", ("escape", "q"), "leave", "back", "Goes back.",
           ("journal", "text"), 6,
           palette=False),
    # The quarantine
    Action("look", ("enter",), "look", "look",
           "Shows the headers of the message, or what the folder holds.", ("quarantine",), 1,
           palette=False),
    Action("bring-back", ("r",), "bring_back", "bring back",
           "Proposes to put the thing, or the marked ones, back in place.", ("quarantine",), 2,
           _PROPOSAL),
    Action("mark-item", ("space",), "mark_item", "mark", "Marks the thing and goes down.",
           ("quarantine",), 3),
    Action("mark-operation", ("A",), "mark_operation", "all of it",
           "Marks all that the same operation put away, or takes the marks off.",
           ("quarantine",), 4),
    Action("let-go", ("escape",), "let_go", "back", "Drops the marks, then goes back.",
           ("quarantine",), 6, palette=False),
    Action("leave-quarantine", ("q",), "leave", "back", "Goes back.", ("quarantine",),
           palette=False),
    Action("delete-for-good", ("D",), "delete_for_good", "delete",
           "Proposes to delete the thing, or the marked ones; nothing brings them back.",
           ("quarantine",), 5, _PROPOSAL, palette=False),
    # Many spools
    Action("enter-spool", ("enter",), "enter", "open",
           "Opens the spool under the cursor; Esc there comes back.", ("spools",), 1,
           palette=False),
    Action("next-damaged", ("n",), "next_damaged(1)", "next",
           "To the next spool that has something above info.", ("spools",), 2),
    Action("previous-damaged", ("N",), "next_damaged(-1)", "previous",
           "To the previous spool that has something above info.", ("spools",)),
    Action("sort-spools", ("s",), "sort", "sort",
           "Sorts the spools: worst first, by most messages, by path. What is found later moves no"
           " line until the next time.", ("spools",), 3),
    Action("filter-spools", ("/",), "filter", "filter",
           "Filters the spools by a part of their path.", ("spools",), 4),
    Action("look-again", ("R",), "look_again", "look again",
           "Looks again at the spools that are listed.", ("spools",), 5),
    Action("copy-spool", ("y",), "copy", "copy path",
           "Copies the path of the spool to the terminal's clipboard.", ("spools",)),
    Action("clear-filter", ("escape",), "back", "back",
           "Clears the filter, then gives up on a directory that does not answer.", ("spools",),
           palette=False),
    # Questions
    Action("accept", ("enter",), "accept", "accept", "Takes what is entered or chosen.",
           ("dialog",), 1, palette=False),
    Action("dismiss", ("escape", "q"), "refuse", "cancel", "Closes the question; nothing happens.",
           ("dialog",), 2, palette=False),
    Action("choose", ("space",), "choose", "choose", "Chooses the line, or drops it.",
           ("dialog",), 3, palette=False),
    Action("stop-and-quit", ("y",), "yes", "stop and quit",
           "Stops the operation after its batch, then quits.", ("quit",), 1, palette=False),
    Action("go-on", ("escape", "n", "q"), "refuse", "go on", "Lets the operation go on.",
           ("quit",), 2, palette=False),
    # The help
    Action("run-line", ("enter",), "run_line", "run",
           "Closes the help and does what the line under the cursor says.", ("help",), 1,
           palette=False),
    Action("filter-help", ("/",), "filter", "filter",
           "Shows only the lines that have all the words you type.", ("help",), 2),
    Action("clear-help", ("escape",), "clear", "back", "Clears the filter, then goes back.",
           ("help",), 3, palette=False),
    Action("leave-help", ("q",), "leave", "back", "Goes back.", ("help",), palette=False),
    # Everywhere
    Action("help", ("?",), "app.help", "help",
           "Shows the keys, signs and badges of this screen.", ("app", "dialog", "quit"), 10),
    Action("palette", ("ctrl+p",), "command_palette", "palette",
           "Opens the command palette: every command by its name.", ("app",), palette=False),
    Action("quit-here", ("q",), "quit_program", "quit",
           "Quits; on other screens q goes back.", ("main", "spools"), palette=False),
    Action("suspend", ("ctrl+z",), "app.suspend", "suspend",
           "Suspends the program; `fg` in the shell brings it back.", ("app", "dialog", "quit")),
    Action("quit", ("ctrl+c",), "app.leave_program", "quit",
           "Quits from every screen; asks first while an operation runs.",
           ("app", "dialog", "quit")),
)  # fmt: skip

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

CHAINS: Mapping[str, tuple[str, ...]] = {
    "tree": ("tree", "main", "app"),
    "list": ("list", "main", "app"),
    "inspector": ("inspector", "main", "app"),
    "plan": ("rows", "plan", "app"),
    "journal": ("rows", "journal", "app"),
    "text": ("pager", "text", "app"),
    "quarantine": ("rows", "quarantine", "app"),
    "spools": ("rows", "spools", "app"),
    "help": ("rows", "help", "app"),
    "dialog": ("rows", "dialog"),
    "quit": ("quit",),
}
"""Each place where the operator can be, with the scopes whose keys work there, nearest first."""


def reachable(place: str) -> list[Action]:
    """The actions whose keys work at a place of CHAINS, the nearest scope first."""
    return [action for scope in CHAINS[place] for action in ACTIONS if scope in action.scopes]


def footer(place: str, limit: int = 8) -> list[Action]:
    """The actions in the line of keys at a place: `limit` at most, always including help."""
    shown = [action for action in reachable(place) if action.footer_at(place)]
    found = sorted(shown, key=lambda action: action.footer)
    return found if len(found) <= limit else [*found[: limit - 1], found[-1]]


_NAMES = {
    "escape": "Esc", "enter": "Enter", "pageup": "PgUp", "pagedown": "PgDn", "up": "Up",
    "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End",
    "question_mark": "?", "slash": "/", "exclamation_mark": "!", "plus": "+", "underscore": "_",
    "left_square_bracket": "[", "right_square_bracket": "]",
}  # fmt: skip


def keys_of(action: Action, keymap: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The keys of an action as the operator knows them; `keymap` may give other keys."""
    override = (keymap or {}).get(action.id)
    keys = tuple(key.strip() for key in override.split(",")) if override else action.keys
    return tuple(_NAMES.get(key, key) for key in keys)
