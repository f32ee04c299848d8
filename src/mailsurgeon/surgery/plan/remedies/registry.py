"""All remedies, by their names in the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.remedies.file import file_message
from mailsurgeon.surgery.plan.remedies.fix_date import fix_date
from mailsurgeon.surgery.plan.remedies.fix_flags import fix_flags
from mailsurgeon.surgery.plan.remedies.fix_keywords import fix_keywords
from mailsurgeon.surgery.plan.remedies.fix_permissions import fix_permissions
from mailsurgeon.surgery.plan.remedies.fix_size import fix_size
from mailsurgeon.surgery.plan.remedies.fix_uidlist import fix_uidlist
from mailsurgeon.surgery.plan.remedies.lift_folder import lift_folder
from mailsurgeon.surgery.plan.remedies.make_subdirs import make_subdirs
from mailsurgeon.surgery.plan.remedies.quarantine import quarantine
from mailsurgeon.surgery.plan.remedies.rename import rename
from mailsurgeon.surgery.plan.remedies.rename_folder import rename_folder
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice

Remedy = Callable[[Choice, SpoolContext], Repair | Left]

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
    "fix-keywords": fix_keywords,
    "lift-folder": lift_folder,
    "rename-folder": rename_folder,
}
