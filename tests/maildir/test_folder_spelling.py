"""Names of folders that a server lists and cannot open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.folder_names import FS
from mailsurgeon.maildir.folder_spelling import (
    BEHIND_INBOX,
    CONTROL,
    EMPTY_PART,
    NOT_CANONICAL,
    NOT_DECODED,
    NOT_UTF8,
    RAW_UTF8,
    TILDE,
    SpellingRules,
    bad_spelling,
)

MAILDIRPP_RULES = SpellingRules()
UTF8 = SpellingRules(utf8=True)
COURIER = SpellingRules(utf8=True, one_inbox=False)
MBSYNC = SpellingRules(one_inbox=False, leading_empty=True)
FS_RULES = SpellingRules(FS)
FS_ROOTLESS = SpellingRules(FS, root_is_inbox=False)


@pytest.mark.parametrize(
    ("path", "reason", "becomes"),
    [
        (b"..Spam", EMPTY_PART, b".Spam"),
        (b".Trailing.", EMPTY_PART, b".Trailing"),
        (b".x..y", EMPTY_PART, b".x.y"),
        (b"...", EMPTY_PART, None),
        (".Entwürfe".encode(), RAW_UTF8, b".Entw&APw-rfe"),
        (b".Entw\xfcrfe", NOT_UTF8, b".Entw&APw-rfe"),
        (b".R&D", NOT_DECODED, b".R&-D"),
        (b".Bad&x", NOT_DECODED, b".Bad&-x"),
        (b".a&APw", NOT_DECODED, b".a&-APw"),
        (b".c&AGEA-", NOT_DECODED, b".c&-AGEA-"),  # three bytes are no UTF-16
        (b".&2D0-", NOT_DECODED, b".&-2D0-"),  # half a pair of surrogates
        (b".a&AC4-b", NOT_DECODED, b".a&-AC4-b"),  # a dot would part the name
        (b".x&AGE-", NOT_CANONICAL, b".xa"),
        (b".two&APw-&APw-", NOT_CANONICAL, b".two&APwA,A-"),
        (b".Entw&APw-rfe.R&D", NOT_DECODED, b".Entw&APw-rfe.R&-D"),
        (b".tab\t", CONTROL, b".tab&AAk-"),
        (b".~peter", TILDE, b"._peter"),
        (b".INBOX", BEHIND_INBOX, None),
        (b".Inbox", BEHIND_INBOX, None),
        (b".inbox.sub", BEHIND_INBOX, b".INBOX.sub"),
        (b".&AEkATgBCAE8AWA-.a", NOT_CANONICAL, b".INBOX.a"),
        (b".INBOX.", f"{EMPTY_PART}; {BEHIND_INBOX}", None),
        (b".R&D" + b"x" * 251, NOT_DECODED, None),  # no room for another byte
    ],
)
def test_a_name_that_hides_its_folder(path: bytes, reason: str, becomes: bytes | None) -> None:
    found = bad_spelling(path, MAILDIRPP_RULES)
    assert found is not None
    assert (found.reason, found.becomes) == (reason, becomes)


@pytest.mark.parametrize(
    "path",
    [
        b"", b".Sent", b".Entw&APw-rfe", b".R&-D", b".&U,BTFw-", b".&2D3cqQ-", b".INBOX.sub",
        b".A.INBOX", b".A.Inbox", b".a\\2eb", b".sp ", b". lead", b".star*", b".A.~b",
        b".Bad&x/sub", b"Entw\xc3\xbcrfe",  # nested folders are another problem
    ],
)  # fmt: skip
def test_a_name_that_servers_open(path: bytes) -> None:
    assert bad_spelling(path, MAILDIRPP_RULES) is None


@pytest.mark.parametrize("rules", [UTF8, COURIER])
def test_names_in_utf8_where_the_server_is_set_so(rules: SpellingRules) -> None:
    for path in ("Entwürfe", "R&D", "x&AGE-", "tab\t", "Entw&APw-rfe"):
        assert bad_spelling(b"." + path.encode(), rules) is None
    found = bad_spelling(b".Entw\xfcrfe", rules)
    assert found
    assert (found.reason, found.becomes) == (NOT_UTF8, ".Entwürfe".encode())


def test_what_other_programs_open() -> None:
    assert bad_spelling(b".INBOX", COURIER) is None
    assert bad_spelling(b".Inbox", COURIER) is None
    assert bad_spelling(b"..sub", MBSYNC) is None
    assert bad_spelling(b"..sub..x", MBSYNC) == (EMPTY_PART, b"..sub.x", False)


@pytest.mark.parametrize(
    ("path", "becomes"),
    [
        ("Entwürfe".encode(), b"Entw&APw-rfe"),
        (b"Sent/Bad&x", b"Sent/Bad&-x"),
        (b"R&D/Sent", None),  # the directory above it is judged by itself
        (b"~x", b"_x"),
        (b"Sent/~x", None),
        (b".Spam", None),
        (b"a.b", None),
        (b"..dots", None),
        (b"Sent/INBOX", None),
    ],
)
def test_names_in_the_fs_layout(path: bytes, becomes: bytes | None) -> None:
    found = bad_spelling(path, FS_RULES)
    assert (found and found.becomes) == becomes


def test_inbox_in_the_fs_layout() -> None:
    for path in (b"INBOX", b"inbox", b"Inbox"):
        found = bad_spelling(path, FS_RULES)
        assert found
        assert found.merge
    assert bad_spelling(b"INBOX", FS_RULES, is_folder=False) is None  # the parent of INBOX/sub
    found = bad_spelling(b"Inbox", FS_RULES, is_folder=False)
    assert found == (BEHIND_INBOX, b"INBOX", False)
    assert bad_spelling(b"INBOX", FS_ROOTLESS) is None
    assert bad_spelling(b"inbox", FS_ROOTLESS) == (BEHIND_INBOX, b"INBOX", False)


COMPONENT = st.one_of(
    st.binary(min_size=1, max_size=12).filter(lambda name: not set(name) & {0, 0x2F}),
    st.text("aN&-,.~A9+ü\t", min_size=1, max_size=12).map(str.encode),
)


@given(COMPONENT, st.sampled_from([MAILDIRPP_RULES, UTF8, COURIER, MBSYNC, FS_RULES, FS_ROOTLESS]))
def test_the_new_name_is_sound(component: bytes, rules: SpellingRules) -> None:
    path = component if rules.layout == FS else b"." + component
    found = bad_spelling(path, rules)
    if found and found.becomes is not None:
        assert found.becomes != path
        assert bad_spelling(found.becomes, rules) is None
