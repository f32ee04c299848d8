"""What must be true of a spool after a crash and a recovery, looked at on the disk itself."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mailsurgeon.surgery.fsops.paths import QUARANTINE
from mailsurgeon.surgery.journal.records import Operation, StepRecord
from mailsurgeon.surgery.model import Act, Plan, Step
from tests.crash.support.kills_plan import below
from tests.surgery.conftest import SERVERS, Maildir, total

OURS = (b"UNFINISHED", b"IDENTITY", b".mailsurgeon", b"courier.lock")
LISTS = (b"dovecot-uidlist", b"courierimapuiddb")


@dataclass(frozen=True)
class Before:
    """A spool as it was before an operation: what its plan says can then be looked up."""

    directories: dict[bytes, int]  # inodes by path
    uids: dict[tuple[int, int], bytes]  # by the inode of the folder and of the message
    quota: tuple[int, int]
    known: int  # operations in the journal

    @classmethod
    def of(cls, maildir: Maildir) -> Before:
        top = os.fsencode(maildir.root)
        inodes = {
            os.path.relpath(path, top): os.lstat(path).st_ino
            for path in below(top)
            if os.path.isdir(path)
        }
        inodes[b""] = inodes.pop(b".")
        with maildir.surgeon() as surgeon:
            known = len(surgeon.operations())
        return cls(inodes, uids(maildir), quota(maildir), known)


def quota(maildir: Maildir) -> tuple[int, int]:
    return total(maildir.path(b"maildirsize").read_bytes())


def uids(maildir: Maildir) -> dict[tuple[int, int], bytes]:
    """The UID of each message in cur and new that a list has, by the server and folder."""
    found: dict[tuple[int, int], bytes] = {}
    for directory, _names, files in os.walk(os.fsencode(maildir.root)):
        listed: dict[bytes, bytes] = {}
        for name in LISTS:
            if os.fsdecode(name) in {os.fsdecode(file) for file in files}:
                listed |= _listed(Path(os.fsdecode(os.path.join(directory, name))).read_bytes())
        for part in (b"cur", b"new"):
            place = os.path.join(directory, part)
            for name in os.listdir(place) if os.path.isdir(place) else ():
                uid = listed.get(name.partition(b":")[0])
                if uid is not None:
                    inode = os.lstat(os.path.join(place, name)).st_ino
                    found[os.stat(directory).st_ino, inode] = uid
    return found


def _listed(data: bytes) -> dict[bytes, bytes]:
    """UIDs by base name: `UID [fields] :BASE` (Dovecot), `UID BASE` (Courier)."""
    found: dict[bytes, bytes] = {}
    for line in data.splitlines()[1:]:
        uid, _, rest = line.partition(b" ")
        found[rest.rpartition(b":")[2] if b":" in rest else rest] = uid
    return found


def hashes(maildir: Maildir) -> Counter[str]:
    """How many messages of which contents lie in the spool and its quarantine."""
    found: Counter[str] = Counter()
    for path in below(os.fsencode(maildir.home / "mail")):
        ours = os.path.basename(path).startswith((*OURS, *SERVERS))
        listed = os.path.basename(os.path.dirname(path)) == b"courierimapkeywords"
        if not (ours or listed) and os.path.isfile(path):
            found[hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).hexdigest()] += 1
    return found


def moves_directory(step: Step) -> bool:
    return step.action == "rename" and step.expected is not None and step.expected.size == -1


class World:
    """The spool and its quarantine as they are now, by inode."""

    def __init__(self, maildir: Maildir, before: Before, plan: Plan, operation: int) -> None:
        self.before = before
        steps = [step for act in plan.acts for step in act.steps]
        self.moved = {step.target: step.source for step in steps if moves_directory(step)}
        self.operation = operation
        self.maildir = maildir
        self.root = os.fsencode(maildir.root)
        self.quarantine = os.path.join(os.fsencode(maildir.home), b"mail", b".Maildir.quarantine")
        self.places: dict[int, list[tuple[object, bytes]]] = {}
        self.status: dict[int, os.stat_result] = {}
        for top in (self.root, self.quarantine):
            for path in below(top) if os.path.isdir(top) else ():
                status = os.lstat(path)
                self.status[status.st_ino] = status
                parent, name = os.path.split(path)
                self.places.setdefault(status.st_ino, []).append((os.lstat(parent).st_ino, name))

    def place(self, path: bytes) -> tuple[object, bytes]:
        """Where a path of a step is: the directory, known by its inode even when it moves."""
        parent, name = os.path.split(path)
        if path.startswith(QUARANTINE):
            inside = parent[len(QUARANTINE) :].replace(b"@", b"%d" % self.operation, 1)
            directory = os.path.join(self.quarantine, inside)
            return (os.lstat(directory).st_ino if os.path.isdir(directory) else directory), name
        for target, source in self.moved.items():
            if source is not None and target is not None and not self._knows(parent):
                within = parent == target or parent.startswith(target + b"/")
                parent = source + parent[len(target) :] if within else parent
        return self.before.directories.get(parent, parent), name

    def _knows(self, directory: bytes) -> bool:
        return directory in self.before.directories

    def is_there(self, path: bytes) -> bool:
        directory, name = self.place(path)
        return any((directory, name) in places for places in self.places.values())

    def stands(self, step: Step) -> str:
        """Whether a step is "done" or "not done" by what is on the disk, or neither."""
        match step.action:
            case "rename":
                assert step.expected and step.source is not None and step.target is not None
                places = self.places.get(step.expected.inode, [])
                ends = {self.place(step.target): "done", self.place(step.source): "not done"}
                return ends.get(places[0], "elsewhere") if len(places) == 1 else f"{len(places)}x"
            case "mkdir":
                return "done" if self.is_there(step.target or b"") else "not done"
            case "rmdir":
                return "not done" if self.is_there(step.source or b"") else "done"
            case "chmod" | "chown" | "utime":
                return self._of_inode(step)
            case "uidlist-lines":
                return self._lines(step)
            case "keywords":
                return self._keywords(step)
            case _:
                raise AssertionError(f"{step.action} is not looked at")

    def _of_inode(self, step: Step) -> str:
        assert step.expected
        status = self.status[step.expected.inode]
        now = {
            "chmod": stat.S_IMODE(status.st_mode),
            "chown": [status.st_uid, status.st_gid],
            "utime": status.st_mtime_ns,
        }[step.action]
        ends = ((step.data["after"], "done"), (step.data["before"], "not done"))
        return next((word for value, word in ends if value == now), f"{now}")

    def _lines(self, step: Step) -> str:
        name = os.path.join(step.folder or b"", os.fsencode(step.data["name"]))
        lines = self.maildir.path(name).read_bytes().splitlines()
        gone = [os.fsencode(text) not in lines for _, text in step.data.get("drop", ())]
        back = [os.fsencode(text) in lines for _, text in step.data.get("restore", ())]
        return _all([*gone, *back])

    def _keywords(self, step: Step) -> str:
        if "carry" in step.data:
            carry = step.data["carry"]
            folder = step.folder if carry.get("back") else step.target_folder
            place = self.maildir.path(os.path.join(folder or b"", b"courierimapkeywords"))
            there = place.is_dir() and carry["to"] in os.listdir(place)
            return "done" if there is not bool(carry.get("back")) else "not done"
        place = self.maildir.path(os.path.join(step.folder or b"", b"dovecot-keywords"))
        lines = place.read_bytes().splitlines() if place.exists() else []
        added = [b"%d %s" % (n, os.fsencode(k)) in lines for n, k in step.data.get("add", ())]
        gone = [b"%d %s" % (n, os.fsencode(k)) not in lines for n, k in step.data.get("remove", ())]
        return _all([*added, *gone])


def _all(done: Sequence[bool]) -> str:
    return "done" if all(done) else "not done" if not any(done) else "half done"


def check_acts(maildir: Maildir, before: Before, plan: Plan) -> int:
    """Each act is wholly done or not at all, as the journal says; returns how many are done."""
    operation, rows = _operation(maildir, before)
    world = World(maildir, before, plan, operation.id if operation else 0)
    settled = {number: list(act) for number, act in groupby(rows, key=lambda row: row.act)}
    uncounted = _uncounted(maildir, operation)
    done, counted = list[Act](), list[Act]()
    for number, act in enumerate(plan.acts, start=1):
        states = {row.state for row in settled.get(number, ())} or {"refused"}
        assert states <= {"done", "refused"}, (act.path, states)
        told = "done" if states == {"done"} else "not done"
        assert len(states) == 1, (act.path, states)
        for step in act.steps:
            assert world.stands(step) == told, (act.verdict, act.path, step, world.stands(step))
        if told == "done":
            done.append(act)
            counted += [act] if number not in uncounted else []
    if operation is not None:
        assert not operation.open
        assert (operation.state == "applied") == (len(done) == operation.acts), operation.state
    asked = [step.data["quota"] for act in counted for step in act.steps if step.data.get("quota")]
    size, count = (before.quota[n] + sum(one[n] for one in asked) for n in (0, 1))
    assert quota(maildir) == (size, count)
    return len(done)


def _operation(maildir: Maildir, before: Before) -> tuple[Operation | None, list[StepRecord]]:
    """The operation that was cut off, if it had begun."""
    with maildir.surgeon() as surgeon:
        new = [one for one in surgeon.operations()[before.known :] if one.kind != "recover"]
        assert len(new) <= 1, new
        rows = [row for one in new for row in surgeon.steps(one.id) if row.act]
    return (new[0] if new else None), rows


def _uncounted(maildir: Maildir, operation: Operation | None) -> set[int]:
    """The acts whose line in `maildirsize` was refused, as the journal tells."""
    with maildir.surgeon() as surgeon:
        rows = list(surgeon.steps(operation.id)) if operation else []
    refused = (one for one in rows if one.action == "maildirsize" and one.state == "refused")
    return {int(act) for one in refused for act in one.data["acts"]}


def check_uids(maildir: Maildir, before: Before) -> None:
    """What is in the folder it was in has the UID it had; no list has two of one base."""
    now = uids(maildir)
    here = {
        (os.lstat(os.path.dirname(os.path.dirname(path))).st_ino, os.lstat(path).st_ino)
        for path in below(os.fsencode(maildir.root))
        if os.path.basename(os.path.dirname(path)) in (b"cur", b"new")
    }
    lost = {key: uid for key, uid in before.uids.items() if key in here and now.get(key) != uid}
    assert not lost, lost


def check_no_traces(maildir: Maildir) -> None:
    """No lock, temporary file or notice of ours is left."""
    for path in below(os.fsencode(maildir.home / "mail")):
        assert not path.endswith((b".lock", b".mailsurgeon", b".stale")), path
        assert b"UNFINISHED" not in path and b".mailsurgeon-unfinished" not in path, path
