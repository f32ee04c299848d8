"""What a spool and its quarantine are, and what they must be by the journal after an operation."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from mailsurgeon.maildir import server_files
from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.lists import courier_keywords, keywords, maildirsize, uidlist
from mailsurgeon.surgery.fsops.paths import QUARANTINE
from mailsurgeon.surgery.journal.records import StepRecord
from tests.surgery.conftest import total

DOVECOT, COURIER = server_files.DOVECOT_UIDLIST, server_files.COURIER_UIDLIST
LETTERS, WORDS = server_files.DOVECOT_KEYWORDS, server_files.COURIER_KEYWORDS
SUM = server_files.MAILDIRSIZE
SERVERS = frozenset((DOVECOT, COURIER, LETTERS, SUM))


@dataclass(frozen=True, slots=True)
class Thing:
    """A file, directory or symlink. `inode` 0: not known yet. `content` is bytes or link text."""

    kind: int
    inode: int
    mode: int
    owner: tuple[int, int]
    mtime_ns: int = 0
    content: bytes = b""
    xattrs: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Scene:
    """All there is. Paths as the journal writes them.

    `things` is what belongs to people, directories included; `lists` is what servers keep, by
    path: its bytes, mode and owner (a server's file is another inode after each edit).
    """

    things: dict[bytes, Thing] = field(default_factory=dict[bytes, Thing])
    lists: dict[bytes, Thing] = field(default_factory=dict[bytes, Thing])

    def messages(self) -> Iterator[tuple[bytes, Thing]]:
        """The files that are people's."""
        return ((path, one) for path, one in self.things.items() if one.kind == stat.S_IFREG)


def look(root: bytes, quarantine: bytes, items: Collection[bytes]) -> Scene:
    """The spool and its quarantine as they are. `items` are the things put away: a directory of
    the quarantine that is none of them, nor in one, is there only to hold them.
    """
    scene = Scene()
    _read(root, b"", scene)
    with suppress(FileNotFoundError):
        for holder in os.listdir(quarantine):
            if holder == b"IDENTITY":  # of the spool; nothing that was put away
                continue
            assert holder.isdigit(), holder
            _read(os.path.join(quarantine, holder), QUARANTINE + holder + b"/", scene)
    for path, one in list(scene.things.items()):
        put_away = any(path == item or path.startswith(item + b"/") for item in items)
        if path.startswith(QUARANTINE) and one.kind == stat.S_IFDIR and not put_away:
            del scene.things[path]
            assert any(item.startswith(path + b"/") for item in items), f"left over: {path!r}"
    return scene


def _read(top: bytes, prefix: bytes, scene: Scene) -> None:
    for directory, names, files in os.walk(top):
        for name in names + files:
            full = os.path.join(directory, name)
            path = prefix + os.path.relpath(full, top)
            kept = name in SERVERS or WORDS in path.split(b"/")
            (scene.lists if kept else scene.things)[path] = _thing(full, kept=kept)


def _thing(full: bytes, *, kept: bool) -> Thing:
    status = os.lstat(full)
    kind = stat.S_IFMT(status.st_mode)
    inode = 0 if kept else status.st_ino
    one = Thing(kind, inode, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))
    if kind == stat.S_IFLNK:
        return replace(one, content=os.readlink(full))
    if kind == stat.S_IFREG:
        return replace(
            one, mtime_ns=0 if kept else status.st_mtime_ns, content=_bytes(full, status),
            xattrs=_xattrs(full),
        )  # fmt: skip
    return one


def _bytes(full: bytes, status: os.stat_result) -> bytes:
    try:
        with open(full, "rb") as file:
            return file.read()
    except PermissionError:
        return b"cannot be read: %d bytes" % status.st_size


def _xattrs(full: bytes) -> tuple[tuple[str, bytes], ...]:
    try:
        return tuple((name, os.getxattr(full, name)) for name in sorted(os.listxattr(full)))
    except OSError:
        return ()


# What the journal says must have come of it


def follow(scene: Scene, records: Iterable[StepRecord]) -> tuple[Scene, dict[bytes, bytes]]:
    """The scene after these steps, all done, and where every path of before has gone."""
    after = Scene(dict(scene.things), dict(scene.lists))
    went = {path: path for path in scene.things}
    for one in records:
        step = one.step
        if step.action == "rename" and step.source is not None and step.target is not None:
            _move(after, went, step.source, step.target)
        elif step.action == "mkdir":
            data = step.data
            path = step.target or step.source or b""
            owner = (int(data["uid"]), int(data["gid"])) if os.geteuid() == 0 else _own()
            after.things[path] = Thing(stat.S_IFDIR, 0, int(data["mode"]), owner)
        elif step.action == "rmdir":
            del after.things[step.source or step.target or b""]
        elif step.action in ("chmod", "chown", "utime"):
            assert step.source is not None
            _set(after, step.source, step.action, step.data["after"])
    return after, went


def _own() -> tuple[int, int]:
    return os.geteuid(), os.getegid()


