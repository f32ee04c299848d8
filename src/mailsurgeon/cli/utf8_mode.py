"""Makes the bytes of names the same text on every host, whatever its locale.

Python turns names into text and back by the encoding of the locale, but the journal, the index and
all reports hold UTF-8, with surrogate escapes for other bytes. Under a locale such as
`de_DE.ISO-8859-1` the two would differ, and a keyword or a base name would come back as other
bytes. So the program starts anew in Python's UTF-8 mode (PEP 540), where they never differ.
"""

from __future__ import annotations

import os
import sys


def enter_utf8_mode() -> str:
    """Starts this process anew in UTF-8 mode unless names are UTF-8 already.

    What is printed stays in the encoding of the locale, which is the terminal's. Returns an empty
    text, or one line if the program cannot go on.
    """
    if sys.getfilesystemencoding() == "utf-8":
        return ""
    import locale  # seldom needed, and slow

    terminal = locale.getencoding()
    os.environ.setdefault("PYTHONIOENCODING", f"{terminal}:backslashreplace")
    os.environ["PYTHONUTF8"] = "1"  # for the processes that this one starts
    try:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])
    except OSError as error:
        return (
            f"the encoding of this locale ({terminal}) would change names, and Python cannot be"
            f" started anew ({error.strerror}); set LC_ALL=C.UTF-8"
        )
