"""Remedies: what each does to one patient. They look at facts and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailsurgeon.surgery.remedies.filing import file_message
from mailsurgeon.surgery.remedies.flags import fix_flags
from mailsurgeon.surgery.remedies.folders import fix_uidlist, lift_folder, make_subdirs
from mailsurgeon.surgery.remedies.modes import fix_date, fix_permissions
from mailsurgeon.surgery.remedies.quarantining import quarantine
from mailsurgeon.surgery.remedies.renaming import rename
from mailsurgeon.surgery.remedies.sizes import fix_size
from mailsurgeon.surgery.steps import Left
from mailsurgeon.surgery.surroundings import Surroundings
from mailsurgeon.surgery.treatment import Choice, Treatment

Remedy = Callable[[Choice, Surroundings], Treatment | Left]

REMEDY: Mapping[str, Remedy] = {
    "fix-size": fix_size,
    "fix-flags": fix_flags,
    "file": file_message,
    "quarantine": quarantine,
    "rename": rename,
    "make-subdirs": make_subdirs,
    "fix-date": fix_date,
    "fix-permissions": fix_permissions,
    "fix-uidlist": fix_uidlist,
    "lift-folder": lift_folder,
}
"""By the names of the catalogue."""
