"""What is told of each problem."""

from __future__ import annotations

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.explanations import EXPLANATIONS
from mailsurgeon.report.explain import explain_index, explain_page, explain_text


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
