"""A new kind of step needs one class and one entry in the table, nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

import pytest

from mailsurgeon.errors import JournalError
from mailsurgeon.report.plan import plan_as_dict
from mailsurgeon.report.session_log import write_log
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Act, Step
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps import registry
from mailsurgeon.surgery.steps.base import Where, link_data, present
from mailsurgeon.surgery.steps.shell_words import ShellWords
from mailsurgeon.tui.text.plan import PlanLines
from tests.surgery.conftest import Maildir, plan

MARK = b"cur/.mark"


class Crash(BaseException):
    """The program ends here."""


@dataclass(frozen=True, slots=True)
class Mark(Step):
    """Puts an empty file at `source`, or takes it away."""

    action: ClassVar[str] = "mark"

    source: bytes
    _: KW_ONLY
    color: str
    take_away: bool = False

    def do(self, places: Places, _folders: LockedFolders) -> None:
        directory, name = places.locate(self.source)
        if self.take_away:
            os.unlink(name, dir_fd=directory)
            return
        try:
            os.close(os.open(name, os.O_CREAT | os.O_EXCL, 0o600, dir_fd=directory))
        except FileExistsError:
            raise StepRefused("it is marked already") from None

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        return (at.look(*places.locate(self.source)) is None) == self.take_away

    def inverse(self) -> Mark:
        return replace(self, take_away=not self.take_away)

    def facts(self) -> dict[str, Any]:
        return present(color=self.color, take_away=self.take_away, **self.link_facts())

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Mark:
        assert where.source is not None
        color, take_away = str(data["color"]), bool(data["take_away"])
        return cls(where.source, *where[1:], color=color, take_away=take_away, **link_data(data))

    def shell(self, words: ShellWords) -> Iterator[str]:
        yield f"{'rm' if self.take_away else 'touch'} -- {words.path(self.source)}"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, Mark.action, Mark)


def marking() -> Act:
    return Act("mark", MARK, (Mark(MARK, None, folder=b"", color="red"),))


def test_it_is_planned_done_written_as_shell_and_taken_back(maildir: Maildir) -> None:
    before = maildir.picture()
    made = plan(marking())
    assert plan_as_dict(made)["acts"][0]["steps"] == [
        {"action": "mark", "source": "cur/.mark", "target": None,
         "data": {"color": "red", "take_away": False}}
    ]  # fmt: skip
    lines = PlanLines(made, made, frozenset(), 80)
    assert lines.line(lines.first_change).plain.split() == ["mark", "cur/.mark"]
    with maildir.surgeon() as surgeon:
        assert surgeon.apply(made).state == "applied"
        assert maildir.path(MARK).exists()
        assert surgeon.apply(surgeon.plan_undo()).state == "applied"
        assert maildir.picture() == before
        assert surgeon.apply(surgeon.plan_redo()).state == "applied"
        assert maildir.path(MARK).exists()
    with maildir.surgeon() as surgeon:
        rows = [row for number in (1, 2, 3) for row in surgeon.steps(number)]
        assert [row.data for row in rows] == [
            {"color": "red", "take_away": False},
            {"color": "red", "take_away": True, "inverts": 1},
            {"color": "red", "take_away": False, "repeats": 1},
        ]
        script = write_log(surgeon, "sh").splitlines()
        assert [line for line in script if line.endswith("cur/.mark")] == [
            "touch -- cur/.mark", "rm -- cur/.mark", "touch -- cur/.mark",
        ]  # fmt: skip
        assert "- done: `mark cur/.mark`" in write_log(surgeon, "md")


@pytest.mark.parametrize("done", [False, True])
def test_one_cut_off_by_a_crash_is_looked_for(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    before = maildir.picture()
    do = Mark.do

    def die(step: Mark, *where: Any) -> None:
        if done:
            do(step, *where)
        raise Crash

    with monkeypatch.context() as patch, maildir.surgeon() as surgeon:
        patch.setattr(Mark, "do", die)
        with pytest.raises(Crash):
            surgeon.apply(plan(marking()))
    with maildir.surgeon() as surgeon:
        assert surgeon.recover() is not None
        assert [row.state for row in surgeon.steps(1)] == ["done" if done else "refused"]
        if done:
            surgeon.apply(surgeon.plan_undo())
    assert maildir.picture() == before


def test_an_act_it_cannot_be_done_in_is_taken_back_whole(maildir: Maildir) -> None:
    path = maildir.mail(b"1300000001.M1P1.host")
    maildir.path(MARK).touch()
    before = maildir.picture()
    act = Act("file", path, (maildir.rename_step(path, b"cur/" + path), *marking().steps))
    with maildir.surgeon() as surgeon:
        report = surgeon.apply(plan(act))
    assert [one.reason for one in report.refused] == ["it is marked already"]
    assert maildir.picture() == before


def test_a_kind_that_is_not_known_is_refused_in_one_line(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch
) -> None:
    with maildir.surgeon() as surgeon:
        surgeon.apply(plan(marking()))
    monkeypatch.delitem(registry.KINDS, Mark.action)
    with maildir.surgeon() as surgeon, pytest.raises(JournalError) as raised:
        surgeon.plan_undo()
    assert "'mark' is not a kind of step known here" in str(raised.value)
    assert maildir.path(MARK).exists()


@pytest.mark.parametrize("data", ['{"color": "red"}', "[]", "{}"])
def test_data_of_another_kind_are_refused_in_one_line(
    maildir: Maildir, monkeypatch: pytest.MonkeyPatch, data: str
) -> None:
    """With the right checksum, as a version to come might write them."""
    intend = Journal.intend

    def other(journal: Journal, records: Iterable[StepRecord], *more: Any) -> list[StepRecord]:
        with monkeypatch.context() as patch:
            patch.setattr(Mark, "text", data)
            return intend(journal, records, *more)

    with monkeypatch.context() as patch, maildir.surgeon() as surgeon:
        patch.setattr(Journal, "intend", other)
        surgeon.apply(plan(marking()))
    with maildir.surgeon() as surgeon, pytest.raises(JournalError) as raised:
        surgeon.plan_undo()
    assert "\n" not in str(raised.value)
