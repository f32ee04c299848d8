"""Rules that compare messages: name clashes, duplicates, UID clashes, misfiled copies.

Pure functions. A rule takes a group as a list of Copies and returns findings with the copies' ids.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mailsurgeon.diagnosis.facts import Finding
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.maildir.filename import parse_info

PATHS_SHOWN = 20
"""The most paths of other messages that a detail lists."""


class Copy(NamedTuple):
    """One message, with the facts that these rules compare.

    `uid` is from its uidlist record, None without one. `digest` covers all bytes; `body_digest`
    covers the text after the header block with CRLF read as LF, and is None when that text is
    blank or the digest was not needed. `path` is relative to the spool; `folder` is the folder's
    id.
    """

    id: int
    folder: int
    place: str
    path: bytes
    ctime_ns: int
    digest: bytes | None = None
    body_digest: bytes | None = None
    uid: int | None = None
    message_id: str = ""

    @property
    def filename(self) -> bytes:
        """The last component of the path."""
        return self.path.rpartition(b"/")[2]

    @property
    def filed(self) -> bool:
        """Whether the message lies in cur or new, where servers look."""
        return self.place in ("cur", "new")

    @property
    def trashed(self) -> bool:
        """Whether it is marked as deleted (flag T), so that a client's next expunge removes it."""
        return _TRASHED in parse_info(self.filename).flags


_TRASHED = ord("T")
NumberedFindings = list[tuple[int, Finding]]
NAME_CLASH = "name-clash"


def name_clash(group: Sequence[Copy]) -> NumberedFindings:
    """`name-clash` for all messages of a group: one folder, one base name.

    Messages with the `digest` of the one that keeps the name are quarantined, others renamed; all
    are renamed if that one is marked deleted, since a copy is never relied on then.
    """
    kept = kept_of_clash(group)
    listed = _listed(group)
    found: NumberedFindings = []
    for copy in group:
        detail: dict[str, Any] = {"others": _others(listed, os.fsdecode(copy.path))}
        remedy = None
        if copy is not kept:
            same = copy.digest is not None and copy.digest == kept.digest and not kept.trashed
            remedy = "quarantine" if same else "rename"
            if same:
                detail["kept"] = os.fsdecode(kept.path)
        found.append((copy.id, Finding(NAME_CLASH, Severity.CRITICAL, detail, remedy)))
    return found


def kept_of_clash(group: Sequence[Copy]) -> Copy:
    """The message that keeps the base name of a group: one in cur, then the earliest ctime, then
    the first file name. A message marked deleted does not keep it from an identical one."""
    living = {copy.digest for copy in group if not copy.trashed}

    def rank(copy: Copy) -> tuple[Any, ...]:
        doomed = copy.digest is not None and copy.digest in living and copy.trashed
        return (doomed, copy.place != "cur", copy.ctime_ns, copy.filename)

    return min(group, key=rank)


