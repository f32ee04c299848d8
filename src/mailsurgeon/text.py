"""Makes text from mail, file names and the system safe to show.

Every string that did not come from this program's own source passes through `visible` before it
reaches a terminal or a report. Textual and rich do not do this: an escape sequence in a header
arrives raw (CWE-150).
"""

from __future__ import annotations

import unicodedata

# Letters and marks that draw nothing. Unicode calls them printable, yet they can hide text.
_BLANK_LETTERS = frozenset((0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0x2800))
_VARIATION = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))


class _Shown(dict[int, int | str]):
    """Maps a code point to what is shown for it; computes an entry on first use."""

    def __missing__(self, code: int) -> int | str:
        shown = self[code] = _shown(code)
        return shown


def _shown(code: int) -> int | str:
    if 0x20 <= code < 0x7F:
        return code
    char = chr(code)
    category = unicodedata.category(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as os.fsdecode gives it
        return f"\\x{code - 0xDC00:02x}"
    if category == "Zs":
        return " "
    hidden = code in _BLANK_LETTERS or any(code in span for span in _VARIATION)
    if hidden or category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        if code <= 0xFF:
            return f"\\x{code:02x}"
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    return code


_TABLE = _Shown()


def visible(value: str | bytes, limit: int | None = None) -> str:
    """`value` with all that a terminal could act on written as an escape (`\\x1b`, `\\u202e`).

    This covers control characters (C0, DEL, C1), bidirectional and zero-width characters, line
    separators, private and unassigned code points, and bytes that are not UTF-8. Every kind of
    space becomes a plain space. A text longer than `limit` characters is cut and ends in `…`.
    """
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
    cut = limit is not None and len(text) > limit
    if cut:
        text = text[:limit]
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_TABLE)
    return text + "…" if cut else text


def path_shown(path: bytes) -> str:
    """A path relative to the spool, made safe to show; `.` stands for the spool itself."""
    return visible(path) if path else "."
