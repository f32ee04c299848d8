"""The lists of subscribed folders, as Dovecot and Courier write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.folder_names import FS, MAILDIRPP
from mailsurgeon.maildir.lists.subscriptions import (
    courier_subscriptions,
    dovecot_subscriptions,
    is_subscribed,
)


@pytest.mark.parametrize(
    ("data", "layout", "names"),
    [
        (b"", MAILDIRPP, set()),
        (b"\n", MAILDIRPP, set()),
        (b"Sent\nArchives.2012\n", MAILDIRPP, {"Sent", "Archives.2012"}),
        (b"Sent\nArchives.2012", MAILDIRPP, {"Sent", "Archives.2012"}),
        (b"Archives/2012\n", FS, {"Archives/2012"}),
        (b"Entw&APw-rfe\n", MAILDIRPP, {"Entwürfe"}),
        ("Entwürfe\n".encode(), MAILDIRPP, {"Entwürfe"}),
        (b"V\t2\n\nSent\nArchives\t2012\n", MAILDIRPP, {"Sent", "Archives.2012"}),
        (b"V\t2\n\nArchives\t2012\n", FS, {"Archives/2012"}),
        (b"V\t2\n\nA\x01tB\tEntw&APw-rfe\n", FS, {"A\tB/Entwürfe"}),
        (b"V\t2\n\nA\x011B\x01nC\x01rD\x010\x01x\n", FS, {"A\x01B\nC\rD\0x"}),
        (b"V\t2\n", MAILDIRPP, set()),
        (b"V\n", MAILDIRPP, {"V"}),
    ],
)
def test_dovecots_list(data: bytes, layout: str, names: set[str]) -> None:
    assert dovecot_subscriptions(data, layout) == names


def test_couriers_list() -> None:
    data = b"INBOX\nINBOX.Sent\nINBOX.Archives.2012\nINBOX.Entw&APw-rfe\n"
    assert courier_subscriptions(data) == {"INBOX", "Sent", "Archives.2012", "Entwürfe"}


@pytest.mark.parametrize(
    ("name", "subscribed"),
    [("INBOX", True), ("Sent", True), ("sent", False), ("Sen", False), ("Sent.Old", False)],
)
def test_a_folder_is_subscribed_by_its_whole_name(name: str, subscribed: bool) -> None:
    assert is_subscribed(name, frozenset({"Inbox", "Sent"})) is subscribed


@given(st.binary(), st.sampled_from([FS, MAILDIRPP]))
def test_any_bytes_can_be_read(data: bytes, layout: str) -> None:
    assert all(isinstance(name, str) for name in dovecot_subscriptions(data, layout))
    assert all(dovecot_subscriptions(b"V\t2\n\n" + data, layout))
    assert all(isinstance(name, str) for name in courier_subscriptions(data))
