"""The outcome of an operation so far, and how many UIDs were kept in each folder."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.filename import uid_field
from mailsurgeon.maildir.lists.uidlist import base_name
from mailsurgeon.surgery.apply.act_run import ActRun
from mailsurgeon.surgery.model import Refusal


@dataclass(slots=True)
class UidsKept:
    """How many messages of a folder kept their UID."""

    kept: int = 0
    unknown: int = 0  # in no server's list
    named: int = 0  # in no list, but the name has the same `,U=` before and after
    stripped: int = 0  # in no list, and the name has lost its `,U=`
    returned: int = 0  # listed under the new name
    lost: list[bytes] = field(default_factory=list[bytes])


@dataclass(slots=True)
class OperationOutcome:
    """The outcome of an operation so far."""

    done: dict[str, int] = field(default_factory=dict[str, int])
    refused: list[Refusal] = field(default_factory=list[Refusal])
    uids: dict[bytes, UidsKept] = field(default_factory=dict[bytes, UidsKept])
    folders: set[bytes] = field(default_factory=set[bytes])
    notes: list[str] = field(default_factory=list[str])  # what could not be updated
    stopped: str = ""  # the line of the error that ended it
    cancelled: bool = False


def count_uids(uids: dict[bytes, UidsKept], run: ActRun) -> None:
    """Counts whether the messages renamed within their folder kept their UIDs."""
    for position, record in enumerate(run.records):
        step = record.step
        if not step.stays_in_folder:
            continue
        assert step.folder is not None and step.source is not None and step.target is not None
        count = uids.setdefault(step.folder, UidsKept())
        before, after = step.source.rpartition(b"/")[2], step.target.rpartition(b"/")[2]
        if base_name(before) == base_name(after):
            count.kept += 1
        elif position in run.returned:
            count.returned += 1
        elif not step.keeps_uid:
            continue
        elif any(
            one.list in server_files.TABLE.uidlists for one in run.changes.get(step.folder, ())
        ):
            count.kept += 1
        elif uid_field(before) != uid_field(after):
            count.stripped += 1
        elif uid_field(before) is not None:
            count.named += 1
        else:
            count.unknown += 1
