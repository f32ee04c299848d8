"""What a second look changed: new, gone, renamed, other facts, other problems."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from mailsurgeon.survey.index.diff import BeforeAndAfter, Renewal
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.run import run_survey
from tests.support.protects import protects
from tests.survey.survey_maildir import DATE, SurveyMaildir, text

pytestmark = [
    protects(
        "what comes while a spool is watched neither moves the cursor nor takes another's row",
        where="tui/screens/main/watch_controller.py, survey/index/diff.py",
    )
]


LISTS, OTHER = b".lists", b".other"
FIRST = b".lists/cur/1.M1P1.h:2,S"


@pytest.fixture
def spool(maildir: SurveyMaildir) -> SurveyMaildir:
    maildir.folder(LISTS)
    maildir.folder(OTHER)
    maildir.mail(FIRST, 1)
    maildir.mail(b".lists/cur/2.M2P2.h:2,S", 2)
    maildir.mail(b".other/cur/3.M3P3.h:2,S", 3)
    run_survey(maildir.spool, maildir.index, maildir.options)
    return maildir


def after(maildir: SurveyMaildir, change: Callable[[], object], *folders: bytes) -> Renewal:
    looked_at = folders or (LISTS,)
    known = BeforeAndAfter(maildir.index, looked_at)
    change()
    run_survey(maildir.spool, maildir.index, maildir.options, folders=looked_at)
    return known.renewal()


def entry(maildir: SurveyMaildir, path: bytes) -> int:
    found = maildir.index.entry_at(path)
    assert found is not None, path
    return found.id


def test_nothing_has_changed(spool: SurveyMaildir) -> None:
    assert not after(spool, lambda: None)


def test_new_and_gone(spool: SurveyMaildir) -> None:
    number = entry(spool, FIRST)

    def change() -> None:
        os.unlink(spool.at(FIRST))
        # The file system may give it the inode that is free again.
        spool.file(b".lists/new/4.M4P4.h", text(4), mtime=DATE + 60)

    found = after(spool, change)
    assert found == Renewal(
        new=frozenset((entry(spool, b".lists/new/4.M4P4.h"),)), gone=frozenset((number,))
    )


def test_a_message_with_other_flags_is_renamed(spool: SurveyMaildir) -> None:
    number, target = entry(spool, FIRST), b".lists/cur/1.M1P1.h:2,RS"
    found = after(spool, lambda: os.rename(spool.at(FIRST), spool.at(target)))
    assert found == Renewal(renamed={number: entry(spool, target)})


def test_a_message_in_another_folder_is_renamed_when_both_were_looked_at(
    spool: SurveyMaildir,
) -> None:
    number, target = entry(spool, FIRST), b".other/cur/1.M1P1.h:2,S"
    found = after(spool, lambda: os.rename(spool.at(FIRST), spool.at(target)), LISTS, OTHER)
    assert found == Renewal(renamed={number: entry(spool, target)})


def test_another_message_with_the_same_name_is_no_renamed_one(spool: SurveyMaildir) -> None:
    number = entry(spool, FIRST)

    def change() -> None:
        spool.mail(b".lists/new/1.M1P1.h", 9, body=b"Quite another text.\n")
        os.unlink(spool.at(FIRST))

    found = after(spool, change)
    assert found.gone == {number} and len(found.new) == 1 and not found.renamed


def test_a_message_rewritten_in_place_has_changed(spool: SurveyMaildir) -> None:
    number = entry(spool, FIRST)
    found = after(spool, lambda: spool.file(FIRST, text(1) + b"More.\n"))
    assert found == Renewal(changed=frozenset((number,)))


def test_a_message_with_a_new_problem_has_changed(spool: SurveyMaildir) -> None:
    number = entry(spool, FIRST)
    # A second file of the same base name.
    found = after(spool, lambda: spool.mail(b".lists/cur/1.M1P1.h:2,F", 8))
    assert number in found.changed
    assert found.new == {entry(spool, b".lists/cur/1.M1P1.h:2,F")}


def test_a_leftover_that_only_grows_older_has_not_changed(spool: SurveyMaildir) -> None:
    spool.mail(b".lists/tmp/5.M5P5.h", 5)
    run_survey(spool.spool, spool.index, spool.options)
    assert spool.index.problem_counts()["in-tmp"] == 1

    def grow_older() -> None:
        spool.options = Options(clock_ahead=90_000.0)

    assert not after(spool, grow_older)


def test_folders_that_come_and_go(spool: SurveyMaildir) -> None:
    number = entry(spool, FIRST)

    def change() -> None:
        os.rename(spool.at(LISTS), spool.at(b".moved"))
        spool.folder(b".made")
        spool.mail(b".made/new/6.M6P6.h", 6)

    found = after(spool, change, LISTS, b".moved", b".made")
    assert found.new == {entry(spool, b".made/new/6.M6P6.h")}
    assert found.renamed[number] == entry(spool, b".moved/cur/1.M1P1.h:2,S")
    assert len(found.renamed) == 2


def test_nothing_of_it_stays_in_the_index(spool: SurveyMaildir) -> None:
    after(spool, lambda: None)
    with_tables = {row[0] for row in spool.index.db.execute("SELECT name FROM sqlite_master")}
    assert not with_tables & {"seen", "looked_at", "seen_problems"}
