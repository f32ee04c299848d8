"""The part of the main screen that proposes: remedies, undo, redo, and what follows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.survey.index.index import Index
from mailsurgeon.text import visible
from mailsurgeon.tui.keys.actions import BY_ID, keys_of
from mailsurgeon.tui.screens.dialogs import AskFolder, FlagsEditor
from mailsurgeon.tui.screens.main.list_controller import BrowsingScreen
from mailsurgeon.tui.screens.plan import Outcome, PlanScreen
from mailsurgeon.tui.text.fields import title
from mailsurgeon.tui.triage import next_after

_DONE = {
    "file": "Filed", "fix-size": "Sizes put right", "fix-flags": "Flags put right",
    "quarantine": "Quarantined", "rename": "Renamed", "make-subdirs": "Directories made",
    "undo": "Put back", "redo": "Done again", "restore": "Restored", "fix": "Repaired",
}  # fmt: skip


class OperatingScreen(BrowsingScreen):
    """Proposes operations and follows them up; what is chosen is for MainScreen to say."""

    def chosen(self) -> list[int]:
        """The entries meant: the marked ones, else the one under the cursor."""
        raise NotImplementedError

    def chosen_folder(self) -> int | None:
        """The folder meant: the one under the cursor of the tree."""
        raise NotImplementedError

    def kind_shown(self) -> str:
        """The kind of problem whose list is shown, or empty."""
        raise NotImplementedError

    def finishes_kind(self, entries: list[int]) -> bool:
        """Whether these are all that the list of a kind shows."""
        raise NotImplementedError

    def go_to_kind(self, code: str, end: str) -> None:
        """Opens the list of a kind."""
        raise NotImplementedError

    def forget_marks(self, entries: list[int]) -> None:
        """Takes the marks off what an operation was about."""
        raise NotImplementedError

    _next_kind: tuple[str, tuple[object, ...]] | None = None

    # Proposing

    def action_propose(self, remedy: str) -> None:
        """Proposes a remedy; asks for what it needs first."""
        entries, folder = self.chosen(), self.chosen_folder()
        if folder is not None and remedy == "quarantine":
            self._propose_folder(folder)
        elif not entries:
            self.tell("Messages are chosen in the list.")
        elif remedy == "file":
            self._ask_folder(entries)
        elif remedy == "fix-flags":
            self._ask_flags(entries)
        else:
            self.propose(entries, remedy or None)

    def _ask_folder(self, entries: list[int]) -> None:
        index = self.bench.index
        names = [row.name for row in self.snapshot.folders]
        targets = {p.detail.get("target") for p in index.problems(entries=entries[:1])}
        first = index.entries(entries[:1])
        here = next(
            (f.name for f in self.snapshot.folders if first and f.id == first[0].folder), ""
        )
        proposed = next((name for name in targets if isinstance(name, str)), here)

        def go_on(name: str | None) -> None:
            if name:
                self.propose(entries, "file", target=name)

        self.app.push_screen(AskFolder(proposed, names, len(entries)), go_on)

    def _ask_flags(self, entries: list[int]) -> None:
        first = self.bench.index.entries(entries[:1])

        def go_on(flags: str | None) -> None:
            if flags is not None:
                self.propose(entries, "fix-flags", flags=flags)

        self.app.push_screen(FlagsEditor(first[0].path if first else b"", len(entries)), go_on)

    def propose(
        self,
        entries: list[int],
        remedy: str | None,
        *,
        target: str | None = None,
        flags: str | None = None,
    ) -> None:
        """Opens the plan of a remedy (None: each problem's own) for these entries."""
        bench, code = self.bench, self.kind_shown()
        codes = [code] if remedy is None and code else None

        def make(index: Index) -> Plan:
            return bench.propose(
                bench.spool, index, entries, remedy, codes=codes, target=target, flags=flags,
                quarantine=bench.surgeon.quarantine_dir,
            )  # fmt: skip

        follow = code if self.finishes_kind(entries) else ""
        self.open_plan(make, lambda outcome: self._operated(outcome, entries, follow))

    def _propose_folder(self, folder: int) -> None:
        bench = self.bench

        def make(index: Index) -> Plan:
            return bench.propose_folder(
                bench.spool, index, folder, quarantine=bench.surgeon.quarantine_dir
            )

        self.open_plan(make, self._put_back)

    def action_undo(self) -> None:
        self.undo()

    def action_redo(self) -> None:
        self.redo()

    def undo(self, operation: int | None = None) -> None:
        """Proposes to take back an operation, or the last one."""
        surgeon = self.bench.surgeon
        self.open_plan(self._described(lambda: surgeon.plan_undo(operation)), self._put_back)

    def redo(self, operation: int | None = None) -> None:
        """Proposes to do again what was taken back."""
        surgeon = self.bench.surgeon
        self.open_plan(self._described(lambda: surgeon.plan_redo(operation)), self._put_back)

    def _described(self, make: Callable[[], Plan]) -> Callable[[Index], Plan]:
        """A plan of the journal's with what clients will notice of it."""
        bench = self.bench
        return lambda index: bench.described(
            bench.spool, index, make(), quarantine=bench.surgeon.quarantine_dir
        )

    def open_plan(
        self, make: Callable[[Index], Plan], follow: Callable[[Outcome | None], None]
    ) -> None:
        """Shows the plan that `make` makes."""
        sizes = {folder.path: folder.messages for folder in self.snapshot.folders}
        self.app.push_screen(PlanScreen(make, sizes), follow)

    # Afterwards

    def _put_back(self, outcome: Outcome | None) -> None:
        self._operated(outcome, [], "")

    def _operated(self, outcome: Outcome | None, entries: list[int], code: str) -> None:
        if outcome is None:
            return
        if outcome.report is None:
            self.tell(outcome.error or "Nothing was changed.")
            return
        report = outcome.report
        self.forget_marks(entries)
        whole = code and report.state == "applied"
        self._next_kind = (code, self.snapshot.kinds) if whole else None
        self.tell(report_text(report, self.bench.keymap))
        if report.folders:
            self.look_again(report.folders)

    def follow_up(self) -> bool:
        """After the survey: goes to the next kind when one was finished; True when it went."""
        if self._next_kind is None:
            return False
        (code, before), self._next_kind = self._next_kind, None
        follower = next_after(before, self.snapshot.kinds, code)  # type: ignore[arg-type]
        if follower is None:
            return False
        self.go_to_kind(follower, "first")
        return True


def report_text(report: Report, keymap: Mapping[str, str]) -> str:
    """`Filed 11,961, quarantined 12.  u takes it back.`; safe to show."""
    done = sum(report.done.values())
    if not done:
        text = (
            f"{title(report.kind)}: {report.summary}" if report.summary else "Nothing was changed"
        )
    else:
        text = _done_text(report)
    if report.refused:
        text += f", {len(report.refused):,} refused ({report.refused[0].reason})"
    if report.state in ("partial", "failed", "interrupted"):
        text += f"; {report.state}"
    text = visible(text)
    return f"{text}.{_way_back(report.kind, keymap)}" if done and report.operation else f"{text}."


def _way_back(kind: str, keymap: Mapping[str, str]) -> str:
    if kind == "undo":
        return f"  {keys_of(BY_ID['redo'], keymap)[0]} does it again."
    return f"  {keys_of(BY_ID['undo'], keymap)[0]} takes it back."


def _done_text(report: Report) -> str:
    if report.kind in ("undo", "redo", "restore"):
        return f"{_DONE[report.kind]} {sum(report.done.values()):,}"
    counts: dict[str, int] = {}
    for verdict, number in report.done.items():
        verb = _verb(verdict)
        counts[verb] = counts.get(verb, 0) + number
    done = sorted(counts.items(), key=lambda item: -item[1])
    parts = [f"{_DONE.get(_verb(v), v)} {n:,}" for v, n in done if n]
    return ", ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])


def _verb(verdict: str) -> str:
    return verdict if verdict in _DONE else verdict.split(" ")[0]
