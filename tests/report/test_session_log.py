"""The session log, from a journal written by hand."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import cast

import pytest

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.log.phrases import paths_divided
from mailsurgeon.report.log.titles import operation_title
from mailsurgeon.report.session_log import LOG_FORMATS, log_pieces, write_log
from mailsurgeon.report.shell_script import quoted
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.journal.change_counts import ChangeCount
from mailsurgeon.surgery.journal.journal import Operation, StepRecord
from mailsurgeon.surgery.journal.records import Session
from mailsurgeon.surgery.model import Step
from mailsurgeon.surgery.steps.attributes import ChangeMode, ChangeOwner, ChangeTime
from mailsurgeon.surgery.steps.directory import MakeDirectory, RemoveDirectory
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.surgery.surgeon import Surgeon

from .conftest import SPOOL


class Journal:
    """What the log reads of a surgeon."""

    quarantine_dir = b"/srv/mail/.ann.quarantine"
    journal_path = Path("/var/lib/mailsurgeon/x/journal.sqlite")
    this_session = Session("now", "2026-02-01T08:00:00Z", "root", "mx1", 4, "0.9")

    def __init__(self, *operations: tuple[Operation, list[StepRecord]]) -> None:
        self.spool: Spool = SPOOL
        self._operations = operations
        self.known = [Session("s1", "2026-01-31T11:59:00Z", "ann", "mx2", 3, "0.8")]

    def sessions(self) -> list[Session]:
        return self.known

    def change_counts(self) -> list[ChangeCount]:
        counts = Counter(
            (one.id, step.verdict, step.state)
            for one, steps in self._operations
            for step in steps if step.act
        )  # fmt: skip
        return [ChangeCount(*what, number) for what, number in counts.items()]

    def operations(self) -> list[Operation]:
        return [operation for operation, _ in self._operations]

    def steps(self, operation: int) -> Iterator[StepRecord]:
        yield from next(steps for one, steps in self._operations if one.id == operation)


def operation(number: int, session: str, kind: str, summary: str, of: int | None) -> Operation:
    return Operation(
        number, session, "2026-01-31T12:00:00Z", kind, of, summary, "applied", {}, False, 1,
        None, 1, "host", None,
    )  # fmt: skip


def step(step: Step, state: str = "done", reason: str = "", verdict: str = "x") -> StepRecord:
    return StepRecord(1, 1, 1, 1, verdict, None, step, state, reason)


NASTY = b"cur/`<b>*x*</b>`|&\x1b[31m\xe2\x80\xae\xff:2,S"
JOURNAL = Journal(
    (
        operation(7, "s1", "fix-size", "fix-size 2 <script>", None),
        [
            step(Rename(b"cur/a,S=1:2,S", b"cur/a,S=2:2,S")),
            step(Rename(NASTY, QuarantinePath.of(7, NASTY)), "refused", "is <gone>"),
            step(ChangeRecords(None, None, folder=b".Sent",
                               changes=(Change(b"1 :a,S=1", b"1 :a,S=2"),))),
        ],
    ),
    (operation(8, "s2", "undo", "take back", 7), [step(MakeDirectory(None, b".A/cur"))]),
)  # fmt: skip


def log(format: str, session: str | None = None) -> str:
    return write_log(cast(Surgeon, JOURNAL), format, session=session)


def test_json_is_exactly_the_contract() -> None:
    nasty = NASTY.decode("utf-8", "surrogateescape")
    assert json.loads(log("json")) == {
        "schema": 1,
        "spool": "/srv/mail/ann",
        "operations": [
            {"id": 7, "session": "s1", "time": "2026-01-31T12:00:00Z", "kind": "fix-size",
             "of": None, "summary": "fix-size 2 <script>", "state": "applied", "steps": [
                {"action": "rename", "source": "cur/a,S=1:2,S", "target": "cur/a,S=2:2,S",
                 "state": "done"},
                {"action": "rename", "source": nasty, "target": "quarantine:7/" + nasty,
                 "state": "refused"},
                {"action": "uidlist", "source": ".Sent", "target": None, "state": "done"}]},
            {"id": 8, "session": "s2", "time": "2026-01-31T12:00:00Z", "kind": "undo", "of": 7,
             "summary": "take back", "state": "applied", "steps": [
                {"action": "mkdir", "source": ".A/cur", "target": ".A/cur", "state": "done"}]},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("format", LOG_FORMATS)
def test_nothing_raw_in_any_form(format: str) -> None:
    out = log(format)
    assert all(char == "\n" or char.isprintable() for char in out)
    assert "\u202e" not in out
    assert out.endswith("\n")


@pytest.mark.parametrize("format", LOG_FORMATS)
def test_a_session_alone(format: str) -> None:
    out = log(format, "s2")
    assert "take back" in out
    assert "fix-size" not in out


def test_markdown_holds_names_in_code_spans() -> None:
    out = log("md")
    assert "### 7. fix-size 2 \\<script\\>" in out
    assert "- done: `rename cur/a,S=1:2,S -> cur/a,S=2:2,S`" in out
    assert "- **REFUSED**: ``rename cur/`<b>" in out
    assert "(is \\<gone\\>)" in out
    assert "- done: `uidlist .Sent`" in out
    outside = re.sub(r"(`+).+?(?<!`)\1(?!`)", "", out).replace("\\<", "")
    assert "<" not in outside


OWN_TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "section", "article", "nav",
    "footer", "h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "dl", "dt", "dd", "div", "table",
    "caption", "tr", "th", "td", "a", "b", "i", "em", "small", "strong", "mark", "code", "bdi",
    "time",
}  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_escapes_what_is_not_its_own() -> None:
    page = Tags()
    page.feed(log("html"))
    assert page.tags <= OWN_TAGS
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert "cur/`<b>*x*</b>`|&\\x1b[31m\\u202e\\xff:2,S" in page.text
    assert "fix-size 2 <script>" in page.text


def test_the_script_leaves_out_what_was_not_done() -> None:
    out = log("sh")
    assert "mv -n -- cur/a,S=1:2,S cur/a,S=2:2,S" in out
    assert "<b>" not in out
    assert "printf '%s\\n' '-1 :a,S=1'" in out
    assert "| edit_uidlist .Sent" in out
    subprocess.run(["sh", "-n"], input=out.encode("utf-8", "surrogateescape"), check=True)


NAMES = (
    b"cur/plain:2,S", b"a b", b"it's", b"$(id)`id`$HOME", b"\\n%s%d\\\\", b"\x1b[31m'%\\",
    b"caf\xe9", "Entwürfe/日本語".encode(), b"line\nbreak", b"ends\n", b"\x01\n\n", b"\x7f\xc2\x9b",
    "\u202e\u200b".encode(), b"-n", b"*?[a]", b"\xff\n",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_means_the_same_bytes_to_the_shell(name: bytes) -> None:
    word = quoted(name).encode("utf-8")
    ended = subprocess.run(
        ["sh", "-c", b"printf '%s' " + word], capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    assert ended.stdout == name
    assert not any(byte < 0x20 and byte != 0x0A for byte in word)


def test_each_kind_of_step_has_its_command() -> None:
    steps = [
        MakeDirectory(None, b".A/cur", mode=0o750),
        RemoveDirectory(b".A/new", None),
        ChangeMode(b".A/cur/x", None, before=0o600, after=0o640),
        ChangeOwner(b".A/cur/x", None, before=(0, 0), after=(8, 12)),
        ChangeTime(b".A/cur/x", None, before=0, after=16 * 10**17 + 7),
        Rename(b"-x", QuarantinePath.of(7, b"-x")),
    ]  # fmt: skip
    journal = Journal((operation(7, "s", "fix", "all", None), [step(one) for one in steps]))
    lines = write_log(cast(Surgeon, journal), "sh").splitlines()
    for line in (
        "mkdir -m 750 -- .A/cur",
        "rmdir -- .A/new",
        "chmod 640 -- .A/cur/x",
        "chown -h 8:12 -- .A/cur/x",
        "touch -h -m -d @1600000000.000000007 -- .A/cur/x",
        'room "$QUARANTINE"/7',
        'mv -n -- ./-x "$QUARANTINE"/7/-x',
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("format", "line"),
    [("md", "- clients: UID not kept: \\<a\\> in INBOX"),
     ("html", "<li>UID not kept: &lt;a&gt; in INBOX</li>")],
)  # fmt: skip
def test_what_clients_noticed_is_in_the_log(format: str, line: str) -> None:
    told = replace(
        operation(8, "s1", "recover", "1 of 1 done", 7), effects=("UID not kept: <a> in INBOX",)
    )
    log = write_log(cast(Surgeon, Journal((told, []))), format)
    assert line in log.replace("<li>", "\n<li>").replace("</ul>", "\n</ul>").splitlines()


# The head, sessions, counts


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def shown(form: str, journal: Journal = JOURNAL) -> str:
    """What a reader sees of a log: a page's text, Markdown as it is; blanks count for nothing."""
    log = "".join(log_pieces(cast(Surgeon, journal), form, written=1_769_932_800))
    if form == "html":
        page = Tags()
        page.feed(re.sub(r"(<(?:t[dhr]|caption|li|p|d[dt]|div|h\d)\b)", r" \1", log))
        log = page.text
    return " ".join(re.sub(r"[`*]", "", log).split())


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("form", ["md", "html"])
def test_the_head_says_who_wrote_it_where_when_and_with_what(form: str) -> None:
    log = shown(form)
    for fact in (
        "/srv/mail/ann", "/srv/mail/.ann.quarantine", "mx1", "root", "mailsurgeon 0.9",
        "2026-02-01 09:00:00 +01:00", "/var/lib/mailsurgeon/x/journal.sqlite",
    ):  # fmt: skip
        assert fact in log


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("form", ["md", "html"])
def test_times_are_local_and_as_the_journal_holds_them(form: str) -> None:
    log = shown(form).replace("(", "").replace(")", "")
    assert "2026-01-31 13:00:00 +01:00 2026-01-31T12:00:00Z" in log


