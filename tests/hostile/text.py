"""Text that means harm: every code point that acts or hides, and sequences that were used so."""

from __future__ import annotations

import sys
import unicodedata

from tests.hostile.stream import acts

_FAR = ("Co", "Cn", "Cs")  # far too many; some of each stand for all

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
HIDDEN = [
    chr(code)
    for code in range(0xA0, sys.maxunicode + 1)
    if not (0x3400 <= code < 0xD800 or 0x20000 <= code < 0xE0000) and acts(chr(code))
    and unicodedata.category(chr(code)) not in _FAR
]  # fmt: skip
SAMPLES = ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd", "\u0378", "\uffff", "\ufff0"]
NO_TEXT = [bytes([byte]) for byte in range(0x80, 0x100)] + [
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xc0\x9b", b"\xf4\x90\x80\x80", b"\xe2\x80",
]  # fmt: skip
"""Bytes that are not UTF-8: lone ones, surrogates, an overlong CSI, beyond Unicode, cut short."""

SEQUENCES = [
    b"\x1bc", b"\x1b]0;owned\x07", b"\x1b]2;owned\x1b\\", b"\x9d0;owned\x9c",
    b"\xc2\x9d0;owned\xc2\x9c",
    b"\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", b"\x1b]52;p;b3duZWQ=\x07",
    b"\x1b[>7;7z", b"\xc2\x9b>7z", b"\x1bP$q\"p\x1b\\", b"\x1b_Gi=1\x1b\\", b"\x1b^x\x1b\\",
    b"\x1b#8", b"\x1b[21t", b"\x1b[6n", b"\x07\x08\x0b\x0c\x0e\x0f", b"\rnew line",
    b"[/]", b"[/bold]", b"[link=http://evil.example]x[/link]", b"[@click=app.quit]x[/]", b"[red",
    b"<b>x</b>", b"<!--", b"](http://evil.example)", b"`$(id)`", b"&lt;&#27;", b"{0}%s\\x1b",
    b"=1+1",
]  # fmt: skip

_SIZE = 20  # pieces of a chunk


def chunks() -> list[bytes]:
    """All of it, in pieces that fit into a file name; none holds NUL, `/` or a line feed."""
    single = [char.encode("utf-8") for char in (*CONTROLS, *HIDDEN, *SAMPLES)] + NO_TEXT
    single = [one for one in single if one not in (b"\0", b"\n")]
    groups = [b"".join(single[at : at + _SIZE]) for at in range(0, len(single), _SIZE)]
    return [*(sequence.replace(b"/", b"\xe2\x88\x95") if b"//" in sequence else sequence
              for sequence in SEQUENCES), *groups]  # fmt: skip


TAME = b"tame"
