"""Text for the clipboard: pasted into a shell, it must mean the path and nothing more."""

from __future__ import annotations

import os

from mailsurgeon.text import visible


def pasteable(name: bytes) -> str:
    """A path (or Message-ID): unchanged if it is plain, else quoted for a shell, byte for byte.

    Control and hidden characters and bytes that are not UTF-8 become `$'\\x1b'`, so that nothing
    happens when they are pasted.
    """
    text = os.fsdecode(name)
    if visible(text) == text:
        return text
    written = "".join(
        f"\\x{byte:02x}" if byte < 0x20 or byte >= 0x7F or byte in b"'\\" else chr(byte)
        for byte in name
    )
    return f"$'{written}'"
