"""One step, done: with whose rights, and how an error of the file system is told."""

from __future__ import annotations

from mailsurgeon.surgery.fsops import as_owner
from mailsurgeon.surgery.fsops.failures import telling
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.steps.base import Step


def perform(places: Places, folders: LockedFolders, step: Step) -> None:
    """Does one step with the rights of the spool's owner.

    Raises StepRefused when it cannot be done, nothing having changed, or HardError.
    """
    with as_owner.files_as_owner(places.owner):
        enact(places, folders, step)


def enact(places: Places, folders: LockedFolders, step: Step) -> None:
    """The same for who acts with these rights already."""
    try:
        step.do(places, folders)
    except OSError as error:
        path = step.source or step.target or step.folder or b"INBOX"
        raise telling(error, path) from error
