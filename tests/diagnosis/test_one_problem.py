"""The code of a problem appears in three places: its entry, its rule and its explanation.

A made-up problem, given these three, is found, shown, told, repaired or left, and expected by
`verify`, without a change anywhere else.
"""

from __future__ import annotations

import importlib.util
import io
import json
import re
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from types import ModuleType

import pytest

from mailsurgeon.cli.arguments import checked_codes
from mailsurgeon.cli.commands.explain import explain
from mailsurgeon.diagnosis import message_rules
from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.explanations import EXPLANATIONS, Explanation
from mailsurgeon.diagnosis.facts import Finding, FolderFacts, MessageFacts
from mailsurgeon.diagnosis.kind import LeftAlone, ProblemKind, ServerView
from mailsurgeon.diagnosis.phrases import phrase
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.procedures.fix import plan_fix
from mailsurgeon.procedures.verify.expectations import findings_of
from mailsurgeon.report.scan import ScanFindings, write_scan
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.progress import SurveyResult
from mailsurgeon.survey.run import run_survey
from mailsurgeon.tui.text.fields import badges_text, title

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "mailsurgeon"
CODE = "odd-field"
MAIL = "From: ann@example.org\nMessage-ID: <%d@example.org>\nSubject: hello\n\nText.\n"
REPAIRED, LEFT, HEALTHY = (f"1700000000.M{n}.host" for n in (1, 2, 3))
REPAIRED, LEFT = f"{REPAIRED},Q=1:2,S", f"{LEFT},Q=2:2,S"


def odd_field(facts: MessageFacts, _folder: FolderFacts) -> Finding | None:
    """The rule: a field ,Q= in the name; where it is 2 there is no remedy."""
    match = re.search(rb",Q=(\d)", facts.filename)
    if match is None:
        return None
    number = int(match[1])
    return Finding(CODE, Severity.WARNING, {"number": number}, "rename" if number < 2 else None)


ENTRY = ProblemKind(
    CODE, "ODDF", "Odd field", Severity.WARNING,
    "The name has a field that no server knows.",
    ("rename",),
    evidence=phrase("it is number {number:,}"),
    plain_fix=("rename",),
    left=(LeftAlone("two is an even number", "mailsurgeon flags SPOOL PATH --set S"),),
    server=ServerView(must_complain=True, may_hide=True, hidden_because="has an odd field"),
)  # fmt: skip
EXPLANATION = Explanation(
    "Somebody was bored.", "Servers wonder.", "The name becomes usual.", "The text stays."
)


