"""Writes a session as a shell script that performs the same steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile

from mailsurgeon.host.own_places import temporary_home
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.report.log.titles import operation_title
from mailsurgeon.report.shell_functions import functions_for
from mailsurgeon.surgery.journal.journal import Operation, StepRecord
from mailsurgeon.surgery.steps.shell_words import ShellWords, quoted

_IN_MEMORY = 1 << 20  # characters of the steps; more go to a temporary file
_PIECE = 1 << 16

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
    spool: Spool, quarantine: bytes, operations: Iterable[tuple[Operation, Iterable[StepRecord]]]
) -> Iterator[str]:
    """The steps that were done, as POSIX shell, in pieces; `mv -n` never replaces a file.

    File names are exact: the text holds surrogate escapes for bytes that are not UTF-8, and printf
    writes the characters that a terminal could act on.
    """
    words = ShellWords(spool)
    # The functions that the steps call stand above them, and the last step may be the first to call
    # one.
    with SpooledTemporaryFile(
        _IN_MEMORY, "w+", encoding="utf-8", errors="surrogateescape", newline="",
        dir=temporary_home(spool.root),
    ) as steps:  # fmt: skip
        for line in _lines(operations, words):
            steps.write(line + "\n")
        yield _HEAD.format(
            spool=quoted(spool.root),
            quarantine=quoted(quarantine),
            lists=quoted(spool.control or b"."),
        )
        for function in functions_for(words.called):
            yield f"\n{function}"
        if steps.tell():
            yield "\n"
        steps.seek(0)
        while piece := steps.read(_PIECE):
            yield piece


def _lines(
    operations: Iterable[tuple[Operation, Iterable[StepRecord]]], words: ShellWords
) -> Iterator[str]:
    for number, (operation, steps) in enumerate(operations):
        if number:
            yield ""
        yield f"# {operation.id}. {operation_title(operation)}"
        for step in steps:
            if step.state in ("done", "undone"):
                yield from step.step.shell(words)