@pytest.mark.parametrize("form", ["md", "html"])
def test_a_time_that_is_none_stands_as_the_journal_has_it(form: str) -> None:
    odd = replace(operation(9, "s1", "fix", "x", None), time="9999999999-\x1b[31m")
    assert "9999999999-\\x1b[31m" in shown(form, Journal((odd, []))).replace("\\\\", "\\").replace(
        "\\[", "["
    )


@pytest.mark.parametrize("form", ["md", "html"])
def test_changes_are_counted_by_kind_for_an_operation_and_in_all(form: str) -> None:
    steps = [
        step(Rename(b"a", b"b"), verdict="file"),
        step(Rename(b"c", b"d"), "refused", "gone", verdict="file"),
        step(ChangeMode(b"e", None, before=0o600, after=0o640), "planned", verdict="chmod"),
    ]
    failed = replace(operation(8, "s1", "fix", "y", None), state="failed")
    log = shown(form, Journal((operation(7, "s1", "fix", "x", None), steps), (failed, [])))
    assert "2 operations in 1 session: 1 applied, 1 failed." in log
    assert "1 done, 1 planned, 1 refused." in log
    assert log.count("done planned refused") == 2
    columns = {"md": "1 0 1 file 0 1 0 chmod", "html": "file 1 0 1 chmod 0 1 0"}[form]
    assert log.count(columns) == 2
    assert ("✗ operation failed" in log) is (form == "html")


