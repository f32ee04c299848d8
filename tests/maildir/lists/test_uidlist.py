"""Uidlists: read as servers read them, edited so that a renamed message keeps its UID."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.lists.uidlist import (
    Change,
    UidlistError,
    base_name,
    numbering,
    parse_uidlist,
)
from mailsurgeon.maildir.lists.uidlist_edit import apply_changes, rename_records

HEADER = b"3 V1300000000 N5 G0123456789abcdef0123456789abcdef Pu Xkept\n"
LIST = HEADER + (
    b"1 :1300000001.M1P1.host\n"
    b"4 S90 W95 :1300000002.M2P1.host,S=90,W=95\n"
    b"7 Gaaaa W95 Pbbbb Zfuture :1300000003.M3P1.host\n"
)


def test_a_list_is_read() -> None:
    read = parse_uidlist(LIST)
    assert (read.version, read.uidvalidity, read.next_uid) == (3, 1300000000, 5)
    assert [(one.uid, one.base) for one in read.records] == [
        (1, b"1300000001.M1P1.host"),
        (4, b"1300000002.M2P1.host,S=90,W=95"),
        (7, b"1300000003.M3P1.host"),
    ]
    assert read.records[1].fields == (b"S90", b"W95")
    assert read.bad == ()


def test_version_1_and_courier_are_read() -> None:
    read = parse_uidlist(b"1 1300000000 3\n1 one.host,S=5\n2 two host\n")
    assert (read.version, read.uidvalidity, read.next_uid) == (1, 1300000000, 3)
    assert [(one.uid, one.base) for one in read.records] == [
        (1, b"one.host,S=5"),
        (2, b"two host"),
    ]


def test_a_renamed_message_keeps_its_uid_guid_and_uidl() -> None:
    old, new = b"1300000002.M2P1.host,S=90,W=95", b"1300000002.M2P1.host,S=88,W=92"
    data, changes = rename_records(LIST, [(old, new)])
    assert data == LIST.replace(b"4 S90 W95 :" + old + b"\n", b"4 G" + old + b" :" + new + b"\n")
    assert changes == [Change(b"4 S90 W95 :" + old, b"4 G" + old + b" :" + new)]


def test_where_file_names_are_uidls_the_old_one_is_kept_as_uidl() -> None:
    data, _ = rename_records(
        HEADER + b"1 :old\n2 Pown :two\n", [(b"old", b"new")], uidl_is_name=True
    )
    assert data == HEADER + b"1 Pold Gold :new\n2 Pown :two\n"


def test_guid_and_uidl_that_are_there_stay_and_so_does_what_nobody_knows() -> None:
    data, _ = rename_records(LIST, [(b"1300000003.M3P1.host", b"fresh")])
    assert b"\n7 Gaaaa Pbbbb Zfuture :fresh\n" in data


def test_an_empty_uidl_stood_for_the_old_base_name() -> None:
    data, _ = rename_records(HEADER + b"1 P :old\n", [(b"old", b"new")])
    assert data == HEADER + b"1 Pold Gold :new\n"


def test_a_base_name_with_a_space_cannot_become_a_field() -> None:
    data, _ = rename_records(HEADER + b"1 W5 :old name\n", [(b"old name", b"new")])
    assert data == HEADER + b"1 :new\n"


def test_the_same_base_only_loses_its_sizes() -> None:
    base = b"1300000002.M2P1.host,S=90,W=95"
    data, changes = rename_records(LIST, [(base, base)])
    assert b"\n4 :" + base + b"\n" in data
    assert len(changes) == 1
    assert rename_records(data, [(base, base)]) == (data, [])


def test_a_message_no_server_has_seen_changes_nothing() -> None:
    assert rename_records(LIST, [(b"unknown", b"new")]) == (LIST, [])


def test_version_1_records_are_renamed() -> None:
    data, _ = rename_records(b"1 7 3\n1 one,S=5\n2 two\n", [(b"one,S=5", b"one,S=6")])
    assert data == b"1 7 3\n1 one,S=6\n2 two\n"


def test_two_messages_never_share_a_base_name() -> None:
    with pytest.raises(UidlistError, match="has a record already"):
        rename_records(LIST, [(b"1300000001.M1P1.host", b"1300000003.M3P1.host")])


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (b"0 :a\n", "not allowed"),
        (b"4294967295 :a\n", "not allowed"),
        (b"x :a\n", "no UID"),
        (b"5 :a\n5 :b\n", "comes after"),
        (b"5 :a\n4 :b\n", "comes after"),
        (b"1 :a\n2 :a\n", "has UID 2 too"),
        (b"1 :a/b\n", "slash"),
        (b"1 W5\n", "no base name"),
        (b"1 :\n", "no base name"),
        (b"1 :a\n2 :b", "no newline"),
        (b"\n", "no UID"),
    ],
)
def test_lines_a_server_rejects_are_named_and_nothing_is_edited(lines: bytes, reason: str) -> None:
    bad = parse_uidlist(HEADER + lines).bad
    assert len(bad) == 1
    assert reason in bad[0].reason
    with pytest.raises(UidlistError, match=f"line {bad[0].number}: "):
        rename_records(HEADER + lines, [(b"a", b"z")])


TWICE = HEADER + b"1 :a\n3 :b\n4 :c\n7 :a\n"
"""As Dovecot leaves a list when the message `a` was away and came back during a session."""


def test_a_base_name_listed_twice_does_not_hinder_changes_of_others() -> None:
    data, changes = rename_records(TWICE, [(b"b", b"z"), (b"c", b"y")])
    assert data == HEADER + b"1 :a\n3 Gb :z\n4 Gc :y\n7 :a\n"
    assert apply_changes(data, [change.back for change in changes])[0] == TWICE


@pytest.mark.parametrize("rename", [(b"a", b"z"), (b"b", b"a")])
def test_the_record_of_a_base_name_listed_twice_is_not_changed(rename: tuple[bytes, bytes]) -> None:
    with pytest.raises(UidlistError):
        rename_records(TWICE, [rename])


def test_a_rejected_line_refuses_all_changes_of_a_list_with_a_repeated_name_too() -> None:
    with pytest.raises(UidlistError, match="line 6: no UID"):
        rename_records(TWICE + b"torn\n", [(b"b", b"z")])


def test_a_uid_of_2_to_the_31_is_lawful() -> None:
    assert parse_uidlist(HEADER + b"4294967294 :a\n").bad == ()


@pytest.mark.parametrize("header", [b"", b"2 V1 N1", b"3 N1", b"3 V1", b"3 V0 N1", b"1 a b", b"\0"])
def test_another_file_is_no_uidlist(header: bytes) -> None:
    with pytest.raises(UidlistError):
        parse_uidlist(header + b"\n1 :a\n")


def test_undo_gives_the_same_bytes() -> None:
    data, changes = rename_records(LIST, [(b"1300000002.M2P1.host,S=90,W=95", b"new")])
    back = [Change(change.after, change.before) for change in changes]
    assert apply_changes(data, back)[0] == LIST


def test_undo_respects_mail_that_came_later_and_what_the_server_wrote() -> None:
    data, changes = rename_records(HEADER + b"4 W9 :old\n", [(b"old", b"new")])
    later = data.replace(b"N5", b"N9").replace(b"4 Gold :new", b"4 Gold S8 Xmore :new")
    later += b"8 :arrived\n"
    back = [Change(change.after, change.before) for change in changes]
    undone, made = apply_changes(later, back)
    assert undone == HEADER.replace(b"N5", b"N9") + b"4 Xmore W9 :old\n8 :arrived\n"
    assert [change.before for change in made] == [b"4 Gold S8 Xmore :new"]


def test_undo_of_a_record_that_the_server_renumbered_keeps_the_new_uid() -> None:
    _, changes = rename_records(HEADER + b"4 :old\n", [(b"old", b"new")])
    back = [Change(change.after, change.before) for change in changes]
    undone, _ = apply_changes(HEADER + b"9 W5 :new\n", back)
    assert undone == HEADER + b"9 :old\n"


def test_what_is_gone_from_the_list_is_passed_over() -> None:
    assert apply_changes(LIST, [Change(b"9 :gone", b"9 :back")]) == (LIST, [])


def test_the_base_name_ends_at_the_first_colon() -> None:
    assert base_name(b"1.M1.host,S=5:2,S:2,F") == b"1.M1.host,S=5"
    assert base_name(b"1.M1.host;2,S") == b"1.M1.host;2,S"


_BASES = st.binary(min_size=1, max_size=12).filter(
    lambda base: not set(base) & set(b":/\n\r\0") and not base.startswith(b" ")
)
_FIELDS = st.lists(
    st.sampled_from([b"S5", b"W7", b"Gguid", b"Puidl", b"P", b"O3", b"Zz"]),
    unique_by=lambda field: field[:1],
)


_PIECES = st.sampled_from([
    b"1", b"2", b"03", b"12", b"9" * 21, b" ", b" :", b" :", b":", b"\n", b"\n", b"W5", b"Ga:b",
    b"a", b"b,S=5", b"/", b"\r", b"\xff",
])  # fmt: skip


@given(st.lists(_PIECES, max_size=16))
def test_any_list_is_edited_where_its_lines_are_in_order_and_only_there(
    pieces: list[bytes],
) -> None:
    """What is looked at quickly before an edit is what reading line by line finds."""
    text = HEADER + b"".join(pieces)
    uidlist = parse_uidlist(text)
    names = [(record.base, b"fresh-%d" % record.uid) for record in uidlist.records]
    if uidlist.bad:
        with pytest.raises(UidlistError):
            rename_records(text, names)
        return
    again = parse_uidlist(rename_records(text, names)[0])
    assert [(record.uid, record.base) for record in again.records] == [
        (record.uid, b"fresh-%d" % record.uid) for record in uidlist.records
    ]


@given(st.lists(st.tuples(_BASES, _FIELDS), unique_by=lambda one: one[0], max_size=8), st.data())
def test_any_rename_can_be_undone_exactly(
    records: list[tuple[bytes, list[bytes]]], data: st.DataObject
) -> None:
    lines = [
        b" ".join([b"%d" % uid, *fields, b":" + base])
        for uid, (base, fields) in enumerate(records, start=1)
    ]
    text = HEADER + b"".join(line + b"\n" for line in lines)
    bases = [base for base, _ in records]
    chosen = data.draw(st.lists(st.sampled_from(bases), unique=True)) if bases else []
    renames = [(base, b"fresh-" + base) for base in chosen]
    if {new for _, new in renames} & set(bases):
        return
    changed, changes = rename_records(text, renames)
    before, after = parse_uidlist(text), parse_uidlist(changed)
    assert after.header == before.header
    assert after.bad == ()
    names = dict(renames)
    assert [(r.uid, r.base) for r in after.records] == [
        (r.uid, names.get(r.base, r.base)) for r in before.records
    ]
    back = [Change(change.after, change.before) for change in reversed(changes)]
    assert apply_changes(changed, back)[0] == text


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"3 V7 N9 Pabc\n1 :a\n5 :b\n", (7, 9)),
        (b"3 V7 N1 Pabc\n1 :a\n5 :b\n", (7, 6)),  # appended to, the header left as it was
        (b"3 V7 N4 Pabc\n", (7, 4)),
        (b"3 V7 N4 Pabc\n1 :a\nbroken", (7, 4)),
        (b"1 7 4\n1 a\n8 b\n", (7, 9)),
    ],
)
def test_how_a_folder_is_numbered(data: bytes, expected: tuple[int, int]) -> None:
    assert numbering(data) == expected


def test_what_has_no_header_numbers_nothing() -> None:
    for data in (b"", b"1 :a\n", b"4 V1 N1\n"):
        with pytest.raises(UidlistError):
            numbering(data)
