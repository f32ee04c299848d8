"""The text that explains each problem."""

from __future__ import annotations

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.explanations import EXPLANATIONS, TOPICS
from mailsurgeon.report.explain import (
    explain_index,
    explain_page,
    explain_text,
    topic_page,
    topic_text,
)


def test_every_code_is_explained_and_no_other() -> None:
    assert list(EXPLANATIONS) == list(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_problem_is_told_whole_on_eighty_columns(code: str) -> None:
    kind, told = CATALOGUE[code], EXPLANATIONS[code]
    text = explain_text(kind)
    flat = " ".join(text.split())
    for part in (kind.sentence, told.why, told.servers, told.does, told.does_not):
        assert part in flat
    assert max(map(len, text.splitlines())) < 80


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_problem_has_its_page_and_the_index_leads_to_it(code: str) -> None:
    page = explain_page(CATALOGUE[code])
    assert page.startswith(f"# {CATALOGUE[code].title}\n")
    assert f"({code}.md)" in explain_index()
    assert ("--dry-run" in page) == bool(CATALOGUE[code].remedies)


@pytest.mark.parametrize("name", TOPICS)
def test_a_topic_is_told_whole_on_eighty_columns_and_has_its_page(name: str) -> None:
    topic = TOPICS[name]
    text, page = topic_text(topic), topic_page(topic)
    for part in (topic.title, *topic.paragraphs):
        assert part in " ".join(text.split())
        assert part in page
    assert max(map(len, text.splitlines())) < 80
    assert f"({name}.md)" in explain_index()


def test_no_topic_has_the_name_of_a_problem() -> None:
    assert not set(TOPICS) & set(CATALOGUE)


def test_what_brings_folders_no_client_shows_leads_to_the_topic() -> None:
    for code in ("nested-folder", "backup-folder"):
        assert "mailsurgeon explain subscriptions" in " ".join(
            explain_text(CATALOGUE[code]).split()
        )