@pytest.mark.parametrize("form", ["md", "html"])
def test_sessions_are_told_apart(form: str) -> None:
    numbers = [(1, "s1"), (2, "s2"), (3, "s2"), (4, "s1")]
    log = shown(form, Journal(*((operation(n, s, "fix", "x", None), []) for n, s in numbers)))
    first, second, again = (
        log.index(head) for head in ("Session s1 By", "Session s2", "Session s1, continued")
    )
    assert "By ann on mx2, with mailsurgeon 0.8" in log[first:second]
    assert "2 operations. The journal does not say who and where." in log[second:again]
    assert first < second < again


def test_refused_steps_stand_out_without_colour() -> None:
    assert "- **REFUSED**: " in log("md")
    assert '<li class="refused"><i>✗ refused</i>' in log("html")
    assert re.search(r"\.steps \.refused \{[^}]*border: 2px solid", log("html"))


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    out = log("html")
    assert "default-src 'none'" in out
    assert not re.search(r"(?i)<script|@import|url\(|\bsrc=|https?:|\son\w+=", out)
    for feature in ("prefers-color-scheme: dark", "@media print", "width=device-width"):
        assert feature in out


def test_a_long_list_of_steps_is_laid_out_in_parts() -> None:
    many = [step(Rename(b"%d" % n, b"cur/%d" % n)) for n in range(450)]
    out = write_log(cast(Surgeon, Journal((operation(1, "s", "file", "", None), many))), "html")
    assert out.count('<ul class="steps">') == 3
    assert out.count('<li class="done">') == 450


