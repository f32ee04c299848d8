"""Problems of messages beside each other: clashes, duplicates, copies, leftovers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.group_rules import (
    Copy,
    Leftover,
    Marked,
    Twin,
    duplicate_id,
    is_complete,
    leftover,
    misfiled,
    name_clash,
    uid_clash,
)
from mailsurgeon.diagnosis.severity import Severity


def copy(
    number: int,
    path: bytes,
    ctime: int = 0,
    *,
    folder: int = 1,
    digest: bytes | None = b"same",
    body: bytes | None = b"body",
    uid: int | None = None,
) -> Copy:
    place = next((part for part in ("cur", "new") if part.encode() in path.split(b"/")), "root")
    return Copy(number, folder, place, path, ctime, digest, body, uid, "<1@example.org>")


def by_id(found: Iterable[tuple[int, Finding]]) -> dict[int, Finding]:
    found = list(found)
    assert len(dict(found)) == len(found)
    return dict(found)


def remedies(found: Iterable[tuple[int, Finding]]) -> dict[int, str | None]:
    return {number: finding.remedy for number, finding in found}


# name-clash


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        # The one in cur keeps the name, however late it came.
        (copy(1, b"cur/a:2,S", 9), copy(2, b"new/a", 1, digest=b"other"), 1),
        # Of two in cur the earlier ctime.
        (copy(1, b"cur/a:2,S", 9), copy(2, b"cur/a:2,", 1, digest=b"other"), 2),
        # Of equal ctime the earlier filename.
        (copy(1, b"cur/a:2,S", 1), copy(2, b"cur/a:2,R", 1, digest=b"other"), 2),
        (copy(1, b"new/a:2,S", 1), copy(2, b"new/a", 1, digest=b"other"), 2),
    ],
)
def test_of_two_with_one_base_name_one_keeps_it(first: Copy, second: Copy, kept: int) -> None:
    for group in ([first, second], [second, first]):
        found = by_id(name_clash(group))
        assert {number for number, finding in found.items() if finding.remedy is None} == {kept}
        assert {finding.remedy for finding in found.values()} == {None, "rename"}
        assert {finding.severity for finding in found.values()} == {Severity.CRITICAL}
        assert found[1].detail["others"] == [second.path.decode()]
        assert found[2].detail["others"] == [first.path.decode()]


def test_an_identical_twin_goes_to_quarantine() -> None:
    group = [copy(1, b"cur/a:2,S"), copy(2, b"new/a"), copy(3, b"cur/a:2,T", 5, digest=b"other")]
    assert remedies(name_clash(group)) == {1: None, 2: "quarantine", 3: "rename"}


def test_one_marked_deleted_does_not_keep_the_name_from_an_identical_one() -> None:
    trashed, living = copy(1, b"cur/a:2,ST", 1), copy(2, b"new/a", 9)
    assert remedies(name_clash([trashed, living])) == {1: "quarantine", 2: None}
    other = copy(3, b"cur/a:2,T", 0, digest=b"other")
    assert remedies(name_clash([trashed, living, other])) == {1: "rename", 2: "rename", 3: None}
    both = copy(2, b"new/a:2,T", 9)
    assert remedies(name_clash([trashed, both])) == {1: None, 2: "rename"}


def test_the_others_are_listed_by_path() -> None:
    group = [copy(number, b"cur/a:2,%c" % letter) for number, letter in enumerate(b"SDFR")]
    for order in (group, group[::-1]):
        found = by_id(name_clash(order))
        assert found[0].detail["others"] == ["cur/a:2,D", "cur/a:2,F", "cur/a:2,R"]


def test_what_cannot_be_read_is_identical_to_nothing() -> None:
    group = [copy(1, b"cur/a:2,S", digest=None), copy(2, b"new/a", digest=None)]
    assert remedies(name_clash(group)) == {1: None, 2: "rename"}


# duplicate-id


def duplicates(*group: Copy, kept: Iterable[int] = (), lost: Iterable[int] = ()) -> dict[Any, Any]:
    return by_id(duplicate_id(group, set(kept), set(lost)))


@pytest.mark.parametrize(
    ("first", "second", "severity", "content", "same_folder", "remedy"),
    [
        (
            copy(1, b"cur/a"), copy(2, b"cur/b"),
            Severity.WARNING, "identical", True, "quarantine",
        ),
        (
            copy(1, b"cur/a"), copy(2, b"cur/b", digest=b"other"),
            Severity.WARNING, "same-body", True, None,
        ),
        (
            copy(1, b"cur/a"), copy(2, b"cur/b", digest=b"other", body=b"other"),
            Severity.INFO, "different", True, None,
        ),
        (
            copy(1, b"cur/a"), copy(2, b"cur/b", digest=b"other", body=None),  # a blank body
            Severity.INFO, "different", True, None,
        ),
        (
            copy(1, b"cur/a", body=None), copy(2, b"cur/b", digest=b"other", body=None),
            Severity.INFO, "different", True, None,
        ),
        (
            copy(1, b"cur/a", digest=None, body=None), copy(2, b"cur/b", digest=None, body=None),
            Severity.INFO, "different", True, None,
        ),
        (
            copy(1, b"cur/a"), copy(2, b".A/cur/a", folder=2),
            Severity.INFO, "identical", False, None,
        ),
        (
            copy(1, b"cur/a"), copy(2, b".A/cur/a", folder=2, digest=b"other"),
            Severity.INFO, "same-body", False, None,
        ),
    ],
)  # fmt: skip
def test_two_with_one_message_id(
    first: Copy, second: Copy, severity: Severity, content: str, same_folder: bool,
    remedy: str | None,
) -> None:  # fmt: skip
    found = duplicates(first, second)
    assert {finding.severity for finding in found.values()} == {severity}
    assert (found[1].remedy, found[2].remedy) == (None, remedy)
    here = content == "identical" and same_folder
    for number, other in ((1, second), (2, first)):
        detail = dict(found[number].detail)
        detail.pop("kept", None)
        assert detail == {
            "message_id": "<1@example.org>",
            "copies": 2,
            "others": [other.path.decode()],
            "same_folder": same_folder,
            "content": content,
            "identical_here": [other.path.decode()] if here else [],
        }


@pytest.mark.parametrize(
    ("kept", "other", "clash"),
    [
        # Filed before misfiled, whatever else speaks for the other.
        (copy(1, b"new/b", 9), copy(2, b"a", 1), {}),
        # The one that keeps its name in a clash.
        (copy(1, b"cur/b", 9), copy(2, b"cur/a", 1, uid=1), {"kept": {1}}),
        # The lowest UID; one without comes last.
        (copy(1, b"new/b", 9, uid=5), copy(2, b"cur/a", 1, uid=6), {}),
        (copy(1, b"new/b", 9, uid=5), copy(2, b"cur/a", 1), {}),
        # cur before new.
        (copy(1, b"cur/b", 9), copy(2, b"new/a", 1), {}),
        # The earlier ctime, then the earlier filename.
        (copy(1, b"cur/b", 1), copy(2, b"cur/a", 9), {}),
        (copy(1, b"cur/a", 1), copy(2, b"cur/b", 1), {}),
    ],
)
def test_which_of_two_identical_ones_is_kept(kept: Copy, other: Copy, clash: Any) -> None:
    for group in ((kept, other), (other, kept)):
        found = duplicates(*group, **clash)
        assert {number: each.remedy for number, each in found.items()} == {1: None, 2: "quarantine"}


@pytest.mark.parametrize("clash", [{}, {"kept": {1}}, {"lost": {2}}])
def test_one_marked_deleted_is_not_kept(clash: Any) -> None:
    trashed, living = copy(1, b"cur/a:2,ST", 1, uid=1), copy(2, b"new/b", 9)
    found = duplicates(trashed, living, **clash)
    assert {number: each.remedy for number, each in found.items()} == {1: "quarantine", 2: None}
    assert found[1].detail["kept"] == "new/b"


def test_one_marked_deleted_stays_while_the_living_one_is_not_filed() -> None:
    found = duplicates(copy(1, b"cur/a:2,T"), copy(2, b"b:2,S"), copy(3, b"c:2,S"))
    told = {number: each.remedy for number, each in found.items()}
    assert told == {1: None, 2: None, 3: "quarantine"}
    assert found[1].detail["living"] == "b:2,S"
    assert CATALOGUE["duplicate-id"].why_left(found[1].detail).reason.startswith("marked deleted")


def test_identical_ones_without_an_id() -> None:
    found = duplicates(*(copy(n, b"cur/%d" % n)._replace(message_id="") for n in (1, 2)))
    assert [each.detail["message_id"] for each in found.values()] == [None, None]
    assert {number: each.remedy for number, each in found.items()} == {1: None, 2: "quarantine"}


def test_one_of_each_kind() -> None:
    """Each is told of the closest to any other; severity and remedy go by its own folder."""
    found = duplicates(
        copy(1, b"cur/a", 1),
        copy(2, b"cur/b", 2),
        copy(3, b"cur/c", 3, digest=b"relayed"),
        copy(4, b"cur/d", 4, digest=b"edited", body=b"edited"),
        copy(5, b".A/cur/a", 5, folder=2),
        copy(6, b".B/cur/a", 6, folder=3, digest=b"relayed"),
    )
    told = {number: (each.severity.word, each.remedy) for number, each in found.items()}
    assert told == {
        1: ("warning", None),
        2: ("warning", "quarantine"),
        3: ("warning", None),
        4: ("info", None),
        5: ("info", None),
        6: ("info", None),
    }
    contents = [found[number].detail["content"] for number in range(1, 7)]
    assert contents == ["identical"] * 3 + ["different", "identical", "identical"]
    assert {each.detail["copies"] for each in found.values()} == {6}
    assert found[1].detail["identical_here"] == ["cur/b"]
    assert found[5].detail["identical_here"] == []


def test_long_lists_are_cut() -> None:
    found = duplicates(*(copy(number, b"cur/%03d" % number) for number in range(50)))
    for number, finding in found.items():
        detail = finding.detail
        assert detail["copies"] == 50
        for key in ("others", "identical_here"):
            assert len(set(detail[key])) == 20
            assert f"cur/{number:03d}" not in detail[key]
    assert sum(finding.remedy is None for finding in found.values()) == 1


def test_a_large_group_costs_no_more_than_its_size() -> None:
    """Each path is turned into text for a bounded number of lists."""

    class Counted(bytes):
        asked = 0

        def decode(self, *args: Any, **more: Any) -> str:
            Counted.asked += 1
            return super().decode(*args, **more)

    group = [copy(number, Counted(b"cur/%05d" % number)) for number in range(3000)]
    assert len(duplicates(*group)) == 3000
    assert len(group) <= Counted.asked < 10 * len(group)


# uid-clash


def marked(number: int, uid: int, ctime: int = 0, fmd5: bytes | None = None) -> Marked:
    return Marked(number, b"%d.host,U=%d" % (number, uid), ctime, uid, fmd5)


@pytest.mark.parametrize(
    ("messages", "highest", "expected"),
    [
        ([marked(1, 5), marked(2, 6)], 6, {}),
        ([marked(1, 5)], None, {}),
        ([marked(1, 5, 9), marked(2, 5, 1)], 5, {1: "rename", 2: None}),  # the later ctime
        ([marked(1, 5, 1), marked(2, 5, 1)], None, {1: None, 2: "rename"}),  # the later name
        ([marked(1, 5, 1), marked(2, 5, 2), marked(3, 5, 3)], 9,
         {1: None, 2: "rename", 3: "rename"}),
        ([marked(1, 5, 1, b"aa"), marked(2, 5, 2, b"aa")], None, {1: None, 2: "rename"}),
        ([marked(1, 5, 1, b"aa"), marked(2, 5, 2, b"bb")], None, {}),
        ([marked(1, 5, 1, b"aa"), marked(2, 5, 2)], None, {}),
        ([marked(1, 7)], 6, {1: "rename"}),  # above what mbsync has given out
        ([marked(1, 6)], 6, {}),
        ([marked(1, 7, 0, b"aa")], 6, {}),  # offlineimap keeps no such file
        ([marked(1, 7, 1), marked(2, 7, 2)], 6, {1: "rename", 2: "rename"}),
        ([marked(1, 7)], None, {}),
    ],
)  # fmt: skip
def test_uids_that_clash(
    messages: list[Marked], highest: int | None, expected: dict[int, str | None]
) -> None:
    found = uid_clash(messages, highest)
    assert remedies(found) == expected
    for number, finding in found:
        assert finding.severity == Severity.ERROR
        assert finding.detail["uid"] == next(each.uid for each in messages if each.id == number)


def test_identical_ones_under_one_uid_are_one_message() -> None:
    def twin(number: int, flags: bytes, ctime: int, digest: bytes = b"same") -> Marked:
        name = b"%d.host,U=5:2,%s" % (number, flags)
        return Marked(number, name, ctime, 5, None, digest, b"cur/" + name)

    first, later, other = twin(1, b"S", 1), twin(2, b"F", 2), twin(3, b"", 3, b"other")
    found = uid_clash([other, later, first], 5)
    assert remedies(found) == {1: None, 2: "quarantine", 3: "rename"}
    assert by_id(found)[2].detail["kept"] == "cur/1.host,U=5:2,S"
    # Above what mbsync has assigned, one is left to be uploaded.
    assert remedies(uid_clash([first, later], 4)) == {1: "rename", 2: "quarantine"}
    # One marked deleted is not kept, nor one that gives its name up.
    assert remedies(uid_clash([twin(1, b"T", 1), later], 5)) == {1: "quarantine", 2: None}
    assert remedies(uid_clash([first, later], 5, {1})) == {1: "quarantine", 2: None}
    # Two that differ from the one kept, but not from each other.
    alike = twin(4, b"", 4, b"other")
    told = remedies(uid_clash([first, other, alike], 5))
    assert told == {1: None, 3: "rename", 4: "quarantine"}
    quick = uid_clash([first, later], 5, full=False)
    assert remedies(quick) == {1: None, 2: None}
    assert all(finding.detail["pending"] for _, finding in quick)


# misfiled


@pytest.mark.parametrize(
    ("where", "target", "twin", "remedy"),
    [
        ("folder-root", "Sent", None, "file"),
        ("nested", "Sent", None, "file"),
        ("folder-root", "INBOX", None, "file"),
        ("nested", None, None, None),  # below INBOX, or below no folder
        ("folder-root", "Sent", b".Sent/cur/1.host:2,S", "quarantine"),
    ],
)
def test_misfiled(where: str, target: str | None, twin: bytes | None, remedy: str | None) -> None:
    detail = {"where": where, "target": target, "copy_of": twin.decode() if twin else None}
    expected = Finding("misfiled", Severity.ERROR, detail, remedy)
    copy_of = Twin(twin, trashed=False) if twin else None
    assert misfiled(where, target, copy_of, full=True) == expected


def test_misfiled_beside_a_filed_one_that_is_marked_deleted() -> None:
    finding = misfiled("folder-root", "Sent", Twin(b"cur/1:2,T", trashed=True), full=True)
    assert finding.remedy == "file"
    assert (finding.detail["copy_of"], finding.detail["trashed_copy"]) == (None, "cur/1:2,T")


def test_misfiled_in_a_quick_survey() -> None:
    finding = misfiled("folder-root", "Sent", None, full=False)
    assert finding.remedy is None
    assert finding.detail["pending"] is True


# in-tmp

OLD = Leftover(
    age_seconds=200_000, stale=True, open_by=[], size=700, mail=True, complete=None,
    copy_of=None, known=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({}, "file"),  # nobody can know whether it is whole; it is not cut
        ({"complete": True}, "file"),
        ({"complete": False}, "quarantine"),
        ({"size": 0, "mail": False}, "quarantine"),
        ({"copy_of": b"cur/1"}, "quarantine"),
        ({"copy_of": b"cur/1", "known": True}, "quarantine"),
        ({"known": True}, None),  # other bytes with its Message-ID are filed
        ({"mail": False}, None),
        ({"mail": False, "complete": True}, None),
        ({"mail": False, "complete": False}, "quarantine"),
        ({"mail": False, "copy_of": b"cur/1"}, "quarantine"),
        ({"open_by": None}, "file"),  # not seen to be open
    ],
)
def test_a_stale_leftover(change: dict[str, Any], remedy: str | None) -> None:
    facts = OLD._replace(**change)
    finding = leftover(facts, full=True)
    assert (finding.code, finding.severity, finding.remedy) == ("in-tmp", Severity.ERROR, remedy)
    assert finding.detail == {
        "age_seconds": 200_000,
        "stale": True,
        "open_by": facts.open_by,
        "complete": facts.complete,
        "copy_of": facts.copy_of.decode() if facts.copy_of else None,
    }


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"known": True}, "file"),
        ({"complete": True}, "file"),
        ({"complete": False}, None),
        ({"mail": False}, None),
        ({"copy_of": b"tmp/0"}, "quarantine"),  # an earlier leftover is filed
    ],
)
def test_a_leftover_beside_a_filed_one_that_is_marked_deleted(
    change: dict[str, Any], remedy: str | None
) -> None:
    finding = leftover(OLD._replace(trashed_copy=b"cur/1:2,T", **change), full=True)
    assert finding.remedy == remedy
    assert finding.detail["trashed_copy"] == "cur/1:2,T"


@pytest.mark.parametrize("change", [{}, {"size": 0}, {"complete": False}, {"open_by": [7]}])
def test_a_fresh_leftover_is_left_alone(change: dict[str, Any]) -> None:
    finding = leftover(OLD._replace(stale=False, **change), full=True)
    assert (finding.severity, finding.remedy) == (Severity.INFO, None)
    assert "pending" not in finding.detail


def test_a_leftover_in_a_quick_survey() -> None:
    finding = leftover(OLD, full=False)
    assert (finding.severity, finding.remedy) == (Severity.ERROR, None)
    assert finding.detail["pending"] is True


@pytest.mark.parametrize(
    ("named", "multipart", "closed", "header_cut", "complete"),
    [
        (700, False, False, False, True),  # `,S=` is right
        (700, True, False, False, True),
        (700, False, False, True, True),
        (900, False, False, False, False),  # there was more
        (900, True, True, False, False),
        (None, True, True, False, True),  # without a right `,S=` the closing boundary tells
        (500, True, True, False, True),
        (None, True, False, False, False),
        (500, True, False, False, False),
        (None, False, False, True, False),  # or a header that breaks off
        (500, False, False, True, False),
        (None, False, False, False, None),
        (500, False, False, False, None),
    ],
)
def test_whether_a_leftover_is_whole(
    named: int | None, multipart: bool, closed: bool, header_cut: bool, complete: bool | None
) -> None:
    told = is_complete(700, named, multipart=multipart, closed=closed, header_cut=header_cut)
    assert told is complete
