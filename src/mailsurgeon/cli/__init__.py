"""The command line: reads the words, opens the spool, runs a command, turns errors into one line.

`program` holds the table of commands and the exit codes; `options` and `arguments` are what
commands share and check; `console` prints notes and progress on stderr. `open_spool` opens one
spool, `spools_below` finds many. `session` surveys a spool and opens its surgeon; `remedy_plan`
plans one remedy for the paths typed, `execute` takes a plan to its report. `commands/` has one
module for each command, `help_pages` what `--help` says of each; `screen` opens the screen, with
`startup` to do it fast. `utf8_mode` starts the program anew under locales that are not UTF-8.

Worker processes import this package when they start, so it imports nothing until it is called.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsurgeon.host.host import Host


def main() -> None:
    """Runs the command line of this process and ends with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback while modules are loaded
    # Modules being loaded produce no garbage; a collection would cost a tenth of the start.
    gc.disable()
    from mailsurgeon.cli.utf8_mode import enter_utf8_mode

    if trouble := enter_utf8_mode():
        print(f"mailsurgeon: {trouble}", file=sys.stderr)
        sys.exit(2)
    from mailsurgeon.cli import program

    gc.enable()
    program.main()


def run(arguments: Sequence[str], host: Host | None = None) -> int:
    """Runs one command line on `host` (this computer when None); returns its exit code.

    Every error becomes one line on stderr.
    """
    from mailsurgeon.cli import program

    return program.run(arguments, host)
