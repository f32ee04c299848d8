"""What an operator can do about something left alone, in terms of the keys of the screen.

Plans give commands, which would not fit here: the screen is in front, and it has keys for them.
"""

from __future__ import annotations

import re

from mailsurgeon.text import visible
from mailsurgeon.tui.text.fields import title

_ONLY = re.compile(r"--only ([\w-]+)")
_KEYS = (
    ("--force", "only the command line forces it, with --force"),
    ("--to INBOX", "m files it into a folder that you name"),
    (" file ", "m files it"),
    ("quarantine add", "d puts it away"),
    (" scan ", "R surveys the spool again"),
)


def advice(hint: str) -> str:
    """The same for the screen, behind a semicolon and safe to show; empty if no key helps."""
    ways = [way for part, way in _KEYS if part in hint]
    if only := _ONLY.search(hint):
        ways.append(f"Enter in the list “{title(only[1])}” repairs it")
    if not ways and hint.startswith("mailsurgeon "):
        ways = ["z corrects the size all the same"]  # what only a named message gets repaired
    elif not ways and not hint.startswith("mkdir "):
        ways = [visible(hint)] if hint else []
    return "".join(f"; {way}" for way in dict.fromkeys(ways))
