"""Runs one step with the right owner's rights, and turns OSErrors into refusals."""

from __future__ import annotations

from mailsurgeon.surgery.fsops import as_owner
from mailsurgeon.surgery.fsops.failures import failure_at
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Step


def perform(places: Places, folders: LockedFolders, step: Step) -> None:
    """Runs one step with the rights of the spool's owner.

    Raises StepRefused when it cannot be done and nothing has changed, HardError or NotDurable.
    """
    with as_owner.files_as_owner(places.owner):
        enact(places, folders, step)


def enact(places: Places, folders: LockedFolders, step: Step) -> None:
    """Like `perform`, for a caller that already has the owner's rights."""
    try:
        step.do(places, folders)
    except OSError as error:
        path = step.source or step.target or step.folder or b"INBOX"
        raise failure_at(error, path) from error
