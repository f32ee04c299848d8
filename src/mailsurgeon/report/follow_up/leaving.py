"""What is said when the screen is left: what was done in this session, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from mailsurgeon.report.follow_up.command_line import command_line
from mailsurgeon.report.output import counted
from mailsurgeon.surgery.journal.records import Operation

_NO_WAY_BACK = ("undo", "recover", "purge")


def leaving_text(done: Sequence[Operation], spool: str, options: Sequence[str]) -> str:
    """`3 operations in this session; mailsurgeon undo ~/Maildir 3 takes the last one back.`; empty
    if nothing was done. `options`: those with which the journal of the spool is found."""
    if not done:
        return ""
    number = f"{counted(len(done), 'operation')} in this session"
    standing = [
        one.id
        for one in done
        if one.state in ("applied", "partial") and one.kind not in _NO_WAY_BACK
    ]
    if not standing:
        return f"{number}."
    which = "it" if len(done) == 1 else "the last one"
    undo = command_line(["mailsurgeon", "undo", spool, str(standing[-1]), *options])
    return f"{number}; {undo} takes {which} back."
