"""Judges the layout of a spool by its Maildirs, apart from those of other users."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from mailsurgeon.maildir.folder_names import FS, MAILDIRPP
from mailsurgeon.maildir.reserved import is_domain, is_listed
from mailsurgeon.survey.walk.found import FoundFolder
from mailsurgeon.text import path_shown


class LayoutGuess(NamedTuple):
    """A layout, and in words what decided it. `note`: a sentence about Maildirs of the other kind,
    or empty."""

    layout: str
    because: str
    note: str = ""


def users_spool(path: bytes, folders: Collection[bytes]) -> bytes | None:
    """The spool of its own in which the Maildir at `path` lies: `DOMAIN/USER` in a root that is a
    Maildir itself. None for a folder of this spool."""
    parts = path.split(b"/")
    if len(parts) < 2 or b"" not in folders or parts[0] in folders or not is_domain(parts[0]):
        return None
    user = parts[0] + b"/" + parts[1]
    return user if user in folders else None


def guess_layout(folders: Mapping[bytes, FoundFolder]) -> LayoutGuess:
    """The layout, from the folders by path.

    A root that is a Maildir with at least one Maildir `.NAME` in it is maildir++: in fs a name
    begins with a dot only if a user has chosen that. Without such a root most of the topmost
    Maildirs decide. The Maildirs `DOMAIN/USER` that cPanel keeps in a mail root say nothing.
    """
    topmost = sorted(_topmost(folders))
    dotted = [path for path in topmost if is_listed(path, MAILDIRPP)]
    others = [path for path in topmost if path not in dotted]
    if not topmost:
        return LayoutGuess(MAILDIRPP, "no Maildir lies below the root")
    certain = [path for path in (b"", *dotted) if path in folders and _has_mail(folders[path])]
    if len(certain) > 1 and certain[0] == b"":
        because = f"the root is a Maildir, and so is {path_shown(certain[1])} in it"
        return LayoutGuess(MAILDIRPP, because, _note(MAILDIRPP, others))
    counted = f"{len(dotted):,} of the {len(topmost):,} topmost Maildirs are called .NAME"
    if len(dotted) * 2 > len(topmost):
        return LayoutGuess(MAILDIRPP, counted, _note(MAILDIRPP, others))
    return LayoutGuess(FS, counted, _note(FS, dotted))


def _note(layout: str, others: list[bytes]) -> str:
    if not others:
        return ""
    other = FS if layout == MAILDIRPP else MAILDIRPP
    more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
    return (
        f"the layout was taken for {layout}, but {path_shown(others[0])}{more} would be of {other};"
        f" --layout {other} takes it for that"
    )


def _has_mail(folder: FoundFolder) -> bool:
    return b"cur" in folder.present or b"new" in folder.present


def _topmost(folders: Mapping[bytes, FoundFolder]) -> Iterator[bytes]:
    """The Maildirs below the root that lie in no other, without those of other users."""
    for path in folders:
        if path and not _inside_folder(path, folders) and users_spool(path, folders) is None:
            yield path


def _inside_folder(path: bytes, folders: Collection[bytes]) -> bool:
    parent = path.rpartition(b"/")[0]
    while parent:
        if parent in folders:
            return True
        parent = parent.rpartition(b"/")[0]
    return False