@pytest.fixture(autouse=True)
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up problem is known."""
    monkeypatch.setitem(CATALOGUE, CODE, ENTRY)
    monkeypatch.setitem(EXPLANATIONS, CODE, EXPLANATION)
    monkeypatch.setattr(message_rules, "FILE_RULES", (*message_rules.FILE_RULES, odd_field))


class Surveyed:
    """A spool of three messages, two of them with the made-up problem."""

    def __init__(self, home: Path) -> None:
        for part in ("cur", "new", "tmp"):
            (home / "Maildir" / part).mkdir(parents=True)
        for number, name in enumerate((REPAIRED, LEFT, f"{HEALTHY}:2,S")):
            (home / "Maildir" / "cur" / name).write_text(MAIL % number)
        options = Options()
        self.spool = open_spool(home / "Maildir", options)
        self.index = Index.open(home / "index.sqlite3")
        self.result: SurveyResult = run_survey(self.spool, self.index, options)

    def scan(self, form: str) -> str:
        stream = io.StringIO()
        write_scan(ScanFindings(self.spool, self.index, self.result), form, stream)
        return stream.getvalue()


@pytest.fixture
def surveyed(tmp_path: Path) -> Iterator[Surveyed]:
    found = Surveyed(tmp_path)
    yield found
    found.index.close()


@pytest.fixture
def tables() -> ModuleType:
    """What writes the documents."""
    spec = importlib.util.spec_from_file_location("tables", ROOT / "scripts" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_scan_tells_of_it(surveyed: Surveyed) -> None:
    found = json.loads(surveyed.scan("json"))
    assert [
        (problem["code"], problem["severity"], problem["path"], problem["remedy"])
        for problem in found["problems"]
    ] == [
        (CODE, "warning", f"cur/{REPAIRED}", "rename"),
        (CODE, "warning", f"cur/{LEFT}", None),
    ]
    table = surveyed.scan("table")
    assert "ODDF" in table
    assert "Odd field" in table
    assert "(it is number 2)" in table


def test_the_screen_shows_its_badge_and_title(surveyed: Surveyed) -> None:
    entry = surveyed.index.entry_at(f"cur/{LEFT}".encode())
    assert entry is not None
    shown, _ = badges_text(surveyed.index.badges([entry.id])[entry.id], 14)
    assert ("ODDF", Severity.WARNING) in shown
    assert title(CODE) == "Odd field"


def test_a_plain_fix_repairs_it_or_says_why_not(surveyed: Surveyed) -> None:
    plan = plan_fix(surveyed.spool, surveyed.index)
    assert [(act.path, act.verdict, act.codes) for act in plan.acts] == [
        (f"cur/{REPAIRED}".encode(), "rename", (CODE,))
    ]
    assert [(left.path, left.reason, left.hint) for left in plan.left] == [
        (
            f"cur/{LEFT}".encode(),
            "two is an even number",
            f"mailsurgeon flags {surveyed.spool.shown} PATH --set S",
        )
    ]


def test_a_plain_fix_leaves_it_when_its_entry_does_not_name_the_remedy(
    surveyed: Surveyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, CODE, ENTRY._replace(plain_fix=()))
    plan = plan_fix(surveyed.spool, surveyed.index)
    assert not plan.acts
    hints = {left.path: left.hint for left in plan.left}
    assert hints[f"cur/{REPAIRED}".encode()].endswith(f"--only {CODE}")
    assert len(plan_fix(surveyed.spool, surveyed.index, only=[CODE])) == 1


def test_verify_expects_what_its_entry_says(surveyed: Surveyed) -> None:
    found = findings_of(surveyed.index, surveyed.index.folders()[0])
    odd, healthy = f"cur/{LEFT}".encode(), f"cur/{HEALTHY}:2,S".encode()
    assert (CODE, odd) in found.expected
    assert found.explains(odd, "a complaint")
    assert found.explains_absence(odd)
    assert found.why_unseen(odd) == "has an odd field"
    assert not found.explains(healthy, "a complaint")
    assert not found.explains_absence(healthy)


@pytest.mark.parametrize("word", [CODE, "oddf"])
def test_explain_knows_it(capsys: pytest.CaptureFixture[str], word: str) -> None:
    assert explain(word) == 0
    out = capsys.readouterr().out
    for text in (ENTRY.title, ENTRY.sentence, *astuple(EXPLANATION)):
        assert text in out
    assert checked_codes([CODE]) == frozenset([CODE])


def test_the_documents_have_it(tables: ModuleType) -> None:
    made = tables.documents()
    page = made[tables.PAGES / f"{CODE}.md"]
    assert page.startswith("# Odd field\n")
    assert EXPLANATION.why in page
    assert f"({CODE}.md)" in made[tables.PAGES / "README.md"]
    assert f"| ODDF | `{CODE}` |" in made[tables.README]


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_code_is_written_in_three_places(code: str) -> None:
    literal = re.compile(rf"[\"']{code}[\"']")
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if literal.search(path.read_text("utf-8"))
    }
    assert len(found) == 3, found
    rules = found - {"diagnosis/catalogue.py", "diagnosis/explanations.py"}
    assert re.fullmatch(r"diagnosis/(message|group|folder|state)_rules\.py", *rules), found
