"""Checks and resolves what the operator types: codes, folders, paths."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.text import visible

if TYPE_CHECKING:
    from mailsurgeon.maildir.spool import Spool
    from mailsurgeon.survey.index.index import Index
    from mailsurgeon.survey.index.rows import FolderRow

_MOST_NAMES = 20


def spread_codes(tokens: Sequence[str]) -> list[str]:
    """`--only a b` and `--only a,b` written as `--only a --only b`.

    A word after `--only CODE` counts as another one only if the catalogue has such a code, or such
    a badge in capitals: a path in small letters may look like a badge.
    """
    if not any(token.startswith("--only") for token in tokens):
        return list(tokens)
    from mailsurgeon.diagnosis.catalogue import kind_named

    spread: list[str] = []
    codes_follow = False
    for position, token in enumerate(tokens):
        if token == "--":
            return spread + list(tokens[position:])
        after_only = position > 0 and tokens[position - 1] == "--only"
        name, _, value = token.partition("=")
        if after_only or (name == "--only" and value):
            written = token if after_only else value
            if after_only:
                spread.pop()
            for code in written.split(","):
                spread += ["--only", code]
            codes_follow = True
        elif codes_follow and (kind := kind_named(token)) and token in (kind.code, kind.badge):
            spread += ["--only", token]
        else:
            spread.append(token)
            codes_follow = False
    return spread


SWITCHES = {
    "-q": "--quiet", "-v": "--verbose",
    **{
        name: name
        for name in (
            "--all", "--ascii", "--dry-run", "--force", "--fresh", "--help", "--leave-unfinished",
            "--no-mouse", "--quick", "--quiet", "--read-only", "--verbose", "--yes",
        )
    },
}  # fmt: skip
"""The options without a value, by what may be typed for them."""


def without_repeats(tokens: Sequence[str]) -> list[str]:
    """The words without options that say again what an earlier one has said: `--yes --yes`."""
    seen: set[str] = set()
    kept: list[str] = []
    for position, token in enumerate(tokens):
        if token == "--":
            return kept + list(tokens[position:])
        switch = SWITCHES.get(token)
        if switch is None or switch not in seen:
            kept.append(token)
        if switch is not None:
            seen.add(switch)
    return kept


def help_asked(tokens: Sequence[str]) -> list[str]:
    """`help` and `help COMMAND` written as `--help` and `COMMAND --help`."""
    if tokens[:1] != ["help"]:
        return list(tokens)
    return [*tokens[1:2], "--help"]


def checked_codes(codes: Iterable[str]) -> frozenset[str]:
    """The codes of these codes or badges, typed in any case. Raises MailsurgeonError, which lists
    all codes, for an unknown one."""
    words = sorted(set(codes))
    if not words:
        return frozenset()
    from mailsurgeon.diagnosis.catalogue import CATALOGUE, kind_named

    found = {word: kind_named(word) for word in words}
    for word, kind in found.items():
        if kind is None:
            raise MailsurgeonError(
                f"{word}: no such code or badge; known are {', '.join(CATALOGUE)}"
                " (`mailsurgeon explain` lists them with their badges)"
            )
    return frozenset(kind.code for kind in found.values() if kind is not None)


def checked_folders(spool: Spool, index: Index, names: Iterable[str]) -> list[FolderRow]:
    """The folders with these names (or paths in the spool), as `folder_called` finds them.

    Raises MailsurgeonError, which lists known folders, for an unknown name.
    """
    wanted = list(names)
    if not wanted:
        return []
    from mailsurgeon.survey.index.questions import folder_called

    folders = index.folders()
    found: list[FolderRow] = []
    for name in wanted:
        row = folder_called(name.rstrip("/") or name, folders, spool.layout)
        if row is None:
            raise MailsurgeonError(f"{name}: no such folder; {_known(name, folders)}")
        found.append(row)
    return found


def _known(name: str, folders: Sequence[FolderRow]) -> str:
    names = [row.name for row in folders]
    if not names:
        return "the spool has none"
    if len(names) <= _MOST_NAMES:
        return f"known are {', '.join(map(visible, names))}"
    import difflib

    near = difflib.get_close_matches(name, names, _MOST_NAMES, 0.5) or names[:_MOST_NAMES]
    return f"{len(names):,} are known, among them {', '.join(map(visible, near))}"


def require_paths(paths: Sequence[str]) -> None:
    """Raises MailsurgeonError if the operator named no path."""
    if not paths:
        raise MailsurgeonError("name at least one PATH, as scan shows it")


def paths_in(spool: Spool, arguments: Iterable[str]) -> list[bytes]:
    """Turns paths as typed (relative to the spool, absolute, or relative to the working directory)
    into paths relative to the spool.

    Raises MailsurgeonError for a path that does not exist or lies outside the spool.
    """
    return [_path_in(spool, os.fsencode(argument)) for argument in arguments]


def _path_in(spool: Spool, argument: bytes) -> bytes:
    bases = [spool.root] if os.path.isabs(argument) else [spool.root, os.getcwdb()]
    outside = False
    for base in bases:
        absolute = os.path.normpath(os.path.join(base, argument))
        if not os.path.lexists(absolute):
            continue
        # The last component is not resolved: it may be a symlink that is itself the problem.
        parent, name = os.path.split(absolute)
        absolute = os.path.join(os.path.realpath(parent), name)
        if absolute == spool.root:
            return b""
        if absolute.startswith(spool.root.rstrip(b"/") + b"/"):
            return os.path.relpath(absolute, spool.root)
        outside = True
    shown = os.fsdecode(argument)
    if outside:
        raise MailsurgeonError(f"{shown}: lies outside the spool {spool.shown}")
    raise MailsurgeonError(
        f"{shown}: no such file in the spool {spool.shown}; if it was renamed, scan names it now"
    )


def is_sound_server_file(index: Index, path: bytes) -> bool:
    """Whether a path is a server's own file in which the survey found no problem."""
    from mailsurgeon.maildir.server_files import kind_of

    return bool(kind_of(path)) and index.entry_at(path) is None


def entry_ids(index: Index, spool: Spool, paths: Iterable[bytes]) -> list[int]:
    """The ids of these paths in the index; raises MailsurgeonError for a path it does not have."""
    found: list[int] = []
    for path in paths:
        entry = index.entry_at(path)
        if entry is None:
            raise MailsurgeonError(
                f"{os.fsdecode(spool.absolute(path))}: neither a message nor anything that has a"
                " problem"
            )
        found.append(entry.id)
    return found
