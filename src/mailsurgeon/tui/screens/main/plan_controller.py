"""Plans: asks for what a remedy needs, opens its plan, and updates the screen afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mailsurgeon.surgery.model import Plan
from mailsurgeon.survey.index.index import Index
from mailsurgeon.tui.messages import KindRow, SurveyFinished
from mailsurgeon.tui.screens.dialogs import AskFolder, FlagsEditor
from mailsurgeon.tui.screens.journal import JournalScreen
from mailsurgeon.tui.screens.main.facade import MainFacade
from mailsurgeon.tui.screens.main.list_controller import ListController
from mailsurgeon.tui.screens.main.survey_controller import SurveyController
from mailsurgeon.tui.screens.plan import PlanOutcome, PlanScreen
from mailsurgeon.tui.screens.quarantine import QuarantineScreen
from mailsurgeon.tui.session import SpoolSession
from mailsurgeon.tui.text.folder import distinct_names
from mailsurgeon.tui.text.report import report_text
from mailsurgeon.tui.triage import next_after
from mailsurgeon.tui.widgets.folder_tree import ALL


class PlanController:
    """Proposes operations. A worker calls `before` and makes the plan once that returns."""

    def __init__(
        self,
        session: SpoolSession,
        screen: MainFacade,
        survey: SurveyController,
        lists: ListController,
        before: Callable[[], object],
    ) -> None:
        self._session, self._screen = session, screen
        self._survey, self._lists = survey, lists
        self._before = before
        self._finished_kind: tuple[str, tuple[KindRow, ...]] | None = None

    # Proposing

    def propose(self, remedy: str) -> None:
        """Proposes a remedy (empty: each problem's own) for the chosen messages or folder; first
        asks for what the remedy needs."""
        entries, folder = self._lists.chosen(), self._lists.chosen_folder()
        if folder is not None and remedy == "quarantine":
            self._open(lambda index: self._session.tools.propose_folder(index, folder))
        elif not entries:
            self._screen.tell("Messages are chosen in the list.")
        elif remedy == "file":
            self._ask_folder(entries)
        elif remedy == "fix-flags":
            self._ask_flags(entries)
        else:
            self._propose(entries, remedy or None)

    def _ask_folder(self, entries: list[int]) -> None:
        index, folders = self._session.index, self._survey.snapshot.folders
        first = index.entries(entries[:1])
        here = next((row.path for row in folders if first and row.id == first[0].folder), None)
        paths = {name: row.path for name, row in distinct_names(folders)}
        proposed = next((name for name, path in paths.items() if path == here), "")

        def go_on(name: str | None) -> None:
            if name:
                self._propose(entries, "file", target=paths[name])

        self._screen.open_screen(AskFolder(proposed, list(paths), len(entries)), go_on)

    def _ask_flags(self, entries: list[int]) -> None:
        first = self._session.index.entries(entries[:1])

        def go_on(flags: str | None) -> None:
            if flags is not None:
                self._propose(entries, "fix-flags", flags=flags)

        path, folder = (first[0].path, first[0].folder) if first else (b"", None)
        rows = self._survey.snapshot.folders
        where = next((row.path for row in rows if row.id == folder), None)
        names = {} if where is None else self._session.tools.keyword_names(where)
        self._screen.open_screen(FlagsEditor(path, len(entries), names), go_on)

    def _propose(
        self,
        entries: list[int],
        remedy: str | None,
        *,
        target: bytes | None = None,
        flags: str | None = None,
    ) -> None:
        code = self._lists.shown.code
        # A mark out of view may be of another kind than the list.
        away = self._lists.marks.away()
        codes = [code] if remedy is None and code and not away else None

        def make(index: Index) -> Plan:
            return self._session.tools.propose(
                index, entries, remedy, codes=codes, target=target, flags=flags
            )

        finishes = code if self._lists.holds_no_other(entries) else ""
        self._open(make, entries, finishes, note=away)

    def undo(self, operation: int | None = None) -> None:
        """Proposes to undo an operation (None: the last one)."""
        self._open(lambda index: self._session.tools.plan_undo(index, operation))

    def redo(self, operation: int | None = None) -> None:
        """Proposes to redo an operation that was undone (None: the last one)."""
        self._open(lambda index: self._session.tools.plan_redo(index, operation))

    def propose_all(self) -> None:
        """Proposes what a plain `fix` does."""
        self._open(self._session.tools.propose_all)

    def open_quarantine(self) -> None:
        """Opens what was put away, which can be brought back or deleted for good."""
        self._screen.open_screen(QuarantineScreen(self._open, partial(self._open, purges=True)))

    def open_journal(self) -> None:
        """Opens the journal, where any operation can be undone or redone."""
        self._screen.open_screen(JournalScreen(self.undo, self.redo))

    def _open(
        self,
        make: Callable[[Index], Plan],
        entries: list[int] | None = None,
        finishes: str = "",
        *,
        purges: bool = False,
        note: str = "",
    ) -> None:
        """Opens the plan that `make` makes for these entries; `finishes`: the kind of problem that
        the plan ends, or empty. `purges`: it deletes from the quarantine.
        `note`: what the operator must know of the choice."""

        def make_then(index: Index) -> Plan:
            self._before()
            return make(index)

        sizes = {folder.path: folder.messages for folder in self._survey.snapshot.folders}
        follow = partial(self._follow_up, entries or [], finishes)
        plan = PlanScreen(make_then, sizes, purges=purges, note=note)
        self._screen.open_screen(plan, follow)

    # Afterwards

    def _follow_up(self, entries: list[int], finishes: str, outcome: PlanOutcome | None) -> None:
        if outcome is None:
            return
        if outcome.report is None:
            self._screen.tell(outcome.error or "Nothing was changed.")
            return
        report = outcome.report
        self._lists.forget_marks(entries)
        whole = finishes and report.state == "applied"
        self._finished_kind = (finishes, self._survey.snapshot.kinds) if whole else None
        self._screen.tell(report_text(report, self._session.keymap))
        if report.folders:
            self._screen.begin_survey(report.folders)

    def survey_finished(self, _event: SurveyFinished) -> None:
        """Reads the list again; if an operation has ended a kind of problem, opens the list of the
        next kind."""
        if not self._go_to_next_kind() and not self._leave_ended_kind():
            self._lists.refresh()
        self._screen.show_status()

    def _leave_ended_kind(self) -> bool:
        """Opens another list if the one shown is of a kind of problem, or of a folder, that is
        there no longer."""
        shown, found = self._lists.shown, self._survey.snapshot
        kinds = found.kinds
        if shown.what == "folder":
            there = any(row.id == shown.folder for row in found.folders)
        else:
            there = shown.what != "code" or any(kind.code == shown.code for kind in kinds)
        if there:
            return False
        if not kinds or shown.what == "folder":
            self._lists.open_target(ALL)
            self._lists.tree.go_to_target(ALL)
        else:
            self._lists.go_to_kind(kinds[0].code, "first")
        return True

    def _go_to_next_kind(self) -> bool:
        if self._finished_kind is None:
            return False
        (code, before), self._finished_kind = self._finished_kind, None
        follower = next_after(before, self._survey.snapshot.kinds, code)
        if follower is None:
            return False
        self._lists.go_to_kind(follower, "first")
        return True
