"""What a terminal is sent, taken apart: each control sequence by its kind, and the plain text.

Independent of the program: a small parser of ECMA-48 as xterm reads it. Kinds: `CSI ?h` (private
mark, intermediates, final byte), `OSC 52;c`, `DCS`, `ESC 7`, `C0 0d`; and for what no program sends
as its own: `RAW 202e` (a code point that acts or hides), `BAD ed` (a byte that is not UTF-8).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_STRINGS = {0x50: "DCS", 0x5D: "OSC", 0x5E: "PM", 0x5F: "APC", 0x58: "SOS"}
_CSI = re.compile(rb"\x1b\[([0-?]*)([ -/]*)([@-~])")
_ESC = re.compile(rb"\x1b([ -/]*)([0-~])")
_STRING = re.compile(rb"\x1b[P\]X^_](.*?)(?:\x07|\x1b\\)", re.DOTALL)
_PLAIN = re.compile(rb"[^\x00-\x1f]+")

# Letters and marks that draw nothing (Unicode's Default_Ignorable_Code_Point, less its Cf and Cn).
_IGNORABLE = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, *range(0x180B, 0x1810)}
_IGNORABLE |= {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}


def acts(char: str) -> bool:
    """Whether a code point acts on a terminal or hides text instead of being drawn."""
    category = unicodedata.category(char)
    return category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") or ord(char) in _IGNORABLE


class Stream:
    """The control sequences of a byte stream by kind, and its text with a newline for each."""

    def __init__(self, data: bytes) -> None:
        self.kinds: Counter[str] = Counter()
        self._text: list[str] = []
        at = 0
        while at < len(data):
            at = self._plain(data, at) or self._sequence(data, at)

    @property
    def text(self) -> str:
        """What is drawn, in the order sent; a change of colour does not part it."""
        return "".join(self._text)

    @property
    def foreign(self) -> set[str]:
        """The kinds that are no program's own."""
        return {kind for kind in self.kinds if kind.startswith(("RAW", "BAD"))}

    def _plain(self, data: bytes, at: int) -> int:
        found = _PLAIN.match(data, at)
        if not found:
            return 0
        text = found[0].decode("utf-8", "surrogateescape")
        for char in text:
            if 0xDC80 <= ord(char) <= 0xDCFF:
                self.kinds[f"BAD {ord(char) - 0xDC00:02x}"] += 1
            elif acts(char):
                self.kinds[f"RAW {ord(char):04x}"] += 1
        self._text.append(text)
        return found.end()

    def _sequence(self, data: bytes, at: int) -> int:
        if data[at : at + 2] == b"\r\n":
            self.kinds["CRLF"] += 1
            self._text.append("\n")
            return at + 2
        if data[at] != 0x1B:
            self.kinds[f"C0 {data[at]:02x}"] += 1
            self._text.append("\n")
            return at + 1
        if found := _CSI.match(data, at):
            mark = re.match(rb"[<-?]*", found[1])
            kind = (mark[0] if mark else b"") + found[2] + found[3]
            self.kinds[f"CSI {kind.decode()}"] += 1
            if found[3] != b"m":
                self._text.append("\n")
            return found.end()
        if found := _STRING.match(data, at):
            head = found[1][:4].decode("ascii", "backslashreplace")
            self.kinds[f"{_STRINGS[data[at + 1]]} {head}"] += 1
            self._text.append("\n")
            return found.end()
        if found := _ESC.match(data, at):
            self.kinds[f"ESC {(found[1] + found[2]).decode()}"] += 1
            return found.end()
        self.kinds["ESC alone"] += 1
        return at + 1