def test_old_and_new_values_of_a_step_are_shown_and_those_left_out_are_counted() -> None:
    changes = tuple(Change(b"1 :%d" % n, b"2 :%d" % n) for n in range(5))
    steps = [
        step(ChangeMode(b".Trash", None, before=0o777, after=0o700)),
        step(ChangeRecords(None, None, folder=b".Sent", changes=changes)),
    ]
    journal = Journal((operation(1, "s", "fix", "", None), steps))
    for form in ("md", "html"):
        out = shown(form, journal)
        assert "0777 → 0700" in out
        assert "1 :2 → 2 :2" in out and "1 :3" not in out
        assert "and 2 more" in out


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("cur/1.M,S=2588:2,S", "cur/1.M,S=2482:2,S", ("2588", "2482")),
        ("F/1.M:2,S", "F/cur/1.M:2,S", ("", "cur/")),
        ("cur/1.M:2,SRF", "cur/1.M:2,FRS", ("SRF", "FRS")),
        ("a", "a", ("", "")),
        ("", "x", ("", "x")),
        ("ÄÖ/ü\n", "ÄÖ/ß\n", ("ü", "ß")),
    ],
)
def test_the_part_of_a_path_that_differs_is_marked(
    old: str, new: str, marked: tuple[str, str]
) -> None:
    before, after = paths_divided(old, new)
    assert ("".join(before), "".join(after)) == (old, new)
    assert (before.middle, after.middle) == marked


@pytest.mark.parametrize(
    ("kind", "of", "summary", "title"),
    [
        ("fix-size", None, "fix-size 6", "fix-size 6"),
        ("file", None, "file 84, quarantine copy 19; 2 refused",
         "file 84, quarantine copy 19; 2 refused"),
        ("fix", None, "fix-size 6, file 1", "fix: fix-size 6, file 1"),
        ("undo", 1, "of 1: undo fix-size 6", "undo of 1: fix-size 6"),
        ("undo", 4, "of 4: undo restore quarantine 1, undo file 11,961; 1 refused",
         "undo of 4: restore quarantine 1, file 11,961; 1 refused"),
        ("undo", 1, "of 1: nothing; stopped by you", "undo of 1: nothing; stopped by you"),
        ("redo", 1, "of 1: fix-size 6", "redo of 1: fix-size 6"),
        ("restore", None, "restore quarantine 1, restore 2", "restore: quarantine 1, 2"),
        ("recover", 5, "operation 5 had been interrupted: 3 of 5 done",
         "recover of 5: interrupted: 3 of 5 done"),
        ("fix", None, "operation 7 had been interrupted on mx2: 3 of 5 done",
         "fix: interrupted on mx2: 3 of 5 done"),
        ("purge", None, "1 deleted for good", "purge: 1 deleted for good"),
        ("fix", None, "nothing was done; 1 refused", "fix: nothing was done; 1 refused"),
        ("undo", 3, "", "undo of 3"),
        ("fix-size", None, "fix-sizes \x1b[0m", "fix-size: fix-sizes \\x1b[0m"),
    ],
)  # fmt: skip
def test_titles_say_nothing_twice(kind: str, of: int | None, summary: str, title: str) -> None:
    assert operation_title(operation(7, "s", kind, summary, of)) == title


def test_json_in_pieces_is_the_json_of_the_whole() -> None:
    for journal in (JOURNAL, Journal(), Journal((operation(1, "s", "x", "", None), []))):
        whole = write_log(cast(Surgeon, journal), "json")
        assert whole == json.dumps(json.loads(whole), indent=1) + "\n"
