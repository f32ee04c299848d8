"""Names of message files: base name, fields and info, in every form servers and copies leave."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.filename import (
    NO_NEIGHBOURS,
    Neighbours,
    count_field,
    fmd5_field,
    leading_seconds,
    name_faults,
    neighbours_of,
    parse_info,
    size_fields,
    sorted_flags,
    split,
    uid_field,
    with_sizes,
    without_uid,
)


@pytest.mark.parametrize(
    ("name", "base", "info"),
    [
        (b"1.M1P1.host:2,S", b"1.M1P1.host", b":2,S"),
        (b"1.M1P1.host,S=10,W=12:2,", b"1.M1P1.host,S=10,W=12", b":2,"),
        (b"1.M1P1.host", b"1.M1P1.host", b""),
        (b"1.host:2,S:2,F", b"1.host", b":2,S:2,F"),
        (b":2,S", b"", b":2,S"),
        (b"::2,S", b"", b"::2,S"),
        (b":1.host,S=7:2,S", b":1.host,S=7", b":2,S"),  # never the base name of another
        (b":1.host", b":1.host", b""),
        (b"", b"", b""),
    ],
)
def test_the_base_name_ends_at_the_first_colon(name: bytes, base: bytes, info: bytes) -> None:
    assert split(name) == (base, info)


@pytest.mark.parametrize(
    ("info", "flags"),
    [
        (b":2,", b""),
        (b":2,S", b"S"),
        (b":2,DFPRST", b"DFPRST"),
        (b":2,FSabz", b"FSabz"),
        (b":2,SZ", b"SZ"),  # a capital nobody knows is kept
        (b":2,FS,x=1", b"FS"),
        (b":2,,SF", b""),  # what follows a further comma is left alone
    ],
)
def test_good_infos(info: bytes, flags: bytes) -> None:
    found = parse_info(b"1.host" + info)
    assert (found.kind, found.info, found.flags) == ("good", info, flags)
    assert found.should_be == info


@pytest.mark.parametrize(
    ("info", "should_be"),
    [
        (b":2,SF", b":2,FS"),  # unsorted
        (b":2,aS", b":2,Sa"),
        (b":2,Sba", b":2,Sab"),
        (b":2,SS", b":2,S"),  # repeated
        (b":2,SFS", b":2,FS"),
        (b":2,S9", b":2,S"),  # not letters: flags end there
        (b":2,-RS", b":2,"),
        (b":2,S.eml", b":2,S"),
        (b":2,S.TXT", b":2,S"),
        (b":2,FS.gz", b":2,FS"),
        (b":2,S (Ted's conflicted copy 2026-01-02)", b":2,S"),
        (b":2,S (Smith, Ted's copy)", b":2,S"),
        (b":2,ST~", b":2,ST"),
        (b":2,.eml", b":2,"),
        (b":2,S:2,F.eml", b":2,F"),
        (b":2,S,x:y", b":2,S"),  # a server looks for flags behind the last colon
        (b":2,S.gz,x=1", b":2,S,x=1"),  # a further comma and what belongs there stay
        (b":2,S;2,T", b":2,S"),  # but no letters, which may belong to what was put behind
        (b":2,S\xe9", b":2,S"),
        (b":2,ZS", b":2,SZ"),
        (b":2,SF,x=1", b":2,FS,x=1"),
        (b":2,:2,S", b":2,S"),  # doubled: the flags after the last `2,` are kept
        (b":2:2,S", b":2,S"),
        (b":2,F:2,S", b":2,S"),
        (b":2,:2,SF", b":2,FS"),
        (b":2,:2,:2,RS", b":2,RS"),
        (b":1,", b":2,"),  # any other
        (b":1,S", b":2,"),
        (b":", b":2,"),
        (b":2", b":2,"),
        (b":3,x", b":2,"),
        (b":seen", b":2,"),
    ],
)
def test_bad_infos_and_what_they_should_be(info: bytes, should_be: bytes) -> None:
    found = parse_info(b"1.host" + info)
    assert (found.kind, found.base, found.info) == ("bad", b"1.host", info)
    assert found.should_be == should_be


@pytest.mark.parametrize("letters", [b"", b"S", b"SF", b"RSa"])
@pytest.mark.parametrize(
    "start", [b";2,", b"!2,", b"_2,", b",2,", b"%3A2,", b"%3a2,", b"%3A2%2C", b"%3a2%2c"]
)
def test_foreign_separators(start: bytes, letters: bytes) -> None:
    found = parse_info(b"1.host,S=10" + start + letters)
    assert (found.kind, found.base, found.info) == ("foreign", b"1.host,S=10", start + letters)
    assert found.should_be == b":2," + bytes(sorted(letters))
    assert found.separator == start.partition(b"2")[0].lower()


@pytest.mark.parametrize("start", [b";2,", b"!2,", b"_2,", b"%3A2%2C", b" 2,", b"\xef\x80\xa22,"])
@pytest.mark.parametrize(
    ("letters", "behind"),
    [
        (b"S", b".eml"),
        (b"FS", b".TXT"),
        (b"Sab", b".gz"),
        (b"", b".eml"),
        (b"RS", b" (Ted's conflicted copy 2026-01-02)"),
        (b"S", b"(1).eml"),
        (b"S", b" - Copy"),
        (b"S", b"~"),
    ],
)
def test_flags_behind_a_foreign_separator_end_before_what_is_no_flag(
    start: bytes, letters: bytes, behind: bytes
) -> None:
    found = parse_info(b"1.host,S=10" + start + letters + behind)
    assert (found.base, found.info) == (b"1.host,S=10", start + letters + behind)
    assert (found.flags, found.should_be) == (letters, b":2," + letters)
    assert found.torn
    assert found.kind in ("foreign", "lost-colon")


@pytest.mark.parametrize(
    "doubled", [b";2,S;2,RS", b";2,;2,RS", b"\xef\x80\xa22,S;2,RS", b"_2,F 2,RS"]
)
def test_of_several_infos_behind_foreign_separators_the_last_counts(doubled: bytes) -> None:
    found = parse_info(b"1.host" + doubled)
    assert (found.base, found.info, found.should_be) == (b"1.host", doubled, b":2,RS")


def test_a_lost_colon_and_a_file_type() -> None:
    found = parse_info(b"1.host,S=1602,S.eml", 160)
    assert (found.kind, found.base, found.should_be) == ("lost-colon", b"1.host,S=160", b":2,S")


@pytest.mark.parametrize(
    "name",
    [
        b"1.host_2,final.eml",  # no program sorts flags so
        b"1.host;2,SF.eml",
        b"1.host_2,S=160.eml",  # a field
        b"1.host2,.eml",
        b"1.host2,x.eml",
        b"1.host",
        b"1.host;1,S",
        b"1.host;2S",
        b"1.host;2,S9",
        b"1.host;2,S\n",  # a name may end in a newline, an info may not
        b"1.host2,",  # a lost colon wants a letter, or neighbours that end so
        b"1.host,U=2,S",  # the digit is all there is of the number
        b"1.host,S=2,",
        b"1.host2,S\n",
        b"1.host,2",
    ],
)
def test_names_without_an_info(name: bytes) -> None:
    found = parse_info(name)
    assert (found.kind, found.base, found.info) == ("none", name, b"")
    assert found.should_be == b":2,"


@pytest.mark.parametrize("letters", [b"", b"S", b"SF"])
@pytest.mark.parametrize(
    "lost", [" ", "  ", "\t", "\uf022", "\uff1a", "\ua789", "\u2236", "\U0001f4e7", "\xb7"]
)
def test_a_colon_that_a_copy_has_changed(lost: str, letters: bytes) -> None:
    for separator in {lost.encode(), lost.encode("latin-1", "ignore")} - {b""}:
        found = parse_info(b"1.host,S=10" + separator + b"2," + letters)
        assert (found.kind, found.base) == ("lost-colon", b"1.host,S=10")
        assert found.should_be == b":2," + bytes(sorted(letters))
        assert not found.bare


@pytest.mark.parametrize(
    ("name", "size", "neighbours", "base"),
    [
        (b"1.host2,", None, Neighbours(bare=True), b"1.host"),
        (b"1.host,S=1602,", 160, NO_NEIGHBOURS, b"1.host,S=160"),  # the size fits without the digit
        (b"1.host,S=1602,", 1602, Neighbours(bare=True), None),  # and here with it
        (b"1.host,U=32,", None, Neighbours(highest_uid=9), b"1.host,U=3"),
        (b"1.host,U=32,", None, Neighbours(highest_uid=40), None),
        (b"1.host,U=32,", None, Neighbours(highest_uid=2), None),
        (b"1.host,U=2,", None, Neighbours(bare=True, highest_uid=1), None),
    ],
)
def test_a_lost_colon_without_flags_needs_evidence(
    name: bytes, size: int | None, neighbours: Neighbours, base: bytes | None
) -> None:
    found = parse_info(name, size, None, neighbours)
    if base is None:
        assert (found.kind, found.base) == ("none", name)
    else:
        assert (found.kind, found.base, found.should_be) == ("lost-colon", base, b":2,")


def test_two_names_that_end_alike_are_evidence() -> None:
    assert neighbours_of([b"1.host2,", b"2.host2,S", b"3.host:2,"]).bare
    assert not neighbours_of([b"1.host2,", b"2.host;2,S", b"3.host:2,S", b"4.host 2,"]).bare


@pytest.mark.parametrize(
    ("name", "torn"),
    [(b"1.h:2,S", False), (b"1.h:2,SF", False), (b"1.h:2,S.eml", True), (b"1.h:2,S,x", False),
     (b"1.h:1,S", False), (b"1.h;2,S", False), (b"1.h:2,S (copy)", True)],
)  # fmt: skip
def test_what_something_was_written_behind(name: bytes, torn: bool) -> None:
    assert parse_info(name).torn == torn


@pytest.mark.parametrize(
    ("name", "faults"),
    [
        (b"1.host,S=1,W=1:2,S", 0),
        (b".host", 1),
        (b":1.host", 1),
        (b"1.ho\nst", 1),
        (b"1." + b"h" * 199, 1),
        (b"1.host,S=1,S=1,W=1,W=1", 2),
        (b"1.host,S=1:2,,S=1", 0),
        (b":1.ho\x7fst", 2),
    ],
)
def test_faults_of_names(name: bytes, faults: int) -> None:
    assert len(name_faults(name)) == faults


def test_a_foreign_separator_counts_in_names_without_a_colon_only() -> None:
    assert parse_info(b"1.host;2,S:2,").kind == "good"
    assert parse_info(b"1.host;2,S:2,").base == b"1.host;2,S"


@pytest.mark.parametrize(
    ("name", "info", "should_be"),
    [
        (b"1.host2,S", b"2,S", b":2,S"),
        (b"1.host2,SF", b"2,SF", b":2,FS"),
        (b"1.host,U=72,S", b"2,S", b":2,S"),
    ],
)
def test_a_lost_colon(name: bytes, info: bytes, should_be: bytes) -> None:
    found = parse_info(name)
    assert (found.kind, found.info, found.should_be) == ("lost-colon", info, should_be)


@pytest.mark.parametrize(
    ("name", "size", "virtual", "kind", "sizes"),
    [
        # 500 bytes: the 2 belongs to the flags, and the size is right.
        (b"1.host,S=5002,S", 500, 510, "lost-colon", (500, None)),
        # 5,002 bytes: the 2 is the size's own digit; there is no info.
        (b"1.host,S=5002,S", 5002, 5010, "none", (5002, None)),
        # Neither fits: no digits leave a fitting size, so none is named.
        (b"1.host,S=5002,S", 77, 80, "lost-colon", (None, None)),
        (b"1.host,S=500,W=5102,S", 500, 510, "lost-colon", (500, 510)),
        (b"1.host,S=500,W=5102,S", 500, 5102, "none", (500, 5102)),
        (b"1.host,S=500,W=5102,S", 500, 9, "lost-colon", (500, None)),
        # A size before another field has nothing to do with the colon.
        (b"1.host,S=5,U=12,S", 700, 710, "lost-colon", (5, None)),
    ],
)
def test_a_lost_colon_behind_a_size(
    name: bytes, size: int, virtual: int, kind: str, sizes: tuple[int | None, int | None]
) -> None:
    assert parse_info(name, size, virtual).kind == kind
    assert size_fields(name, size, virtual) == sizes


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        (b"1.host,S=10,W=12:2,S", (10, 12)),
        (b"1.host,W=12,S=10", (10, 12)),
        (b"1.host,S=10", (10, None)),
        (b"1.host:2,S", (None, None)),
        (b"1.host,S=10,S=11:2,", (10, None)),  # the first counts
        (b"1.host,S=abc,S=11:2,", (None, None)),
        (b"1.host,S=:2,", (0, None)),  # no digits are 0
        (b"1.host,S=12x:2,", (None, None)),
        (b"1.host,S=12\n", (None, None)),
        (b"1.host,s=12,w=3:2,", (None, None)),
        (b"1.hostS=12:2,", (None, None)),
        (b"1.host:2,S,S=12", (12, None)),  # Dovecot does not stop at the colon
        (b"1.host:2,,W=12,S=3", (3, 12)),
        (b"1.host:2,S,S=", (None, None)),  # nothing follows
        (b"1.host,S=", (None, None)),
        (b"1.host,S=,W=5:2,", (0, 5)),
        (b"1.host,S=10 2,S", (10, None)),
        (b"1.host,S=10\xef\x80\xa22,S", (10, None)),
        (b"1.host,S=000012:2,", (12, None)),
        (b"1.host,S=10;2,S", (10, None)),  # up to the info, foreign or not
        (b"1.host,S=10,W=12%3A2%2CS", (10, 12)),
        (b"1.host,S=10_2,", (10, None)),
        (b"1.host,S=9999999999999999999999999:2,", (9999999999999999999999999, None)),
        (b"1.host,S=" + b"9" * 5000, (None, None)),  # no file system has such names
    ],
)
def test_sizes_in_names(name: bytes, sizes: tuple[int | None, int | None]) -> None:
    assert size_fields(name) == sizes


@pytest.mark.parametrize(
    ("name", "after"),
    [
        (b"1.host,S=10,W=12,U=7:2,S", b"1.host,S=333,W=444,U=7:2,S"),
        (b"1.host,S=10:2,S", b"1.host,S=333:2,S"),
        (b"1.host,W=10:2,S", b"1.host,W=444:2,S"),
        (b"1.host:2,S", b"1.host:2,S"),
        (b"1.host,S=10,S=11:2,", b"1.host,S=333,S=11:2,"),
        (b"1.host,S=10;2,S", b"1.host,S=333;2,S"),
        (b"1.host,S=abc:2,S", b"1.host,S=abc:2,S"),
        (b"1.host,S=:2,S", b"1.host,S=333:2,S"),
        (b"1.host:2,S,S=7", b"1.host:2,S,S=333"),
        (b"1.host,W=1:2,,S=7", b"1.host,W=444:2,,S=333"),
        (b"1.host,S=992,S:2,S", b"1.host,S=333,S:2,S"),  # a colon is there: `2,S` is no info
        (b"1.host,S=3332,S", b"1.host,S=3332,S"),  # 333 and a lost colon: right already
    ],
)
def test_setting_sizes_changes_nothing_else(name: bytes, after: bytes) -> None:
    assert with_sizes(name, 333, 444) == after


def test_setting_one_size_leaves_the_other() -> None:
    assert with_sizes(b"1.host,S=1,W=2:2,", size=5) == b"1.host,S=5,W=2:2,"
    assert with_sizes(b"1.host,S=1,W=2:2,", virtual_size=5) == b"1.host,S=1,W=5:2,"


@pytest.mark.parametrize(
    ("name", "letter", "number"),
    [
        (b"1.host,S=1,S=2:2,S", b"S", 2),
        (b"1.host,S=1,W=2:2,S", b"W", 1),
        (b"1.host:2,S,S=1", b"S", 0),
    ],
)
def test_how_often_a_field_is_there(name: bytes, letter: bytes, number: int) -> None:
    assert count_field(name, letter) == number


@pytest.mark.parametrize(
    ("name", "uid", "fmd5"),
    [
        (b"1.host,U=12:2,S", 12, None),
        (b"1_0.1.host,U=12,FMD5=0123abcd:2,S", 12, b"0123abcd"),
        (b"1_0.1.host,U=12,FMD5=0123abcd!2,S", 12, b"0123abcd"),
        (b"1_0.1.host,U=12,FMD5=0123abcd!2,", 12, b"0123abcd"),
        (b"1.host,U=1,U=2:2,", 1, None),
        (b"1.host,U=32,S", 3, None),  # a lost colon
        (b"1.host,U=3 2,S", 3, None),
        (b"1.host,U=32,", 32, None),
        (b"1.host,U=:2,", None, None),
        (b"1.host:2,S", None, None),
        (b"1.host,U=" + b"9" * 5000, None, None),
    ],
)
def test_what_sync_tools_write_into_a_name(name: bytes, uid: int | None, fmd5: bytes) -> None:
    assert (uid_field(name), fmd5_field(name)) == (uid, fmd5)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        (b"1.host,U=12:2,S", b"1.host:2,S"),
        (b"1.host,S=10,U=12,W=12:2,S", b"1.host,S=10,W=12:2,S"),
        (b"1_0.1.host,U=12,FMD5=0123abcd:2,S", b"1_0.1.host:2,S"),
        (b"1_0.1.host,U=12,FMD5=0123abcd!2,S", b"1_0.1.host!2,S"),
        (b"1_0.1.host,U=12,FMD5=0123abcd;2,", b"1_0.1.host;2,"),
        (b"1.host:2,S", b"1.host:2,S"),
        (b"1.host:2,S,U=12", b"1.host:2,S"),  # mbsync reads it there too
        (b"1.host,U=32,S:2,S", b"1.host,S:2,S"),
        (b"1.host,U=32,S", b"1.host:2,S"),
    ],
)
def test_a_message_that_changes_its_folder_loses_its_uid_and_nothing_else(
    name: bytes, after: bytes
) -> None:
    assert without_uid(name) == after


@pytest.mark.parametrize(
    ("flags", "after"), [(b"SFS", b"FS"), (b"aS", b"Sa"), (b"S,9 \xff", b"S"), (b"", b"")]
)
def test_flags_are_sorted_letters(flags: bytes, after: bytes) -> None:
    assert sorted_flags(flags) == after


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        (b"1224790447.M1P1.host", 1224790447),
        (b"1224790447_3.1.host", 1224790447),
        (b"upload", None),
        (b"", None),
        (b"9" * 40, None),
    ],
)
def test_the_seconds_a_name_begins_with(name: bytes, seconds: int | None) -> None:
    assert leading_seconds(name) == seconds
