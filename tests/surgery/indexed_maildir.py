"""A spool with everything around it: survey it, plan, apply, look again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.surgery.model import Act, Plan, Report
from mailsurgeon.surgery.plan.propose import propose
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.run import run_survey
from tests.surgery.conftest import Maildir, maildir_in

DAY = 86_400
MESSAGE = (
    b"From: a@example.org\nMessage-ID: <%d@example.org>\n"
    b"Date: Sun, 13 Mar 2011 07:06:40 +0000\nSubject: %d\n\nText.\n"
)


def text(number: int) -> bytes:
    """A message unlike those of other numbers; its date is the mtime that `mail` gives."""
    return MESSAGE % (number, number)


class IndexedMaildir(Maildir):
    """A Maildir with an index. Leftovers in tmp/ are stale: the clock is two days ahead."""

    index: Index
    options = Options(clock_ahead=2 * DAY)

    def uidlist(self, folder: bytes, *bases: bytes, first: int = 1) -> Path:
        """A Dovecot uidlist whose records tell of no sizes."""
        return self.tree.uidlist(folder, bases, first)

    def survey(self) -> IndexedMaildir:
        run_survey(self.spool, self.index, self.options)
        return self

    def ids(self, *paths: bytes) -> list[int]:
        found = [self.index.entry_at(path) for path in paths]
        assert None not in found, [path for path, one in zip(paths, found, strict=True) if not one]
        return [entry.id for entry in found if entry]

    def propose(self, *paths: bytes, **options: Any) -> Plan:
        remedy = options.pop("remedy", None)
        return propose(self.spool, self.index, self.ids(*paths), remedy, **options)

    def fix(self, **options: Any) -> Plan:
        return plan_fix(self.spool, self.index, **options)

    def apply(self, plan: Plan) -> Report:
        with self.surgeon() as surgeon:
            report = surgeon.apply(plan)
        assert not report.refused, report.refused
        return report

    def undo(self) -> Report:
        with self.surgeon() as surgeon:
            return surgeon.apply(surgeon.plan_undo())

    def codes(self) -> dict[bytes, list[str]]:
        """The problems above info, by path."""
        found: dict[bytes, list[str]] = {}
        for row in self.index.problems():
            if row.severity:
                found.setdefault(row.path, []).append(row.code)
        return found


@contextmanager
def indexed_maildir_in(home: Path, layout: str = "maildir++") -> Iterator[IndexedMaildir]:
    """An empty spool with INBOX in `home`."""
    maildir = maildir_in(home, layout)
    indexed = IndexedMaildir(maildir.home, maildir.root, maildir.spool)
    indexed.index = Index.open(home / "cache" / "index")
    yield indexed
    indexed.index.close()


def moves(plan: Plan) -> dict[bytes, bytes]:
    """Where every rename of a plan takes what."""
    return {
        step.source: step.target
        for act in plan.acts
        for step in act.steps
        if step.source is not None and step.target is not None
    }


def only_act(plan: Plan) -> Act:
    assert len(plan.acts) == 1, plan.acts
    return plan.acts[0]
