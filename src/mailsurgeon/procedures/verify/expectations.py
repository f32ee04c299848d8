"""What a survey has found in a folder, asked whether it explains what a server says.

Pure but for reading the index.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from mailsurgeon.maildir.filename import split
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow

EXPECTED = frozenset(("size-mismatch", "unreadable"))
"""Problems of a served message that a server that reads it must stumble over."""

COMPLAINED_OF = EXPECTED | frozenset(
    ("linked", "name-clash", "bad-name", "bad-permissions", "truncated", "empty")
)
"""Problems that explain what a server says of a message."""

HIDING = frozenset(("misfiled", "name-clash", "bad-name", "linked", "unreadable"))
"""Problems that explain why a server does not see a message."""

OF_FOLDERS = frozenset(
    ("missing-subdir", "nested-folder", "bad-permissions", "uidlist-damaged", "not-examined")
)
"""Problems of a folder that explain what a server says of it, or that it says nothing."""

_DENIED = "Permission denied"
_WHY = {
    "name-clash": "another file of the folder has its base name",
    "misfiled": "lies outside cur and new",
    "linked": "is no regular file",
}


@dataclass
class OurFindings:
    """The problems of one folder. `expected`: code and path of what a server must complain of.

    A message is known by its base name, so that a flag set since the survey makes no difference.
    """

    folder: set[str] = field(default_factory=set)
    inside: set[str] = field(default_factory=set)
    messages: dict[bytes, set[str]] = field(default_factory=dict)
    expected: list[tuple[str, bytes]] = field(default_factory=list)
    misfiled: list[bytes] = field(default_factory=list)

    def of(self, path: bytes) -> set[str]:
        """The codes of one message."""
        return self.messages.get(_base(path), set())

    def explains(self, path: bytes, text: str) -> bool:
        """Whether a complaint about a message is one that the survey knows of."""
        denied = _DENIED in text and bool(self.folder & OF_FOLDERS)
        return denied or bool(self.of(path) & COMPLAINED_OF)

    def explains_folder(self) -> bool:
        """Whether a complaint about the folder as a whole, or its absence, is known."""
        return bool(self.folder & OF_FOLDERS) or bool(self.inside & {"bad-name", "name-clash"})

    def explains_absence(self, path: bytes) -> bool:
        """Whether the survey knows why a server does not see this."""
        return bool(self.of(path) & HIDING) or bool(self.folder & OF_FOLDERS)

    def why_unseen(self, path: bytes) -> str:
        """The same in words."""
        name = os.path.basename(path)
        if b"\n" in name or b"\r" in name:
            return "servers pass over a name with a line end in it"
        if name.startswith(b"."):
            return "servers pass over a name that begins with a dot"
        codes = self.of(path)
        return next((why for code, why in _WHY.items() if code in codes), "nothing says why")


def findings_of(index: Index, row: FolderRow | None = None) -> OurFindings:
    """What the index says of a folder; without one, of what lies in none."""
    found = OurFindings()
    if row is None:
        rows = index.problems(codes=["misfiled"])
        found.misfiled = [problem.path for problem in rows if problem.folder is None]
        return found
    own = {os.path.join(row.path, name) for name in (b"cur", b"new")}
    for problem in index.problems(folders=[row.id]):
        directory = os.path.dirname(problem.path)
        if problem.code == "misfiled":
            found.misfiled.append(problem.path)
        elif directory not in own:
            found.folder.add(problem.code)
            continue
        elif problem.code in EXPECTED:
            found.expected.append((problem.code, problem.path))
        found.inside.add(problem.code)
        found.messages.setdefault(_base(problem.path), set()).add(problem.code)
    places = {one.path for one in index.not_examined()}
    if any(path in places for path in (row.path, *own)):
        found.folder.add("not-examined")
    return found


def _base(path: bytes) -> bytes:
    return split(os.path.basename(path))[0]
