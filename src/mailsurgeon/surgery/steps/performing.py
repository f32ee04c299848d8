"""Runs one step with the right owner's rights, and turns OSErrors into refusals."""

from __future__ import annotations

from dataclasses import replace

from mailsurgeon.surgery.fsops import as_owner
from mailsurgeon.surgery.fsops.failures import StepRefused, failure_at
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.locked_folder import LockedFolders, occupants_at
from mailsurgeon.surgery.steps.base import Step


def perform(places: Places, folders: LockedFolders, step: Step) -> Step:
    """Runs one step with the rights of the spool's owner; returns it as it was run.

    Raises StepRefused when it cannot be done and nothing has changed, HardError or NotDurable.
    """
    with as_owner.files_as_owner(places.owner):
        return enact(places, folders, step)


def enact(places: Places, folders: LockedFolders, step: Step) -> Step:
    """Like `perform`, for a caller that already has the owner's rights."""
    try:
        now = _found(places, folders, step)
        if now.bases_given_up() != step.bases_given_up():  # the lists were looked at before
            raise StepRefused("another program has just given it another name")
        if now.conditions:
            held = tuple(one.check(places, folders, now.source) for one in now.conditions)
            now = now if held == now.conditions else replace(now, conditions=held)
        now.do(places, folders)
        return now
    except OSError as error:
        path = step.source or step.target or step.folder or b"INBOX"
        raise failure_at(error, path) from error


def present_step(places: Places, folders: LockedFolders, step: Step) -> Step:
    """The step for the present name of its file (`Step.found`). Raises StepRefused, HardError."""
    try:
        return _found(places, folders, step)
    except OSError as error:
        raise failure_at(error, step.source or b"INBOX") from error


def _found(places: Places, folders: LockedFolders, step: Step) -> Step:
    return step.found(places, lambda directory: occupants_at(folders, directory))
