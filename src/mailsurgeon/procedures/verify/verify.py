"""`verify`: compares what Dovecot sees in the spool with what a survey says.

doveadm reads every folder twice, as a shadow (`shadow.py`). The first time the files have their own
names, so that it reports the UIDs and sizes that clients get. The second time the names do not
carry W, so that it must read every message from end to end, and reports real sizes and errors.

Differences are:

- a complaint of the server about a message or folder which no problem of the survey explains;
- a message that the survey counts but the server does not see, or a folder it does not list,
  without such a problem;
- a `size-mismatch` or `unreadable` of the survey on a message that the server serves without
  complaint, and a `misfiled` message that it sees.

These are not differences: a folder missing from `subscriptions` (the server sees it; whether a
client should is for its owner to decide), a problem that servers do not report, an encrypted
message (read here without its keys), and anything that changed during the comparison.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.filename import split
from mailsurgeon.maildir.folder_names import INBOX
from mailsurgeon.maildir.server_files import DOVECOT_SUBSCRIPTIONS
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.verify.doveadm import (
    Doveadm,
    find_doveadm,
    process_as_account,
    servers_account,
)
from mailsurgeon.procedures.verify.expectations import SurveyFindings, findings_of
from mailsurgeon.procedures.verify.fetch import EXPUNGED, Reply, ask
from mailsurgeon.procedures.verify.shadow import Filled, Passed, Shadow, shadow_of
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import FolderRow
from mailsurgeon.survey.progress import Advance

_STAGE = "asking Dovecot"
_ENCRYPTED = b"CRYPTED"


class Complaint(NamedTuple):
    """A message of the server. `path` is the mail's or the folder's; `uid` is None for a folder."""

    folder: str
    path: bytes
    uid: int | None
    text: str


class Unseen(NamedTuple):
    """A message, or a whole folder, that the server does not see."""

    folder: str
    path: bytes
    reason: str


class Difference(NamedTuple):
    """Something that only one side reports. `code`: of a problem; or `complaint`, `unseen`."""

    code: str
    folder: str
    path: bytes
    text: str = ""


class FolderView(NamedTuple):
    """One folder: how many files were shown to the server, and how many of them it sees."""

    name: str
    path: bytes
    files: int
    seen: int
    complaints: int
    problems: int


@dataclass
class Verification:
    """What the server sees, and where the survey says something else."""

    server: str
    folders: list[FolderView] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    unseen: list[Unseen] = field(default_factory=list)
    unsubscribed: list[str] = field(default_factory=list)
    ours_only: list[Difference] = field(default_factory=list)
    server_only: list[Difference] = field(default_factory=list)

    @property
    def agrees(self) -> bool:
        """Whether the two agree."""
        return not self.ours_only and not self.server_only


@dataclass
class View:
    """One folder as the server sees it: UIDs and complaints by live path."""

    files: set[bytes] = field(default_factory=set)
    uids: dict[bytes, int] = field(default_factory=dict)
    complaints: dict[bytes, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    directories: list[bytes] = field(default_factory=list)


def verify(
    spool: Spool,
    index: Index,
    folders: Sequence[FolderRow] = (),
    *,
    cancelled: Callable[[], bool] = lambda: False,
    advance: Advance = lambda _stage, _done, _total: None,
) -> Verification:
    """Runs Dovecot on these folders (default: all) and compares it with a full survey's `index`.

    Raises MailsurgeonError when Dovecot cannot be run, KeyboardInterrupt when `cancelled`.
    """
    program = find_doveadm()
    account = servers_account(spool)
    every = index.folders()
    wanted = folders or every
    total, done = sum(row.messages for row in wanted), 0
    with process_as_account(account), shadow_of(spool, cancelled) as shadow:
        for row in every:
            shadow.make_folder(row.path)
        configuration = shadow.configure(row.path for row in every)
        doveadm = Doveadm(configuration, cancelled, program=program)
        found = Verification(f"Dovecot {doveadm.version()}")
        listed = _mailboxes(doveadm)
        if os.path.lexists(os.path.join(spool.control or spool.root, DOVECOT_SUBSCRIPTIONS)):
            subscribed = _mailboxes(doveadm, "-s") | {INBOX}
            missing = listed - subscribed
            found.unsubscribed += [row.name for row in wanted if row.name in missing]
        for row in wanted:
            advance(_STAGE, done, total)
            findings = findings_of(index, row)
            if row.name not in listed or not shadow.has_folder(row.path):
                _add_unlisted(found, row, findings)
            else:
                view = view_of(shadow, doveadm, row, findings.outside)
                _forget_changes(view, spool)
                _add(found, row, view, findings, spool)
            done += row.messages
    if not folders:
        outside = (Unseen("", path, "is in no folder") for path in findings_of(index).outside)
        found.unseen += outside
    return found


def view_of(shadow: Shadow, doveadm: Doveadm, row: FolderRow, misfiled: Iterable[bytes]) -> View:
    """Shows one folder to the server, with W and without, and returns what it says."""
    view = View()
    with shadow.filled(row.path, misfiled) as filled:
        reply = ask(doveadm, row.name, shadow.place)
        view.uids = _uids(shadow, row.path, filled, reply)
        view.files, view.passed = filled.files, filled.passed
        view.directories = filled.directories
        announced = {path: reply.sizes[uid] for path, uid in view.uids.items()}
        _take_complaints(view, reply, view.uids)
        shadow.hide_virtual_sizes(row.path)
        reply = ask(doveadm, row.name, shadow.place)
        reread = _uids(shadow, row.path, filled, reply)
    _take_complaints(view, reply, reread)
    for path, uid in reread.items():
        said, sent = announced.get(path), reply.sizes[uid]
        if said is not None and sent is not None and said != sent:
            view.complaints.setdefault(path, f"announced with {said} bytes, sent with {sent}")
    return view


def _uids(shadow: Shadow, folder: bytes, filled: Filled, reply: Reply) -> dict[bytes, int]:
    """The UIDs by live path; of two files with one base name, only the first has one.

    Dovecot also assigns a UID to a directory in cur or new, and then removes the directory.
    """
    listed = shadow.uids(folder)
    taken: dict[int, bytes] = {}
    directories = ((split(os.path.basename(path))[0], path) for path in filled.directories)
    for base, path in chain(shadow.held(folder), directories):
        uid = listed.get(base)
        if uid is not None and uid in reply.sizes:
            taken.setdefault(uid, path)
    return {path: uid for uid, path in taken.items()}


def _take_complaints(view: View, reply: Reply, uids: dict[bytes, int]) -> None:
    paths = {uid: path for path, uid in uids.items()}
    for uid, text in reply.complaints.items():
        if uid in paths:
            path = paths[uid]
            text = text.removeprefix(f"read({os.fsdecode(path)}) failed: ")
            view.complaints.setdefault(path, text)
        elif text not in (EXPUNGED, *view.general):
            view.general.append(text)
    view.general += [text for text in reply.general if text not in view.general]


def _forget_changes(view: View, spool: Spool) -> None:
    """Leaves out what was renamed or removed during the comparison: neither side is wrong."""
    unseen = view.files - view.uids.keys()
    for path in [*view.complaints, *unseen]:
        if not os.path.lexists(spool.absolute(path)):
            view.complaints.pop(path, None)
            view.files.discard(path)
            view.uids.pop(path, None)


def _mailboxes(doveadm: Doveadm, *options: str) -> set[str]:
    """The names the server lists; bytes that are not UTF-8 become surrogate escapes."""
    lines: list[bytes] = []
    complaints: list[bytes] = []
    doveadm.run(("-f", "json", "mailbox", "list", *options), lines.append, complaints.append)
    try:
        rows = json.loads(os.fsdecode(b"\n".join(lines)) or "[]", strict=False)
        return {row["mailbox"] for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        reason = os.fsdecode(b" ".join(complaints)) or "its output is not what was expected"
        raise MailsurgeonError(f"{doveadm.program}: does not list the folders: {reason}") from error


def _add_unlisted(found: Verification, row: FolderRow, findings: SurveyFindings) -> None:
    reason = "the server lists no such folder"
    found.unseen.append(Unseen(row.name, row.path, reason))
    if not findings.explains_folder():
        found.server_only.append(Difference("unseen", row.name, row.path, reason))
    troubles = sum(row.problems.values())
    found.folders.append(FolderView(row.name, row.path, row.messages, 0, 0, troubles))


def _add(
    found: Verification, row: FolderRow, view: View, findings: SurveyFindings, spool: Spool
) -> None:
    """Adds what the server says about a folder, and the differences from the survey."""
    complaints = [
        Complaint(row.name, path, view.uids.get(path), text)
        for path, text in sorted(view.complaints.items())
    ]
    unseen = _unseen(row, view, findings)
    paths = chain(view.complaints, view.directories, (one.path for one in unseen))
    named = {os.fsdecode(os.path.basename(path)): path for path in paths}
    named.pop(os.fsdecode(os.path.basename(row.path)), None)
    for text in view.general:
        path = next((path for name, path in named.items() if name in text), row.path)
        if path not in view.complaints:
            complaints.append(Complaint(row.name, path, None, text))
    for one in complaints:
        about_folder = one.path == row.path
        explained = (
            findings.explains_folder() if about_folder else findings.explains(one.path, one.text)
        ) or (not about_folder and _encrypted(spool.absolute(one.path)))
        if not explained:
            found.server_only.append(Difference("complaint", row.name, one.path, one.text))
    found.server_only += [
        Difference("unseen", row.name, one.path, one.reason)
        for one in unseen
        if not findings.explains_absence(one.path)
    ]
    found.ours_only += [
        Difference(code, row.name, path)
        for code, path in findings.expected
        if path in view.uids and path not in view.complaints
    ]
    found.ours_only += [
        Difference(code, row.name, path) for code, path in findings.never_shown if path in view.uids
    ]
    found.complaints += complaints
    found.unseen += unseen
    files = len(view.files) + len(view.passed)
    seen = len(view.files & view.uids.keys())
    troubles = sum(row.problems.values())
    found.folders.append(FolderView(row.name, row.path, files, seen, len(complaints), troubles))


def _unseen(row: FolderRow, view: View, findings: SurveyFindings) -> list[Unseen]:
    """What was shown to the server but got no UID; if it saw nothing, the folder alone, unless
    each of its messages has a problem that explains it."""
    unseen = [Unseen(row.name, *passed) for passed in view.passed]
    hidden = view.files - view.uids.keys()
    filed = hidden.difference(findings.outside)
    if filed and not view.uids and not all(map(findings.hidden_by_its_own, filed)):
        reason = ": ".join(["the server shows none of it", *view.general[:1]])
        unseen.append(Unseen(row.name, row.path, reason))
        hidden -= filed
    unseen += [Unseen(row.name, path, findings.why_unseen(path)) for path in sorted(hidden)]
    return unseen


def _encrypted(path: bytes) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.read(handle, len(_ENCRYPTED)) == _ENCRYPTED
    except OSError:
        return False
    finally:
        os.close(handle)