def duplicate_id(
    group: Sequence[Copy], clash_kept: Collection[int], clash_lost: Collection[int]
) -> NumberedFindings:
    """`duplicate-id` for all messages in the spool that have one Message-ID, or for identical ones
    that have none.

    `clash_kept` and `clash_lost` are the ids of messages that keep or lose their name or `,U=` in a
    clash; the copy that is kept should be one that keeps its own. A copy marked deleted is never
    kept instead of another. It is left where it is while that other one lies outside cur and new,
    and so are identical copies of which all are marked deleted.
    """
    by_digest = _classes(group, lambda copy: copy.digest)
    by_body = _classes(group, lambda copy: copy.body_digest)
    by_folder = _classes(group, lambda copy: copy.folder)
    here = _classes(group, lambda copy: (copy.folder, copy.digest) if copy.digest else None)
    body_here = _classes(
        group, lambda copy: (copy.folder, copy.body_digest) if copy.body_digest else None
    )

    def rank(copy: Copy) -> tuple[Any, ...]:
        clash = 2 if copy.id in clash_lost else 0 if copy.id in clash_kept else 1
        uid = copy.uid if copy.uid is not None else 1 << 63
        return (
            copy.trashed, not copy.filed, clash, uid, copy.place != "cur", copy.ctime_ns,
            copy.filename, copy.path,
        )  # fmt: skip

    kept = {key: min(copies, key=rank) for key, copies in here.items() if len(copies) > 1}
    listed = _listed(group)
    listed_here = {key: _listed(copies) for key, copies in here.items()}
    found: NumberedFindings = []
    for copy in group:
        twins = here.get((copy.folder, copy.digest), [])
        near = len(twins) > 1 or len(body_here.get((copy.folder, copy.body_digest), [])) > 1
        path = os.fsdecode(copy.path)
        keeper = kept.get((copy.folder, copy.digest))
        detail: dict[str, Any] = {
            "message_id": copy.message_id or None,
            "copies": len(group),
            "others": _others(listed, path),
            "same_folder": len(by_folder[copy.folder]) > 1,
            "content": _closest(copy, by_digest, by_body),
            "identical_here": _others(listed_here.get((copy.folder, copy.digest), ()), path),
        }
        remedy = None
        if keeper is not None and copy.filed and not keeper.filed:
            detail["living"] = os.fsdecode(keeper.path)
        elif keeper is not None and keeper.trashed:
            detail["all_trashed"] = True
        elif keeper is not None and keeper is not copy:
            remedy = "quarantine"
            detail["kept"] = os.fsdecode(keeper.path)
        severity = Severity.WARNING if near else Severity.INFO
        found.append((copy.id, Finding("duplicate-id", severity, detail, remedy)))
    return found


def _classes(group: Iterable[Copy], key: Callable[[Copy], Any]) -> dict[Any, list[Copy]]:
    classes: dict[Any, list[Copy]] = {}
    for copy in group:
        value = key(copy)
        if value is not None:
            classes.setdefault(value, []).append(copy)
    return classes


def _closest(
    copy: Copy, by_digest: Mapping[Any, list[Copy]], by_body: Mapping[Any, list[Copy]]
) -> str:
    if len(by_digest.get(copy.digest, ())) > 1:
        return "identical"
    return "same-body" if len(by_body.get(copy.body_digest, ())) > 1 else "different"


def _listed(copies: Iterable[Copy]) -> list[str]:
    """The first paths as text: one more than a detail shows, since a copy leaves out its own."""
    return [os.fsdecode(path) for path in sorted(copy.path for copy in copies)[: PATHS_SHOWN + 1]]


def _others(listed: Sequence[str], path: str) -> list[str]:
    return [other for other in listed if other != path][:PATHS_SHOWN]


class Marked(NamedTuple):
    """A message whose name has `,U=`. `digest` as in Copy; None also where the `,U=` is unique."""

    id: int
    filename: bytes
    ctime_ns: int
    uid: int
    fmd5: bytes | None
    digest: bytes | None = None
    path: bytes = b""

    @property
    def trashed(self) -> bool:
        """Whether it is marked as deleted."""
        return _TRASHED in parse_info(self.filename).flags


def uid_clash(
    messages: Sequence[Marked],
    highest: int | None,
    clash_lost: Collection[int] = (),
    *,
    full: bool = True,
) -> NumberedFindings:
    """`uid-clash` for messages of a folder that share a `,U=`, or whose `,U=` is above `highest`.

    `highest` is the last UID that mbsync has assigned by its `.uidvalidity`; None when unknown.
    `clash_lost`: the ids of messages that lose their name in a name clash. Of those that share a
    `,U=` one keeps it; identical ones go to quarantine, since mbsync would upload them anew, unless
    all of them are marked deleted, and the others are renamed. Until a full survey (`full`) it is
    not known which are identical.
    """
    groups: dict[tuple[int, bytes | None], list[Marked]] = {}
    for message in messages:
        groups.setdefault((message.uid, message.fmd5), []).append(message)
    found: NumberedFindings = []
    for (uid, fmd5), group in groups.items():
        above = highest is not None and fmd5 is None and uid > highest
        if len(group) == 1 and not above:
            continue
        first: dict[bytes, Marked] = {}
        for place, message in enumerate(_in_order(group, clash_lost)):
            remedy = "rename" if above or place else None
            detail: dict[str, Any] = {"uid": uid}
            if len(group) > 1 and not full:
                remedy, detail["pending"] = None, True
            elif message.digest is not None:
                twin = first.setdefault(message.digest, message)
                if twin is not message and not twin.trashed:
                    remedy, detail["kept"] = "quarantine", os.fsdecode(twin.path)
            found.append((message.id, Finding("uid-clash", Severity.ERROR, detail, remedy)))
    return found


