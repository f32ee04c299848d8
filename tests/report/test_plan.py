"""A plan as it is printed: rows by verdict, first paths, effects, what is left."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from mailsurgeon.report.outcome import plan_outcome, print_report, report_outcome
from mailsurgeon.report.output import as_json, console_for
from mailsurgeon.report.plan import plan_summary, print_plan, print_question
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.model import Act, Left, Plan, Refusal, Report
from mailsurgeon.surgery.steps.rename import Rename

Shown = Callable[..., str]


def filed(number: int) -> Act:
    source, target = b"1%d.host:2,S" % number, b"cur/1%d.host:2,S" % number
    step = Rename(source, target, keep_uid=False)
    return Act("file", source, (step,), "INBOX", ("misfiled",), ("file",))


PUT_AWAY = Act(
    "quarantine empty",
    b"cur/2\xff:2,",
    (Rename(b"cur/2\xff:2,", QuarantinePath.of(None, b"cur/2\xff:2,")),),
    "INBOX",
    ("empty",),
    ("quarantine",),
    note="clients see it deleted",
)
PLAN = Plan(
    "fix",
    (*(filed(number) for number in range(5)), PUT_AWAY),
    (
        Left(b"cur/8", "has no remedy", ("linked",), refused=False),
        Left(b"cur/9", "has no remedy", ("linked",), refused=False),
        Left(b"cur/7", "a client may hold it", ("empty",), True, "--force does it"),
    ),
    ("5 new messages in INBOX",),
    ("quarantine: /srv/mail/.ann.quarantine",),
)


def test_one_row_a_verdict_with_its_first_paths(shown: Shown) -> None:
    out = shown(print_plan, PLAN)
    lines = out.splitlines()
    assert lines[0] == "fix: file 5, quarantine empty 1"
    assert lines[2].split(maxsplit=2) == ["file", "5", "10.host:2,S -> cur/10.host:2,S"]
    assert lines[5].strip() == "and 2 more"
    assert "cur/2\\xff:2, -> quarantine:@/cur/2\\xff:2, (clients see it deleted)" in lines[6]
    assert "14.host" not in out


def test_effects_needs_and_what_is_left(shown: Shown) -> None:
    lines = shown(print_plan, PLAN).splitlines()
    assert lines[7:] == [
        "clients   5 new messages in INBOX",
        "uses      quarantine: /srv/mail/.ann.quarantine",
        "refused   1 empty: a client may hold it (--force does it)",
        "          cur/7",
        "not done  2 linked: has no remedy",
    ]


def test_a_label_stands_before_the_first_of_its_lines_only(shown: Shown) -> None:
    plan = replace(PLAN, effects=("5 new messages", "1 message gone"), needs=("a lock", "a place"))
    assert shown(print_plan, plan).splitlines()[7:11] == [
        "clients   5 new messages",
        "          1 message gone",
        "uses      a lock",
        "          a place",
    ]


def test_the_whole_plan_names_every_step(shown: Shown) -> None:
    out = shown(print_plan, PLAN, whole=True)
    assert all(f"rename 1{number}.host:2,S -> cur/1{number}.host:2,S" in out for number in range(5))
    assert "more" not in out
    assert "cur/9" in out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_plan_before_the_question_fits_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("TERM", "xterm")
    many = tuple(
        replace(filed(number), verdict=f"verdict {number % 9}", path=b"x" * 90)
        for number in range(40)
    )
    for plan, examples in ((PLAN, 3), (replace(PLAN, acts=many), 0)):
        stream = Terminal()
        print_question(plan, console_for(stream))
        lines = stream.getvalue().splitlines()
        assert len(lines) < 24
        assert sum("-> cur/" in line for line in lines) == examples
        assert "refused   1 empty: a client may hold it (--force does it)" in lines
        assert lines[-1] == "not done  2 LINK; --dry-run names them"


def test_nothing_to_do(shown: Shown) -> None:
    empty = replace(PLAN, acts=())
    assert shown(print_plan, empty).splitlines()[0] == "fix: nothing to do"
    assert plan_outcome(empty)["state"] == "nothing to do"


def test_hostile_verdicts_and_reasons_are_made_visible(shown: Shown) -> None:
    act = replace(filed(1), verdict="fi\x1ble", note="\u202e")
    plan = Plan("fix", (act,), (Left(b"a\nb", "be\x07cause", (), True, "\x1b"),), ("e\x1b",))
    out = shown(print_plan, plan)
    assert all(char == "\n" or char.isprintable() for char in out)
    assert plan_summary(plan) == "fi\\x1ble 1"


def test_json_of_a_plan_has_every_step() -> None:
    found = json.loads(as_json(plan_outcome(PLAN)))
    assert found["schema"] == 1
    assert (found["operation"], found["state"], found["kind"]) == (None, "planned", "fix")
    assert found["summary"] == "file 5, quarantine empty 1"
    assert found["plan"]["verdicts"] == {"file": 5, "quarantine empty": 1}
    assert len(found["plan"]["acts"]) == 6
    assert found["plan"]["acts"][5] == {
        "verdict": "quarantine empty",
        "path": "cur/2\udcff:2,",
        "folder": "INBOX",
        "codes": ["empty"],
        "remedies": ["quarantine"],
        "note": "clients see it deleted",
        "steps": [
            {"action": "rename", "source": "cur/2\udcff:2,",
             "target": "quarantine:@/cur/2\udcff:2,", "data": {}}
        ],
    }  # fmt: skip
    assert found["left"][2] == {
        "path": "cur/7", "codes": ["empty"], "reason": "a client may hold it",
        "hint": "--force does it", "refused": True, "commands": [],
    }  # fmt: skip


REPORT = Report(
    7, "fix", "partial", "file 4", {"file": 4},
    (Refusal(b"14.host:2,S", "is gone"),), ("UIDs kept for 4 of 4",), (b"",),
)  # fmt: skip


def test_the_report_tells_done_refused_left_and_the_way_back(shown: Shown) -> None:
    out = shown(_report, PLAN, REPORT, undo="mailsurgeon undo /srv/mail/ann 7")
    assert out.splitlines() == [
        "fix: file 4 (partial)",
        "done      4 file",
        "refused   14.host:2,S: is gone",
        "clients   UIDs kept for 4 of 4",
        "refused   1 empty: a client may hold it (--force does it)",
        "          cur/7",
        "not done  2 linked: has no remedy",
        "          cur/8",
        "          cur/9",
        "Operation 7. mailsurgeon undo /srv/mail/ann 7 takes it back.",
    ]


def _report(*arguments: object, **more: object) -> None:
    print_report(*arguments, **more)  # type: ignore[arg-type]


def test_what_bears_no_problem_is_counted_once(shown: Shown) -> None:
    plan = Plan("fix", (), (Left(b"cur/1", "nothing is wrong with it", refused=False),))
    assert shown(print_plan, plan).splitlines()[1:] == [
        "not done  1 path: nothing is wrong with it"
    ]


def test_json_of_a_report() -> None:
    found = report_outcome(PLAN, REPORT)
    assert (found["operation"], found["state"], found["done"]) == (7, "partial", {"file": 4})
    assert found["refused"] == [{"path": "14.host:2,S", "reason": "is gone"}]
    assert found["effects"] == ["UIDs kept for 4 of 4"]
    assert "plan" not in found
