"""Messages that return to a folder in which mbsync has run meanwhile.

When a message leaves a folder, mbsync (isync 1.4) expunges it on the far side and forgets its UID.
If the message returns with that UID in its name (`,U=`), mbsync never uploads it again; without the
UID it is a new message.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.filename import fmd5_field, uid_field, without_uid
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.maildir.lists.mbsync_state import SyncState, parse_sync_state
from mailsurgeon.maildir.server_files import MBSYNC_STATE, MBSYNC_UIDVALIDITY
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import QUARANTINE, Plan, Step

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
    """The plan of an undo or a restore; names lose a `,U=` that mbsync has forgotten.

    Where mbsync's state is not in the folder, it cannot tell; an effect of the plan warns of that.
    """
    folders = _Folders(spool)
    renamed: Counter[bytes] = Counter()
    doubtful: Counter[bytes] = Counter()

    def as_new(step: Step) -> Step:
        folder = _comes_back_to(step)
        if folder is None or step.target is None or not folders.is_synced(folder):
            return step
        directory, name = os.path.split(step.target)
        uid, state = uid_field(name), folders.state(folder)
        if uid is None or fmd5_field(name) is not None:
            return step
        if state is None:
            doubtful[folder] += 1
        elif state.forgot(uid):
            renamed[folder] += 1
            return replace(step, target=os.path.join(directory, without_uid(name)))
        return step

    acts = tuple(replace(act, steps=tuple(map(as_new, act.steps))) for act in plan.acts)
    effects = [
        f"mbsync has expunged {count:,} from {_name(spool, folder)} since: new to it, without ,U="
        for folder, count in renamed.items()
    ] + [
        f"{count:,} come back to {_name(spool, folder)}: if mbsync ran since, it will not upload"
        " what it has expunged"
        for folder, count in doubtful.items()
    ]
    return replace(plan, acts=acts, effects=(*plan.effects, *effects))


def _comes_back_to(step: Step) -> bytes | None:
    """The folder that a message enters by this step from elsewhere; None if it does not."""
    if step.came_from is None or step.target is None:
        return None
    folder, part = os.path.split(os.path.dirname(step.target))
    if part not in (b"cur", b"new") or step.target.startswith(QUARANTINE):
        return None
    stays = os.path.dirname(os.path.dirname(step.came_from)) == folder
    return None if stays and not step.came_from.startswith(QUARANTINE) else folder


def _name(spool: Spool, folder: bytes) -> str:
    return folder_name(folder, spool.layout)
