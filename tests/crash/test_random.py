"""Any sequence of repairs, undo, redo and crashes, with others at work on the same spool.

After every step nothing is lost, the disk is as the journal says, and who was not meant has the
UID it had. At the end everything is taken back: all of it when nobody interfered, and what cannot
be is named.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailsurgeon.errors import MailsurgeonError, Refused
from mailsurgeon.surgery.fsops.paths import QUARANTINE, QuarantinePath
from mailsurgeon.surgery.journal.records import NOT_UNDOABLE, StepRecord
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.surgery.plan.propose import propose, propose_folder
from mailsurgeon.survey.run import run_survey
from tests.crash.support.random_checks import check_uids, check_words
from tests.crash.support.random_kill import dying_at
from tests.crash.support.random_model import (
    LETTERS,
    SUM,
    Scene,
    differences,
    follow,
    look,
    quota_drift,
)
from tests.crash.support.random_others import DEEDS, Others
from tests.crash.support.random_spool import RandomSpool
from tests.surgery.conftest import total

pytestmark = pytest.mark.crash

FULL = os.environ.get("MAILSURGEON_CRASH") == "full"
SEQUENCES = 1000 if FULL else 80
STEPS = 12
MEMORY = Path("/dev/shm")

KINDS = (
    "fix", "fix", "fix what is found", "fix what is found", "its own remedy", "its own remedy",
    "file", "file", "fix-flags", "quarantine", "rename", "fix-date", "fix-permissions",
    "folder: quarantine", "folder: lift-folder", "folder: make-subdirs",
)  # fmt: skip
WAYS = (
    "undo", "undo", "undo one", "undo all", "redo", "redo one", "restore", "restore an operation",
)  # fmt: skip
ANY = st.integers(0, 10**6)
WHICH = st.lists(ANY, min_size=1, max_size=4)
DEATH = st.one_of(st.none(), st.none(), st.integers(1, 90))
"""The call at which the program dies, or never."""

counted: Counter[str] = Counter()
reasons: Counter[str] = Counter()


class Life(RuleBasedStateMachine):
    """One spool from its first survey to the last undo."""

    @initialize(seed=ANY, alone=st.booleans())
    def move_in(self, seed: int, alone: bool) -> None:
        parent = MEMORY if os.access(MEMORY, os.W_OK) else None
        self.home = Path(tempfile.mkdtemp(prefix="mailsurgeon-random-", dir=parent))
        self.indexed = RandomSpool(self.home, seed).build()
        self.others = Others(self.indexed)
        self.alone, self.sound = alone, True
        self.surgeon = self.indexed.surgeon()
        self.first = self.scene = self.look()
        counted["sequences"] += 1
        counted["sequences that nobody interfered with"] += alone

    def look(self) -> Scene:
        items = {item.path for item in self.surgeon.quarantined()}
        return look(os.fsencode(self.indexed.root), self.surgeon.quarantine_dir, items)

    # Operations

    @rule(kind=st.sampled_from(KINDS), which=WHICH, to=ANY, death=DEATH)
    def operate(self, kind: str, which: list[int], to: int, death: int | None) -> None:
        """A repair, planned by the planner after a survey."""
        run_survey(self.indexed.spool, self.indexed.index, self.indexed.options)
        self.run(lambda: self.planned(kind, which, to), death)

    def planned(self, kind: str, which: list[int], to: int) -> Plan:
        spool, index = self.indexed.spool, self.indexed.index
        if kind == "fix":
            return self.indexed.fix()
        if kind == "fix what is found":
            codes = sorted({row.code for row in index.problems()}) or ["misfiled"]
            return self.indexed.fix(only=[codes[to % len(codes)]], force=which[0] % 2 == 0)
        folders = sorted(index.folders(), key=lambda row: row.path)
        folder = folders[to % len(folders)]
        if kind.startswith("folder: "):
            return propose_folder(spool, index, folder.id, kind.removeprefix("folder: "))
        remedy = None if kind == "its own remedy" else kind
        more: dict[str, Any] = {}
        if kind == "file":
            more["target"] = folder.name
        if kind == "fix-flags":
            more["flags"] = ("", "S", "FS", "DRT")[to % 4]
        rows = index.db.execute("SELECT id FROM entries ORDER BY mtime_ns, directory")
        ids = [one for (one,) in rows]
        chosen = sorted({ids[one % len(ids)] for one in which}) if ids else []
        return propose(spool, index, chosen, remedy, **more)

    # Back and forth

    @rule(way=st.sampled_from(WAYS), which=WHICH, death=DEATH)
    def go_back(self, way: str, which: list[int], death: int | None) -> None:
        """Undo, redo, or restore from the quarantine."""
        if way == "undo all":
            self.take_back_everything()
            return
        if way == "redo" and not any(one.counts.get("undone") for one in self.surgeon.operations()):
            self.run(lambda: self.plan_back("undo", which), None)
        if way.startswith("restore") and not self.surgeon.quarantined():
            self.operate("quarantine", which, 0, None)
        self.run(lambda: self.plan_back(way, which), death)

    def plan_back(self, way: str, which: list[int]) -> Plan:
        kept = [one for one in self.surgeon.operations() if one.kind not in NOT_UNDOABLE]
        named = kept[which[0] % len(kept)].id if kept else None
        if way == "undo":
            return self.surgeon.plan_undo()
        if way == "undo one":
            return self.surgeon.plan_undo(named)
        if way == "redo":
            return self.surgeon.plan_redo()
        if way == "redo one":
            undone = [one.id for one in kept if one.counts.get("undone")]
            return self.surgeon.plan_redo(undone[which[0] % len(undone)] if undone else named)
        items = self.surgeon.quarantined()
        if not items:
            raise Refused("the quarantine is empty")
        if way == "restore":
            return self.surgeon.plan_restore([items[one % len(items)] for one in set(which)])
        return self.surgeon.plan_restore(items[which[0] % len(items)].operation)

    @rule()
    def restart(self) -> None:
        """The program is ended and started again."""
        self.surgeon.close()
        self.surgeon = self.indexed.surgeon()

    # The others

    @precondition(lambda self: not self.alone)
    @rule(deeds=st.lists(st.sampled_from(DEEDS), min_size=1, max_size=4), which=WHICH)
    def others_work(self, deeds: list[str], which: list[int]) -> None:
        """What servers, clients and deliveries do meanwhile."""
        for number, deed in enumerate(deeds):
            self.somebody_does(deed, which[number % len(which)] + number)
        self.scene = self.look()

    def somebody_does(self, deed: str, which: int) -> None:
        """In the first folder, from some one on, where there is anything to do."""
        folders = self.others.folders()
        start = which % len(folders) if folders else 0
        for folder in folders[start:] + folders[:start]:
            if getattr(self.others, deed)(folder, which):
                counted[f"by others: {deed.replace('_', ' ')}"] += 1
                return

    # Running, and what must be so afterwards

    def run(self, planned: Callable[[], Plan], death: int | None) -> Report | None:
        """Plans, runs, perhaps dies on the way and is recovered; then looks."""
        counted["steps"] += 1
        self.sound = False
        try:
            plan = planned()
        except MailsurgeonError as refusal:
            note(str(refusal))
            self.sound = True
            return None
        last = max((one.id for one in self.surgeon.operations()), default=0)
        report = None
        if death is None:
            report = self.surgeon.apply(plan)
        else:
            with dying_at(death) as death_of:
                report = self.surgeon.apply(plan)
            if death_of.struck:
                report = self.recover()
        if report is not None:
            assert report.state in ("applied", "partial", "failed"), report
            counted[f"operations: {report.kind}"] += report.operation is not None
            for one in (*plan.left, *report.refused):
                note(one.reason)
        self.check(last)
        return report

    def recover(self) -> Report | None:
        counted["crashes"] += 1
        self.surgeon.close()
        self.surgeon = self.indexed.surgeon()
        report = self.surgeon.recover()
        assert self.surgeon.unfinished() is None
        return report

    def check(self, last: int) -> None:
        """What the operations after `last` have come to is what the journal says."""
        records = [
            record
            for operation in self.surgeon.operations()
            if operation.id > last
            for record in self.surgeon.steps(operation.id)
        ]
        assert all(one.state != "planned" for one in records)
        recorded = [one for one in records if one.state == "done"]
        done = [one for one in recorded if not self.was_so_before(one)]
        told, went = follow(self.scene, done)
        found = self.look()
        assert not differences(told, found), "\n".join(differences(told, found))
        self.check_messages(found)
        check_uids(self.scene, found, went, done)
        check_words(self.scene, found, went, done)
        whole = any(moves_directory(one) for one in done)
        if (self.alone or not whole) and len(done) == len(recorded):
            self.check_quota(self.scene, found, whole=whole)
        self.check_quarantine(found)
        self.scene, self.sound = found, True

    def was_so_before(self, one: StepRecord) -> bool:
        """Whether a recovery has called a rename done that there was nothing left to do for: the
        file had come to its place, from another one, before it was planned."""
        before, expected = self.scene.things, one.step.expected
        return (
            one.action == "rename"
            and expected is not None
            and one.source not in before
            and one.target in before
            and before[one.target].inode == expected.inode
        )

    def check_messages(self, found: Scene) -> None:
        before = Counter(one.content for _, one in self.scene.messages())
        after = Counter(one.content for _, one in found.messages())
        assert after == before, (before - after, after - before)

    def check_quota(self, before: Scene, after: Scene, *, whole: bool) -> None:
        """The sum tells of as much as before; `whole`: lists came back with their folders."""
        layout, traces = self.indexed.spool.layout, set(before.lists)
        if whole:
            traces |= set(after.lists)
        drift = quota_drift(before, layout, traces)
        assert quota_drift(after, layout, traces) == drift, drift

    def check_quarantine(self, found: Scene) -> None:
        """What is in the quarantine is what the journal says is there."""
        items = [
            QuarantinePath.of(item.operation, item.present) if item.present else item.path
            for item in self.surgeon.quarantined()
        ]
        for path, _ in found.messages():
            if path.startswith(QUARANTINE):
                assert any(path == one or path.startswith(one + b"/") for one in items), path
        assert all(path in found.things or path in found.lists for path in items)

    # The end

    def take_back_everything(self) -> set[bytes]:
        """As `undo --all` does; the paths that were named as not taken back."""
        named: set[bytes] = set()
        tried: set[int] = set()
        while left := [one for one in self.surgeon.undoable() if one not in tried]:
            tried.add(left[0])
            named |= self.undo_named(left[0])
        return named

    def undo_named(self, number: int) -> set[bytes]:
        plans: list[Plan] = []

        def planned() -> Plan:
            plans.append(self.surgeon.plan_undo(number))
            return plans[0]

        report = self.run(planned, None)
        refused = report.refused if report else ()
        return {one.path for plan in plans for one in plan.left} | {one.path for one in refused}

    def teardown(self) -> None:
        if not hasattr(self, "home"):
            return
        try:
            if self.sound:
                self.check_end(self.take_back_everything())
        finally:
            self.surgeon.close()
            self.indexed.index.close()
            shutil.rmtree(self.home)

    def check_end(self, named: set[bytes]) -> None:
        left = self.not_taken_back()
        assert left <= named, left - named
        counted["acts that could not be taken back, each named"] += len(left)
        if not self.alone:
            return
        assert not differences(self.first, self.scene), differences(self.first, self.scene)
        for path in self.first.lists.keys() | self.scene.lists.keys():
            self.check_list(path)
        counted["identical trees"] += 1

    def not_taken_back(self) -> set[bytes]:
        """The acts that are still done, by the path they have led to."""
        acts: dict[tuple[int, int], bytes] = {}
        for operation in self.surgeon.operations():
            if operation.kind in ("undo", "redo", "recover"):
                continue
            for one in self.surgeon.steps(operation.id):
                if one.state == "done" and one.act:
                    acts[one.operation, one.act] = one.target or one.source or b""
        return set(acts.values())

    def check_list(self, path: bytes) -> None:
        before, after = self.first.lists.get(path), self.scene.lists.get(path)
        name = os.path.basename(path)
        if name == LETTERS:  # names stay when Dovecot may have read them
            assert (after.content if after else b"").startswith(before.content if before else b"")
            return
        assert before and after, (path, before, after)
        if name == SUM:
            assert total(before.content) == total(after.content)
            after = replace(after, content=before.content)
        assert after == before, (path, before, after)


def moves_directory(one: StepRecord) -> bool:
    """Whether a step renames a directory. It counts for the quota with what lay in it when it was
    planned; what came since counts when a server counts anew."""
    expected = one.step.expected
    return one.action == "rename" and expected is not None and expected.size == -1


def note(reason: str) -> None:
    """Counts a refusal by its reason, names left out."""
    reason = re.sub(r"\S*[/.]\S+|\d+", "...", reason)
    reasons[reason[:90]] += 1


def live_through_each() -> None:
    """One sequence in which everything happens: what others are made of is not the same on every
    machine."""
    life = Life()
    life.move_in(7, alone=True)
    life.operate("fix", [0], 0, None)
    life.go_back("undo", [0], None)
    life.go_back("redo", [0], None)
    life.operate("quarantine", [0, 3], 0, None)
    life.go_back("restore", [0], None)
    life.operate("fix-flags", [0, 1, 2], 1, 20)
    life.teardown()


def test_any_sequence_loses_nothing_and_can_be_taken_back() -> None:
    counted.clear()
    reasons.clear()
    live_through_each()
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            derandomize=not FULL,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
    for counts in (counted, reasons):
        print(*("", *(f"{number:6} {what}" for what, number in sorted(counts.items()))), sep="\n")
    assert counted["sequences"] >= SEQUENCES
    assert counted["identical trees"] == counted["sequences that nobody interfered with"]
    for what in ("crashes", "operations: undo", "operations: redo", "operations: restore"):
        assert counted[what], f"never tried: {what}"
