"""Names of messages as a survey and a `fix` deal with them, neighbours and lists included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.survey.index.rows import ProblemRow
from tests.support.protects import protects
from tests.surgery.indexed_maildir import IndexedMaildir, indexed_maildir_in, text

SIZE = len(text(1))


@pytest.fixture
def indexed(tmp_path: Path) -> Iterator[IndexedMaildir]:
    with indexed_maildir_in(tmp_path) as one:
        yield one


def put(indexed: IndexedMaildir, *paths: str) -> None:
    for number, path in enumerate(paths, start=1):
        home = os.path.dirname(os.path.dirname(path))
        if home.startswith("."):
            indexed.folder(os.fsencode(home))
        indexed.mail(os.fsencode(path), number, content=text(number))


def problems(indexed: IndexedMaildir) -> dict[str, list[ProblemRow]]:
    found: dict[str, list[ProblemRow]] = {}
    for row in indexed.index.problems():
        found.setdefault(os.fsdecode(row.path), []).append(row)
    return found


def codes(indexed: IndexedMaildir) -> dict[str, list[str]]:
    return {path: [row.code for row in rows] for path, rows in problems(indexed).items()}


def names(indexed: IndexedMaildir, folder: str = "cur") -> list[str]:
    return sorted(os.listdir(indexed.root / folder))


def fixed(indexed: IndexedMaildir, *only: str) -> list[str]:
    indexed.apply(indexed.survey().fix(only=only))
    indexed.survey()
    assert not indexed.fix(only=only).acts
    return names(indexed)


# Separators


def test_one_message_in_a_folder_follows_the_store(indexed: IndexedMaildir) -> None:
    put(
        indexed, "cur/1300000001.a!2,S", "cur/1300000002.b!2,", ".One/cur/1300000003.c!2,FS",
        ".Two/cur/1300000004.d:2,S", ".Three/cur/1300000005.e!2,", ".Three/new/1300000006.f",
    )  # fmt: skip
    found = problems(indexed.survey())
    assert {path: [(row.code, row.severity, row.remedy) for row in rows]
            for path, rows in found.items()} == {
        path: [("bad-flags", Severity.INFO, None)]
        for path in ("cur/1300000001.a!2,S", "cur/1300000002.b!2,", ".One/cur/1300000003.c!2,FS",
                     ".Two/cur/1300000004.d:2,S", ".Three/cur/1300000005.e!2,")
    }  # fmt: skip
    assert found[".Two/cur/1300000004.d:2,S"][0].detail["should_be"] == "!2,S"


def test_a_store_of_folders_with_one_message_each_is_one_store(indexed: IndexedMaildir) -> None:
    put(indexed, *(f".F{number}/cur/130000000{number}.a;2,S" for number in range(5)))
    assert {row.severity for rows in problems(indexed.survey()).values() for row in rows} == {
        Severity.INFO
    }
    # When the store is mended, the one that is left follows it too.
    for number in range(1, 5):
        path = indexed.path(b".F%d/cur/130000000%d.a;2,S" % (number, number))
        path.rename(path.with_name(path.name.replace(";", ":")))
    left = problems(indexed.survey())
    assert list(left) == [".F0/cur/1300000000.a;2,S"]
    assert left[".F0/cur/1300000000.a;2,S"][0].severity == Severity.WARNING


def test_what_a_colon_was_made_into_is_no_separator_of_a_store(indexed: IndexedMaildir) -> None:
    put(indexed, *(f"cur/130000000{number}.a,S={SIZE} 2,S" for number in range(5)))
    assert set(fixed(indexed, "bad-flags")) == {
        f"130000000{number}.a,S={SIZE}:2,S" for number in range(5)
    }


def test_mail_filed_into_a_store_gets_its_separator(indexed: IndexedMaildir) -> None:
    put(indexed, "cur/1300000001.a;2,S", "cur/1300000002.b;2,", "1300000003.c", "1300000004.d:2,SF")
    assert fixed(indexed)[2:] == ["1300000003.c;2,", "1300000004.d;2,FS"]
    assert {row.severity for rows in problems(indexed).values() for row in rows} == {Severity.INFO}


def test_where_a_server_lists_the_store_colons_are_written(indexed: IndexedMaildir) -> None:
    put(indexed, "cur/1300000001.a;2,S", "cur/1300000002.b;2,", "1300000003.c:2,S")
    indexed.uidlist(b"", b"1300000001.a;2,S", b"1300000002.b;2,")
    assert fixed(indexed)[2:] == ["1300000003.c:2,S"]
    assert "cur/1300000003.c:2,S" not in codes(indexed)


def test_lost_colons_without_flags_are_known_by_their_neighbours(indexed: IndexedMaildir) -> None:
    put(indexed, "cur/1300000001.host2,", "cur/1300000002.host2,S", "new/1300000003.host2,")
    assert fixed(indexed, "bad-flags") == ["1300000001.host:2,", "1300000002.host:2,S"]
    assert names(indexed, "new") == ["1300000003.host:2,"]


# UIDs of mbsync


def test_lost_colons_behind_uids_are_no_clash(indexed: IndexedMaildir) -> None:
    put(indexed, *(f"cur/130000000{uid}.h,U={uid}2,{'S' * (uid % 2)}" for uid in range(1, 10)))
    indexed.path(b".uidvalidity").write_bytes(b"1636000000\n9\n")
    assert {tuple(found) for found in codes(indexed.survey()).values()} == {("bad-flags",)}
    assert fixed(indexed) == [
        f"130000000{uid}.h,U={uid}:2,{'S' * (uid % 2)}" for uid in range(1, 10)
    ]


def test_of_two_misfiled_messages_with_one_uid_one_keeps_it(indexed: IndexedMaildir) -> None:
    put(indexed, "1300000001.h,U=5:2,S", "1300000002.h,U=5:2,S", "cur/1300000003.h,U=6:2,S")
    indexed.path(b".uidvalidity").write_bytes(b"1636000000\n9\n")
    assert fixed(indexed) == ["1300000001.h,U=5:2,S", "1300000002.h:2,S", "1300000003.h,U=6:2,S"]
    assert not codes(indexed)


def test_a_uid_behind_the_info_is_stripped_too(indexed: IndexedMaildir) -> None:
    put(indexed, "cur/1300000001.h:2,S,U=70", "cur/1300000002.h,U=7:2,S")
    indexed.path(b".uidvalidity").write_bytes(b"1636000000\n9\n")
    assert fixed(indexed, "uid-clash") == ["1300000001.h:2,S", "1300000002.h,U=7:2,S"]


# Names that begin with a colon


def test_names_with_a_leading_colon_are_no_namesakes_and_keep_what_they_tell(
    indexed: IndexedMaildir,
) -> None:
    put(
        indexed, f"cur/:1300000001.M1P1.h,S={SIZE}:2,S", "cur/:1300000002.M2P1.h:2,",
        "new/:1300000003.M3P1.h", "cur/:2,S", "new/:2,S",
    )  # fmt: skip
    assert {tuple(found) for found in codes(indexed.survey()).values()} == {("bad-name",)}
    assert not indexed.fix().acts
    fresh, *kept = fixed(indexed, "bad-name")
    assert fresh.startswith("1300000000.R") and fresh.endswith(".mailsurgeon:2,S")
    assert kept == [f"1300000001.M1P1.h,S={SIZE}:2,S", "1300000002.M2P1.h:2,"]
    assert "1300000003.M3P1.h" in names(indexed, "new")
    assert not codes(indexed)


# Torn names


@protects(
    "what is written behind flags is lent to no copy",
    where="surgery/plan/acts/copies.py",
    seen="seen failing with the letters in front of the ending",
)
def test_a_torn_twin_lends_no_flags(indexed: IndexedMaildir) -> None:
    indexed.mail(b"cur/1300000001.h:2,", content=text(1))
    indexed.mail(b"cur/1300000001.h:2,RS (Ted's conflicted copy)", content=text(1))
    assert fixed(indexed) == ["1300000001.h:2,"]
    indexed.undo()
    assert len(names(indexed)) == 2


@pytest.mark.parametrize("start", [";2,", "!2,", "_2,", "%3A2%2C", " 2,", "\uf0222,"])
@pytest.mark.parametrize("behind", [".eml", " (Ted's conflicted copy)"])
def test_flags_before_what_a_sync_program_added_are_kept(
    indexed: IndexedMaildir, start: str, behind: str
) -> None:
    put(indexed, f"cur/1300000001.M1.h,S={SIZE}{start}RS{behind}", "cur/1300000002.M2.h:2,S")
    before = names(indexed)
    assert fixed(indexed, "bad-flags")[0] == f"1300000001.M1.h,S={SIZE}:2,RS"
    assert not codes(indexed)
    indexed.undo()
    assert names(indexed) == before


def test_a_store_with_its_own_separator_loses_only_what_was_added(indexed: IndexedMaildir) -> None:
    put(indexed, "cur/1300000001.a!2,S", "cur/1300000002.b!2,", "cur/1300000003.c!2,FS.eml")
    assert fixed(indexed)[2:] == ["1300000003.c!2,FS"]


# Copies of which all are marked deleted


@protects(
    "a copy is never put away for one that is marked deleted, nor offered to be",
    where="diagnosis/group_rules.py",
    seen="seen failing with a remedy that every repair refused",
)
def test_of_copies_that_are_all_marked_deleted_none_goes(indexed: IndexedMaildir) -> None:
    names_given = (
        b"cur/1300000001.a:2,T", b"cur/1300000002.b:2,ST", b"cur/1300000003.c,U=5:2,T",
        b"cur/1300000004.d,U=5:2,T", b"cur/1300000005.e:2,T", b"cur/1300000005.e:2,ST",
    )  # fmt: skip
    for number, path in enumerate(names_given):
        indexed.mail(path, content=text(number // 2))
    found = problems(indexed.survey())
    duplicates = [row for rows in found.values() for row in rows if row.code == "duplicate-id"]
    assert [row.remedy for row in duplicates] == [None] * 6
    left = {row.path for row in indexed.fix(only=["duplicate-id"]).left}
    assert left == set(names_given)
    clashes = ["name-clash", "uid-clash"]
    plan = indexed.fix(only=clashes)
    assert [act.verdict for act in plan.acts] == ["rename", "rename"]
    indexed.apply(plan)
    assert len(names(indexed)) == 6
    indexed.survey()
    assert not indexed.fix(only=clashes).acts


def test_twins_give_their_flags_when_the_last_of_them_is_gone(indexed: IndexedMaildir) -> None:
    for path in (b"cur/1300000001.h:2,ST", b"cur/1300000001.h:2,T", b"new/1300000001.h"):
        indexed.mail(path, content=text(1))
    assert fixed(indexed, "name-clash") == ["1300000001.h:2,S"]
    indexed.undo()
    assert names(indexed) == ["1300000001.h:2,ST", "1300000001.h:2,T"]


# Keywords


@protects(
    "filing a message gives it no keyword that nobody has given it",
    where="surgery/plan/remedies/keyword_transfer.py",
    seen="seen failing with an unknown keyword after the repair",
)
def test_letters_without_a_name_are_dropped_when_a_message_is_filed(
    indexed: IndexedMaildir,
) -> None:
    indexed.uidlist(b"", b"1300000009.z")
    indexed.path(b"dovecot-keywords").write_bytes(b"0 Work\n1 unknown-1\n")
    put(indexed, "1300000001.a:2,Sab", "tmp/1300000002.b:2,Sac")
    indexed.apply(indexed.survey().fix())
    assert names(indexed) == ["1300000001.a:2,Sa", "1300000002.b:2,Sa"]
    assert not codes(indexed.survey())


def test_letters_stay_where_no_server_names_them(indexed: IndexedMaildir) -> None:
    put(indexed, "1300000001.a:2,Sab")
    assert fixed(indexed) == ["1300000001.a:2,Sab"]


# The list of before a copy


@pytest.mark.parametrize("torn", [";2,RS", "\uf0222,RS", "2,RS"])
def test_a_repaired_separator_brings_the_uid_back(indexed: IndexedMaildir, torn: str) -> None:
    put(indexed, f"cur/1300000001.M1.h{torn}", "cur/1300000002.M2.h:2,S", "cur/1300000003.M3.h:2,S")
    bases = (b"1300000001.M1.h", b"1300000002.M2.h", b"1300000003.M3.h")
    listed = indexed.uidlist(b"", *bases)
    before = listed.read_bytes()
    plan = indexed.survey().fix(only=["bad-flags"])
    back = "1 message in INBOX gets its UID back: a server has listed the new name before"
    assert back in plan.effects
    assert not any("no UID yet" in line for line in plan.effects)
    report = indexed.apply(plan)
    assert back in report.effects
    assert names(indexed)[0] == "1300000001.M1.h:2,RS"
    assert listed.read_bytes() == before
    with indexed.surgeon() as surgeon:
        undo = surgeon.plan_undo()
        assert not surgeon.apply(undo).refused
        assert listed.read_bytes() == before
        assert f"1300000001.M1.h{torn}" in names(indexed)
        assert not surgeon.apply(surgeon.plan_redo()).refused
    assert listed.read_bytes() == before


@protects(
    "the UID that a server has given in the meantime follows a repaired name",
    where="surgery/apply/locked_batch.py",
    seen="seen failing with the lists left alone by the plan",
)
def test_a_uid_given_since_the_plan_is_kept(indexed: IndexedMaildir) -> None:
    put(indexed, "cur/1300000001.M1.h;2,RS", "cur/1300000002.M2.h:2,S", "cur/1300000003.M3.h:2,S")
    indexed.uidlist(b"", b"1300000001.M1.h", b"1300000002.M2.h", b"1300000003.M3.h")
    plan = indexed.survey().fix(only=["bad-flags"])
    indexed.uidlist(b"", b"1300000002.M2.h", b"1300000003.M3.h", b"1300000001.M1.h;2,RS", first=2)
    indexed.apply(plan)
    assert indexed.records(b"")[-1] == b"4 G1300000001.M1.h;2,RS :1300000001.M1.h"