def _in_order(group: Sequence[Marked], clash_lost: Collection[int]) -> list[Marked]:
    """Messages that share a `,U=`, the one that keeps it first. A message marked deleted comes
    after those identical to it that are not."""
    living = {message.digest for message in group if not message.trashed}

    def rank(message: Marked) -> tuple[Any, ...]:
        doomed = message.digest is not None and message.digest in living and message.trashed
        lost = message.id in clash_lost
        return (doomed, lost, message.ctime_ns, message.filename, message.path)

    return sorted(group, key=rank)


class Twin(NamedTuple):
    """An identical message. `trashed`: it is marked deleted, and the one it is compared with is
    not; so it is no reason to put that one away."""

    path: bytes
    trashed: bool


def misfiled(
    where: str, target: str | None, twin: Twin | None, *, full: bool, around: bool = True
) -> Finding:
    """`misfiled`, for mail outside cur and new. `target` is the name of the folder it belongs in,
    None when there is none; `twin` is an identical message already filed there. `around`: it lies
    in a folder, if only in INBOX.

    While the only filed one is marked deleted, the misfiled one is filed too, since the next
    expunge would leave no other.
    """
    copy_of = twin.path if twin and not twin.trashed else None
    detail: dict[str, Any] = {
        "where": where,
        "target": target,
        "copy_of": os.fsdecode(copy_of) if copy_of is not None else None,
    }
    if twin and twin.trashed:
        detail["trashed_copy"] = os.fsdecode(twin.path)
    if not around:
        detail["outside"] = True
    remedy = None
    if not full:
        detail["pending"] = True
    elif target is not None:
        remedy = "file" if copy_of is None else "quarantine"
    return Finding("misfiled", Severity.ERROR, detail, remedy)


class Leftover(NamedTuple):
    """A file in tmp/, with the facts that decide its remedy.

    `complete` is False for a file that was cut off, None when that cannot be known. `copy_of` is
    the path of an identical message that is filed, or of an identical earlier leftover. `known`: a
    filed message has the same Message-ID. `trashed_copy`: the path of an identical filed message
    when all such are marked deleted.
    """

    age_seconds: int
    stale: bool
    open_by: list[int] | None
    size: int
    mail: bool
    complete: bool | None
    copy_of: bytes | None
    known: bool
    trashed_copy: bytes | None = None


def leftover(facts: Leftover, *, full: bool) -> Finding:
    """`in-tmp`. The remedy is `file` for whole mail filed nowhere else, or only marked deleted;
    `quarantine` for an empty, cut or already filed file; None while the file is fresh or cannot be
    judged."""
    detail: dict[str, Any] = {
        "age_seconds": facts.age_seconds,
        "stale": facts.stale,
        "open_by": facts.open_by,
        "complete": facts.complete,
        "copy_of": os.fsdecode(facts.copy_of) if facts.copy_of is not None else None,
    }
    if facts.trashed_copy is not None:
        detail["trashed_copy"] = os.fsdecode(facts.trashed_copy)
    remedy = None
    if facts.stale and not full:
        detail["pending"] = True
    elif facts.stale and facts.trashed_copy is not None and facts.copy_of is None:
        remedy = "file" if facts.mail and facts.complete is not False else None
    elif facts.stale:
        if facts.size == 0 or facts.complete is False or facts.copy_of is not None:
            remedy = "quarantine"
        elif facts.mail and not facts.known:
            remedy = "file"
    severity = Severity.ERROR if facts.stale else Severity.INFO
    return Finding("in-tmp", severity, detail, remedy)


def is_complete(
    size: int, named: int | None, *, multipart: bool, closed: bool, header_cut: bool
) -> bool | None:
    """Whether a file in tmp/ is whole; None when neither `,S=`, the closing boundary nor the end
    of the header shows it. Sizes are in bytes."""
    if named is not None and named > size:
        return False
    if named == size or (multipart and closed):
        return True
    return False if multipart or header_cut else None