def _move(scene: Scene, went: dict[bytes, bytes], source: bytes, target: bytes) -> None:
    there = scene.things.keys() | scene.lists.keys()
    assert source in there, f"the journal moves what is not there: {source!r}"
    assert target not in there, f"the journal moves onto what is there: {target!r}"
    for kept in (scene.things, scene.lists):
        for path in [one for one in kept if one == source or one.startswith(source + b"/")]:
            kept[target + path[len(source) :]] = kept.pop(path)
    for old, now in went.items():
        if now == source or now.startswith(source + b"/"):
            went[old] = target + now[len(source) :]


def _set(scene: Scene, path: bytes, action: str, value: int | list[int]) -> None:
    meant = scene.things[path]
    for name, one in scene.things.items():
        if one.inode != meant.inode:
            continue
        if action == "chmod":
            assert isinstance(value, int)
            scene.things[name] = replace(one, mode=value)
        elif action == "utime":
            assert isinstance(value, int)
            scene.things[name] = replace(one, mtime_ns=value)
        else:
            assert isinstance(value, list)
            scene.things[name] = replace(one, owner=(value[0], value[1]))


def differences(told: Scene, found: Scene) -> list[str]:
    """Where the files of other people differ from what they should be."""
    wrong: list[str] = []
    for path in told.things.keys() | found.things.keys():
        one, other = told.things.get(path), found.things.get(path)
        if one and other and one.kind == stat.S_IFDIR and not one.inode:
            one = replace(one, inode=other.inode)
        if one != other:
            wrong.append(f"{path!r}: told {one}, found {other}")
    return wrong


# What servers and clients see


def folders_of(scene: Scene) -> set[bytes]:
    """The folders in the spool: the parents of cur and new."""
    return {
        os.path.dirname(path)
        for path, one in scene.things.items()
        if one.kind == stat.S_IFDIR
        and os.path.basename(path) in (b"cur", b"new")
        and not path.startswith(QUARANTINE)
    }


def home_of(path: bytes) -> bytes | None:
    """The folder that serves what lies at `path`; None when none does."""
    directory, part = os.path.split(os.path.dirname(path))
    if path.startswith(QUARANTINE) or part not in (b"cur", b"new"):
        return None
    if {b"cur", b"new", b"tmp"} & set(directory.split(b"/")):
        return None  # a Maildir in there is no folder in any layout
    return directory


def uids(scene: Scene, name: bytes) -> dict[bytes, dict[bytes, int]]:
    """By folder, by base name: the UID in the list `name`, of the lists that servers accept."""
    found: dict[bytes, dict[bytes, int]] = {}
    for path, one in scene.lists.items():
        if os.path.basename(path) == name and not path.startswith(QUARANTINE):
            records = uidlist.parse_uidlist(one.content).records
            found[os.path.dirname(path)] = {record.base: record.uid for record in records}
    return found


def is_damaged(listed: Thing) -> bool:
    """Whether a server rejects a uidlist."""
    return bool(uidlist.parse_uidlist(listed.content).bad)


def words(scene: Scene, path: bytes) -> dict[bytes, frozenset[bytes]]:
    """The keywords of a served message by name, as each server that has a list tells them."""
    home = home_of(path)
    if home is None:
        return {}
    found: dict[bytes, frozenset[bytes]] = {}
    letters = scene.lists.get(os.path.join(home, LETTERS))
    name = os.path.basename(path)
    if letters is not None:
        names = keywords.parse_keywords(letters.content).names
        flags = parse_info(name).flags
        found[LETTERS] = frozenset(
            names[one - keywords.FIRST_LETTER]
            for one in flags
            if one - keywords.FIRST_LETTER in names
        )
    if os.path.join(home, COURIER) in scene.lists:
        listed, updates = b"", dict[bytes, bytes]()
        for place, one in scene.lists.items():
            if os.path.dirname(place) == os.path.join(home, WORDS):
                if os.path.basename(place) == courier_keywords.LIST:
                    listed = one.content
                else:
                    updates[os.path.basename(place)] = one.content
        found[WORDS] = frozenset(courier_keywords.effective(listed, updates, courier_base(name)))
    return found


def courier_base(name: bytes) -> bytes:
    """What Courier keeps keywords by: all before the last colon."""
    return name.rpartition(b":")[0] or name


def quota_drift(scene: Scene, layout: str, traces: Collection[bytes]) -> tuple[int, int] | None:
    """By how many bytes and messages `maildirsize` differs from a count; None without one.

    `traces` are the lists by which it is told which server counts.
    """
    kept = scene.lists.get(SUM)
    if kept is None:
        return None
    told = total(kept.content)
    size = count = 0
    for path, one in scene.messages():
        home = home_of(path)
        if home is None:
            continue
        rule = _rule(traces, home, layout)
        if rule.counts_folder(home):
            more = rule.counted(path[len(home) + 1 :] if home else path, len(one.content))
            size, count = size + more[0], count + more[1]
    return told[0] - size, told[1] - count


def _rule(lists: Collection[bytes], home: bytes, layout: str) -> maildirsize.Rule:
    homes = {b"", home}
    courier = DOVECOT not in lists and any(
        os.path.join(one, name) in lists for one in homes for name in (COURIER, WORDS)
    )
    return maildirsize.Rule(courier, layout)
