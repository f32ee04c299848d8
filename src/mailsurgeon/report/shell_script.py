"""Writes a session as a shell script that performs the same steps."""

from __future__ import annotations

from collections.abc import Iterable

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.shell_functions import functions_for
from mailsurgeon.surgery.journal.journal import Operation, StepRecord
from mailsurgeon.surgery.steps.shell_words import ShellWords, quoted
from mailsurgeon.text import visible

_HEAD = """\
#!/bin/sh
# The acts of mailsurgeon by hand, in their order.
# Usage: sh THIS-FILE [SPOOL [QUARANTINE [DIRECTORY-OF-THE-UIDLISTS]]]
# It keeps no journal, takes no locks and looks at nothing twice. Try it on a copy first.
# Run it as root or as the owner of the spool; it needs awk, sed and the GNU coreutils.
set -eu
umask 077
LC_ALL=C
export LC_ALL
SPOOL=${{1:-{spool}}}
QUARANTINE=${{2:-{quarantine}}}
case $QUARANTINE in /*) ;; *) QUARANTINE=$PWD/$QUARANTINE ;; esac
cd -- "$SPOOL"
LISTS=${{3:-{lists}}}
"""


def shell_log(
    spool: Spool, quarantine: bytes, operations: Iterable[tuple[Operation, list[StepRecord]]]
) -> str:
    """The steps that were done, as POSIX shell; `mv -n` never replaces a file.

    File names are exact: the text holds surrogate escapes for bytes that are not UTF-8, and printf
    writes the characters that a terminal could act on.
    """
    head = _HEAD.format(
        spool=quoted(spool.root),
        quarantine=quoted(quarantine),
        lists=quoted(spool.control or b"."),
    )
    words = ShellWords(spool)
    lines: list[str] = []
    for operation, steps in operations:
        done = [step for step in steps if step.state in ("done", "undone")]
        lines.append(f"# {operation.id}. {visible(operation.kind)}: {visible(operation.summary)}")
        for step in done:
            lines.extend(step.step.shell(words))
        lines.append("")
    return "\n".join([head, *functions_for(words.called), *lines])
