"""Decides whether the survey's problems in a folder explain what a server says about it.

Each problem's entry in the catalogue says how servers react to it. Pure except for reading the
index.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from mailsurgeon.diagnosis.catalogue import CATALOGUE, problem_kind
from mailsurgeon.diagnosis.kind import ServerView
from mailsurgeon.maildir.filename import split
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow

_DENIED = "Permission denied"


@dataclass
class SurveyFindings:
    """The problems of one folder, as codes.

    `folder`: those of the folder itself. `inside`: those of its messages; `messages`: the same by
    base name, so that a flag set since the survey does not matter. `expected`: code and path of
    problems that a server must complain about; `never_shown`: of files it must not see.
    `not_examined`: the survey could not read the folder.
    """

    folder: set[str] = field(default_factory=set)
    inside: set[str] = field(default_factory=set)
    messages: dict[bytes, set[str]] = field(default_factory=dict)
    expected: list[tuple[str, bytes]] = field(default_factory=list)
    never_shown: list[tuple[str, bytes]] = field(default_factory=list)
    not_examined: bool = False

    @property
    def outside(self) -> list[bytes]:
        """The paths of files that a server must not see."""
        return [path for _, path in self.never_shown]

    def of(self, path: bytes) -> set[str]:
        """The codes of one message."""
        return self.messages.get(_base(path), set())

    def explains(self, path: bytes, text: str) -> bool:
        """Whether the survey's problems explain a complaint about a message."""
        if _DENIED in text and self._folder_explains():
            return True
        return any(view.may_complain or view.must_complain for view in _views(self.of(path)))

    def explains_folder(self) -> bool:
        """Whether they explain a complaint about the folder as a whole, or its absence."""
        return self._folder_explains() or any(view.upsets_folder for view in _views(self.inside))

    def explains_absence(self, path: bytes) -> bool:
        """Whether they explain that a server does not see this file. A dot file that is no mail is
        none to the survey either."""
        no_mail = os.path.basename(path).startswith(b".") and not self.of(path)
        return no_mail or self.hidden_by_its_own(path) or self._folder_explains()

    def hidden_by_its_own(self, path: bytes) -> bool:
        """Whether a problem of this very file explains that a server does not see it."""
        return any(view.may_hide for view in _views(self.of(path)))

    def size_is_hidden(self, path: bytes) -> bool:
        """Whether servers read no size in the name, because something other than a colon ends it:
        they will once the flags have been mended."""
        views = _views(self.of(path))
        return b":" not in os.path.basename(path) and any(view.hides_size for view in views)

    def why_unseen(self, path: bytes) -> str:
        """Why a server does not see this file."""
        name = os.path.basename(path)
        if b"\n" in name or b"\r" in name:
            return "servers skip a name with a line end in it"
        if name.startswith(b"."):
            return "servers skip a name that begins with a dot"
        reasons = (view.hidden_because for view in _views(self.of(path)))
        return next(filter(None, reasons), "for an unknown reason")

    def _folder_explains(self) -> bool:
        return self.not_examined or any(view.explains_folder for view in _views(self.folder))


def findings_of(index: Index, row: FolderRow | None = None) -> SurveyFindings:
    """The index's problems in a folder; without a folder, those outside all folders."""
    found = SurveyFindings()
    if row is None:
        codes = [kind.code for kind in CATALOGUE.values() if kind.server.never_shown]
        problems = index.problems(codes=codes)
        found.never_shown = [(one.code, one.path) for one in problems if one.folder is None]
        return found
    own = {os.path.join(row.path, name) for name in (b"cur", b"new")}
    for problem in index.problems(folders=[row.id]):
        view = problem_kind(problem.code).server
        if view.never_shown:
            found.never_shown.append((problem.code, problem.path))
        elif os.path.dirname(problem.path) not in own:
            found.folder.add(problem.code)
            continue
        elif view.must_complain:
            found.expected.append((problem.code, problem.path))
        found.inside.add(problem.code)
        found.messages.setdefault(_base(problem.path), set()).add(problem.code)
    places = {one.path for one in index.not_examined()}
    found.expected = [one for one in found.expected if not found.size_is_hidden(one[1])]
    found.not_examined = any(path in places for path in (row.path, *own))
    return found


def _views(codes: set[str]) -> list[ServerView]:
    """How servers react to these problems, in the order of the catalogue."""
    return [kind.server for kind in CATALOGUE.values() if kind.code in codes]


def _base(path: bytes) -> bytes:
    return split(os.path.basename(path))[0]
