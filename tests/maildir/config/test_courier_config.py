"""How long Courier keeps what is in a folder."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.config.courier_config import emptytrash_days


@pytest.mark.parametrize(
    ("settings", "name", "days"),
    [
        ("IMAP_EMPTYTRASH=Trash:7\n", "Trash", 7),
        ("IMAP_EMPTYTRASH=Trash:7,Sent:30\n", "Sent", 30),
        ('IMAP_EMPTYTRASH="Trash:7, Old Mail:30"\n', "Old Mail", 30),
        ("IMAP_EMPTYTRASH=14\n", "Trash", 14),
        ("IMAP_EMPTYTRASH=14\n", "Sent", None),
        ("# IMAP_EMPTYTRASH=Trash:7\n", "Trash", None),
        ("IMAP_EMPTYTRASH=Trash:7\nIMAP_EMPTYTRASH=Trash:8\n", "Trash", 8),
        ("IMAP_EMPTYTRASH=Trash:0\n", "Trash", None),
        ("IMAP_EMPTYTRASH=Trash:often\n", "Trash", None),
        ("IMAP_EMPTYTRASH=\n", "Trash", None),
        ("", "Trash", None),
    ],
)
def test_folder_and_days_are_read(settings: str, name: str, days: float | None) -> None:
    assert emptytrash_days(settings, name) == days
