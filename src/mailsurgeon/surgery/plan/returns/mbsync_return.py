"""Messages that return to a folder in which mbsync has run meanwhile.

When a message leaves a folder, mbsync (isync 1.4) expunges it on the far side and forgets its UID.
If the message returns with that UID in its name (`,U=`), mbsync never uploads it again; without the
UID it is a new message.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.filename import fmd5_field, uid_field, without_uid
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.maildir.lists.mbsync_state import SyncState, parse_sync_state
from mailsurgeon.maildir.server_files import MBSYNC_STATE, MBSYNC_UIDVALIDITY
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Act, Plan, QuarantinePath, Step

_LIMIT = 1 << 25  # most bytes of a state to read: some million messages


class _Folders:
    """mbsync's files in the folders of a spool, each read once."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._states: dict[bytes, SyncState | None] = {}

    def state(self, folder: bytes) -> SyncState | None:
        if folder not in self._states:
            data = read_small(os.path.join(self._spool.root, folder, MBSYNC_STATE), _LIMIT)
            self._states[folder] = parse_sync_state(data) if data is not None else None
        return self._states[folder]

    def is_synced(self, folder: bytes) -> bool:
        """Whether mbsync keeps the UIDs of this folder in file names."""
        return os.path.lexists(os.path.join(self._spool.root, folder, MBSYNC_UIDVALIDITY))


def as_new_to_mbsync(spool: Spool, plan: Plan) -> Plan:
    """The plan of an undo, redo or restore; names lose a `,U=` that mbsync has forgotten."""
    folders = _Folders(spool)

    def as_new(step: Step) -> Step:
        folder = _comes_back_to(step)
        if folder is None or step.target is None or not folders.is_synced(folder):
            return step
        directory, name = os.path.split(step.target)
        uid, state = uid_field(name), folders.state(folder)
        if uid is None or fmd5_field(name) is not None or state is None or not state.forgot(uid):
            return step
        return replace(step, target=os.path.join(directory, without_uid(name)))

    acts = tuple(replace(act, steps=tuple(map(as_new, act.steps))) for act in plan.acts)
    return replace(plan, acts=acts)


def mbsync_effects(spool: Spool, acts: Iterable[Act]) -> tuple[str, ...]:
    """What mbsync will make of messages that come back by these acts, one sentence each.

    Where its state is not in the folder, nobody can tell what it has forgotten.
    """
    folders = _Folders(spool)
    renamed: Counter[bytes] = Counter()
    doubtful: Counter[bytes] = Counter()
    for step in (step for act in acts for step in act.steps):
        folder = _comes_back_to(step)
        if folder is None or not folders.is_synced(folder):
            continue
        before, after = (
            os.path.basename(step.came_from or b""),
            os.path.basename(step.target or b""),
        )
        if uid_field(after) is None:
            renamed[folder] += uid_field(before) is not None
        elif fmd5_field(after) is None and folders.state(folder) is None:
            doubtful[folder] += 1
    return (
        *(
            f"mbsync has expunged {count:,} from {_name(spool, folder)} since:"
            " new to it, without ,U="
            for folder, count in renamed.items() if count
        ),
        *(
            f"{count:,} come back to {_name(spool, folder)}: if mbsync ran since, it will not"
            " upload what it has expunged"
            for folder, count in doubtful.items()
        ),
    )  # fmt: skip


def _comes_back_to(step: Step) -> bytes | None:
    """The folder that a message enters by this step from elsewhere; None if it does not."""
    if step.came_from is None or step.target is None:
        return None
    folder, part = os.path.split(os.path.dirname(step.target))
    if part not in (b"cur", b"new") or isinstance(step.target, QuarantinePath):
        return None
    stays = os.path.dirname(os.path.dirname(step.came_from)) == folder
    return None if stays and not isinstance(step.came_from, QuarantinePath) else folder


def _name(spool: Spool, folder: bytes) -> str:
    return folder_name(folder, spool.layout)
