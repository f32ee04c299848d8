"""Whatever words a journal and its messages hold, a log has the same shape."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import cast

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailsurgeon.maildir.lists.uidlist import Change
from mailsurgeon.report.log.messages import LoggedStep, MessageFinder
from mailsurgeon.report.session_log import write_log
from mailsurgeon.surgery.journal.records import Session, StepRecord
from mailsurgeon.surgery.steps.lists.uidlist import ChangeRecords
from mailsurgeon.surgery.steps.rename import Rename
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.questions import MessageSummary
from tests.report.test_session_log import OWN_TAGS, Journal, Tags, operation, step
from tests.support.protects import protects

BITS = (
    "`", "``", "```", "*", "_", "[x](http://e)", "![", "<b>", "<script>", "|", "~~~", "#", "\n",
    "- ", "1. ", "> ", "&amp;", "&lt;", "\\", " ", "  ", "@", "www.x", "http://", "\x1b[31m",
    "\u202e", "\xff", "=", "---", "\t", "$x$", "é", "💥", "</code>", '"', "'", "<!--", "-->", "]]>",
    "a", "b:", "{{", "\u2028", "\r",
)  # fmt: skip
KINDS = {
    "heading", "inline", "text", "paragraph", "bullet_list", "list_item", "code_inline",
    "code_block", "softbreak", "hr", "strong",
}  # fmt: skip
STATES = ("done", "refused", "undone", "planned")


class Words:
    """A journal in which every free text is drawn from BITS."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def text(self) -> str:
        return "".join(self._random.choices(BITS, k=self._random.randint(0, 7)))

    def path(self) -> bytes:
        return (self.text() or "x").encode("utf-8", "surrogateescape")

    def journal(self) -> Journal:
        steps = [
            step(Rename(self.path(), self.path()), state, self.text(), verdict=self.text())
            for state in self._random.sample(STATES, 2)
        ]
        changes = (Change(self.path(), self.path()), Change(self.path(), self.path()))
        steps.append(step(ChangeRecords(None, None, folder=self.path(), changes=changes)))
        one = replace(
            operation(7, self.text(), self.text(), self.text(), self._random.choice((None, 3))),
            time=self._random.choice(("2026-01-31T12:00:00Z", self.text())),
            effects=(self.text(),), counts={"done": 3},
        )  # fmt: skip
        journal = Journal((one, steps))
        journal.known = [self.session(one.session)]
        journal.this_session = self.session("now")
        return journal

    def session(self, id: str) -> Session:
        return Session(id, self.text(), self.text(), self.text(), 3, self.text())

    def message(self) -> MessageSummary:
        date = self._random.choice((None, 5, 10**18))
        return MessageSummary(self.text(), self.text(), date)


def tokens(found: Iterable[Token]) -> list[Token]:
    return [one for token in found for one in (token, *tokens(token.children or []))]


@protects(
    "a name is no markup, link or shell",
    where="report/log/page.py, report/log/markdown.py",
)
@pytest.mark.parametrize("seed", range(40))
def test_no_word_changes_the_shape_of_a_log(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    words = Words(seed)

    def beside(_finder: MessageFinder, records: Iterable[StepRecord]) -> Iterator[LoggedStep]:
        return (LoggedStep(record, words.message()) for record in records)

    monkeypatch.setattr(MessageFinder, "beside", beside)
    surgeon = cast(Surgeon, words.journal())
    text = write_log(surgeon, "md")
    found = tokens(MarkdownIt("commonmark", {"html": True}).parse(text))
    names = [token.type.removesuffix("_open") for token in found]
    assert {name.removesuffix("_close") for name in names} <= KINDS
    assert [token.tag for token in found if token.type == "heading_open"] == ["h1", "h2", "h3"]
    assert names.count("bullet_list") == 2  # the head, and the operation's with effect and steps
    assert names.count("list_item") == 5 + 1 + 3
    plain = [token.content for token in found if token.type == "text"]
    assert [one for one in plain if re.search(r"@|:/|www\.", one)] == []
    page = Tags()
    page.feed(html := write_log(surgeon, "html"))
    page.close()
    assert page.tags <= OWN_TAGS
    assert all(char == "\n" or char.isprintable() for char in text + html)
