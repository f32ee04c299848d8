"""A common way to look at a Maildir: the standard library's `mailbox`, header by header.

`python mailbox_loop.py SPOOL` reads the header of every message of every folder and prints how
many Message-IDs came more than once.
"""

from __future__ import annotations

import mailbox
import sys
from collections import Counter
from email.message import Message
from email.parser import BytesHeaderParser
from typing import IO


def _header(file: IO[bytes]) -> Message:
    return BytesHeaderParser().parse(file)


def main() -> None:
    """Read the spool named on the command line."""
    spool = mailbox.Maildir(sys.argv[1], factory=_header, create=False)
    seen: Counter[str] = Counter()
    messages = 0
    for folder in (spool, *map(spool.get_folder, spool.list_folders())):
        for key in folder.iterkeys():
            # As its own `get_message` finds a file; the factory reads the header alone.
            with folder.get_file(key) as file:
                header = _header(file)
            messages += 1
            seen[str(header["Message-ID"] or "")] += 1
    twice = sum(1 for identity, count in seen.items() if identity and count > 1)
    print(f"{messages} messages, {twice} Message-IDs more than once")


if __name__ == "__main__":
    main()
