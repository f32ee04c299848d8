"""Text made safe to show: every code point that acts on a terminal, or hides, is written out."""

from __future__ import annotations

import sys

import pytest

from mailsurgeon.text import visible
from tests.hostile.stream import acts


@pytest.mark.soak
def test_every_code_point_there_is() -> None:
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    raw = [char for char in everything if any(map(acts, visible(char)))]
    assert raw == []
    kept = sum(visible(char) == char for char in everything)
    written = sum(len(visible(char)) > 1 for char in everything)
    print(f"{len(everything):,} code points: {kept:,} as they are, {written:,} written out")
    assert kept > 100_000


def test_every_byte_that_is_not_utf_8() -> None:
    assert [visible(bytes([byte])) for byte in (0x80, 0x9B, 0xFF)] == ["\\x80", "\\x9b", "\\xff"]
    assert all(not any(map(acts, visible(bytes([byte])))) for byte in range(256))
