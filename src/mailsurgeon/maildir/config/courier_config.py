"""Reads from Courier's settings how long messages stay in a folder. Pure.

/etc/courier/imapd is a file of shell assignments; `IMAP_EMPTYTRASH=Trash:7,Sent:30` in it gives
folders and days. The age counts from the file's ctime, which a rename resets (imapd's own notes).
"""

from __future__ import annotations

import re

_SETTING = re.compile(r"^\s*IMAP_EMPTYTRASH=[\"']?([^\"'\n#]*)", re.MULTILINE)


def emptytrash_days(settings: str, name: str) -> float | None:
    """After how many days Courier deletes messages from the folder `name`; None for never.

    A number without a folder applies to `Trash`.
    """
    lines: list[str] = _SETTING.findall(settings)
    if not lines:
        return None
    for part in lines[-1].split(","):
        folder, colon, days = part.strip().rpartition(":")
        if days.isdigit() and int(days) and (folder if colon else "Trash") == name:
            return float(days)
    return None
