"""Advice on the screen: by keys, never by commands."""

from __future__ import annotations

import pytest

from mailsurgeon.tui.text.hints import advice


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("", ""),
        ("mailsurgeon file /m/x PATH, or quarantine add", "; m files it; d puts it away"),
        ("quarantine add", "; d puts it away"),
        ("mailsurgeon fix /m PATH --force", "; only the command line forces it, with --force"),
        (
            "mailsurgeon fix /m --only duplicate-id",
            "; Enter in the list “Duplicate” repairs it",
        ),
        ("mailsurgeon fix /m PATH", "; z corrects the size all the same"),
        ("mailsurgeon scan /m", "; R surveys the spool again"),
        ("mkdir /m/cur /m/new /m/tmp", ""),
        ("ask \x1b[31m somebody", "; ask \\x1b[31m somebody"),
    ],
)
def test_a_command_becomes_a_key(hint: str, shown: str) -> None:
    assert advice(hint) == shown
