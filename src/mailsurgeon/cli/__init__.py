"""The commands; nothing here imports Textual but `screen`, when the screen is asked for.

Worker processes import this package when they start: it loads nothing until it is called.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsurgeon.host.host import Host


def main() -> None:
    """Runs the command line of this process and ends with its exit code."""
    # Nothing that is loaded is garbage; looking for it would cost a tenth of the start.
    gc.disable()
    from mailsurgeon.cli import program

    gc.enable()
    program.main()


def run(arguments: Sequence[str], host: Host | None = None) -> int:
    """Runs one command line on `host` (this computer when None); gives its exit code. Every error
    is one line on stderr."""
    from mailsurgeon.cli import program

    return program.run(arguments, host)
