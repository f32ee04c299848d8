"""The session log, from a journal written by hand."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import cast

import pytest

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.session_log import LOG_FORMATS, write_log
from mailsurgeon.report.shell_script import quoted
from mailsurgeon.surgery.fsops.paths import QuarantinePath
from mailsurgeon.surgery.journal.journal import Operation, StepRecord
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

    def __init__(self, *operations: tuple[Operation, list[StepRecord]]) -> None:
        self.spool: Spool = SPOOL
        self._operations = operations

    def operations(self) -> list[Operation]:
        return [operation for operation, _ in self._operations]

    def steps(self, operation: int) -> Iterator[StepRecord]:
        yield from next(steps for one, steps in self._operations if one.id == operation)


def operation(number: int, session: str, kind: str, summary: str, of: int | None) -> Operation:
    return Operation(
        number, session, "2026-01-31T12:00:00Z", kind, of, summary, "applied", {}, False, 1,
        None, 1, "host", None,
    )  # fmt: skip


def step(step: Step, state: str = "done", reason: str = "") -> StepRecord:
    return StepRecord(1, 1, 1, 1, "x", None, step, state, reason)


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
    assert "## 7. fix-size: fix-size 2 \\<script\\>" in out
    assert "- done: `rename cur/a,S=1:2,S -> cur/a,S=2:2,S`" in out
    assert "- refused: ``rename cur/`<b>" in out
    assert "(is \\<gone\\>)" in out
    assert "- done: `uidlist .Sent`" in out
    outside = re.sub(r"(`+).+?(?<!`)\1(?!`)", "", out).replace("\\<", "")
    assert "<" not in outside


class _Tags(HTMLParser):
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
    page = _Tags()
    page.feed(log("html"))
    assert page.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul",
                         "li", "code"}  # fmt: skip
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
     ("html", "<p>clients: UID not kept: &lt;a&gt; in INBOX</p>")],
)  # fmt: skip
def test_what_clients_noticed_is_in_the_log(format: str, line: str) -> None:
    told = replace(
        operation(8, "s1", "recover", "1 of 1 done", 7), effects=("UID not kept: <a> in INBOX",)
    )
    log = write_log(cast(Surgeon, Journal((told, []))), format)
    assert line in log.splitlines()
