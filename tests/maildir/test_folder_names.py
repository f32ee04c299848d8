"""Folder names: what lies on the disk, what a person reads, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.folder_names import decode_folder, encode_folder, folder_name, folder_path


@pytest.mark.parametrize(
    ("component", "name"),
    [
        (b"Sent", "Sent"),
        (b"Entw&APw-rfe", "Entwürfe"),
        (b"R&-D", "R&D"),
        (b"&U,BTFw-", "台北"),  # RFC 3501, 5.1.3
        (b"&ZeVnLIqe-", "日本語"),
        (b"~peter", "~peter"),
        (b"&2D3cqQ-", "💩"),  # beyond the basic plane
        (b"a &- b &AOk-&AOk-", "a & b éé"),
    ],
)
def test_modified_utf7_as_servers_write_it(component: bytes, name: str) -> None:
    assert decode_folder(component) == name


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("Sent", b"Sent"),
        ("Entwürfe", b"Entw&APw-rfe"),
        ("R&D", b"R&-D"),
        ("台北", b"&U,BTFw-"),
        ("日本語", b"&ZeVnLIqe-"),
        ("💩", b"&2D3cqQ-"),
        ("a\tb", b"a&AAk-b"),
        ("éé", b"&AOkA6Q-"),  # one shift for what stands together
    ],
)
def test_writing_modified_utf7(name: str, component: bytes) -> None:
    assert encode_folder(name) == component


@pytest.mark.parametrize(
    ("component", "name"),
    [
        ("Entwürfe".encode(), "Entwürfe"),  # a server set to UTF-8
        (b"Entw\xfcrfe", "Entw\udcfcrfe"),
        (b"R&D", "R&D"),  # a shift that does not end
        (b"&AP", "&AP"),
        (b"&A-", "&A-"),  # base64 cut short
        (b"&2D0-", "&2D0-"),  # half a pair of surrogates
    ],
)
def test_names_that_are_no_modified_utf7_stay_as_they_are(component: bytes, name: str) -> None:
    assert decode_folder(component) == name


def test_dovecots_escaped_dot() -> None:
    assert decode_folder(b"v1\\2e2") == "v1.2"


@pytest.mark.parametrize(
    ("path", "layout", "name"),
    [
        (b"", "maildir++", "INBOX"),
        (b"", "fs", "INBOX"),
        (b".Sent", "maildir++", "Sent"),
        (b".Archives.2012", "maildir++", "Archives.2012"),
        (b".Entw&APw-rfe", "maildir++", "Entwürfe"),
        (b"Sent", "fs", "Sent"),
        (b"Archives/2012", "fs", "Archives/2012"),
        (b"Archives/2012.old", "fs", "Archives/2012.old"),
        (b"Entw&APw-rfe/&U,BTFw-", "fs", "Entwürfe/台北"),
        (b".A/B", "maildir++", "A/B"),  # nested where the layout has no folders
        (b".A/.B", "maildir++", "A/B"),
    ],
)
def test_folder_names(path: bytes, layout: str, name: str) -> None:
    assert folder_name(path, layout) == name


@pytest.mark.parametrize(
    ("path", "layout"),
    [
        (b"", "maildir++"),
        (b".Sent", "maildir++"),
        (b".Archives.2012", "maildir++"),
        (b".Entw&APw-rfe", "maildir++"),
        (b".Entw\xfcrfe", "maildir++"),  # not UTF-8
        (b"", "fs"),
        (b"Archives/2012", "fs"),
        (b"caf\xe9/R&-D", "fs"),
    ],
)
def test_a_folder_is_found_again_by_its_name(path: bytes, layout: str) -> None:
    assert folder_path(folder_name(path, layout), layout) == path


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_the_way_to_the_disk_and_back(name: str) -> None:
    component = encode_folder(name)
    assert all(0x20 <= byte < 0x7F for byte in component)
    if "\\2e" not in name.lower():
        assert decode_folder(component) == name


@given(st.binary(max_size=40))
def test_any_bytes_have_a_name(component: bytes) -> None:
    assert isinstance(decode_folder(component), str)
