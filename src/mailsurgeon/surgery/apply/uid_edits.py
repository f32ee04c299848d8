"""uid_edits."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mailsurgeon.maildir.lists.uidlist import Change, base_name
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS
from mailsurgeon.surgery.apply.act_run import ActRun
from mailsurgeon.surgery.model import Step, StepKind
from mailsurgeon.surgery.servers.uid_changes import bytes_of, from_text, stays_in_folder


def uid_edits(run: ActRun) -> Iterator[tuple[int, list[tuple[bytes, bytes]], list[Change]]]:
    """What the steps of an act (by position) ask of the uidlists: renames of bases, or changes."""
    for position, record in enumerate(run.records):
        step = record.step
        if step.action is StepKind.RENAME:
            if step.data.get("keep_uid"):
                old, new = _bases(step)
                if old != new:
                    yield position, [(old, new)], from_text(step.data.get("changes", ()))
            elif stays_in_folder(step) and _same_base(step):
                yield from _courier_edits(position, step)
        elif step.action is StepKind.UIDLIST:
            renames = [(bytes_of(old), bytes_of(new)) for old, new in step.data.get("records", ())]
            yield position, renames, from_text(step.data.get("changes", ()))


def _bases(step: Step) -> tuple[bytes, bytes]:
    """The base names before and after a rename."""
    assert step.source is not None and step.target is not None
    old, new = step.source.rpartition(b"/")[2], step.target.rpartition(b"/")[2]
    return base_name(old), base_name(new)


def _same_base(step: Step) -> bool:
    """Whether a rename leaves the base name. Another one, without its record: it was shared, and
    what a server keeps by it belongs to the other message.
    """
    old, new = _bases(step)
    return old == new


def _courier_edits(
    position: int, step: Step
) -> Iterator[tuple[int, list[tuple[bytes, bytes]], list[Change]]]:
    """What a name with two infos asks for when it loses one, or gets it back: Courier names a
    message's keywords by all that is before the last colon, and reads for ever in search of them
    when that is another than the message's (courier-imap 5.0.13).
    """
    assert step.source is not None and step.target is not None
    old, new = (os.path.basename(p).rpartition(b":")[0] for p in (step.source, step.target))
    if old and new and old != new:
        yield position, [], [Change(old, new, COURIER_KEYWORDS)]
