"""A recording: a spool as it stood, its journal, and what became of both afterwards.

In the directory of a recording:

    story.json      what it is for, the commands that led there, and those that came after
    before.jsonl    the tree before the first command, as far as it was another
    tree.jsonl      the tree as it stood: the spool, and the quarantine beside it
    journal.jsonl   the rows of the journal as the program had written them, checksums and all
    log.*           what `log` showed of it
    N.tree.jsonl    what the N-th of the commands that came after has changed in the tree,
    N.rows.jsonl    and in the journal (see `portable`)

Beside the recordings of a version are `schema.sql`, its empty journal, and
the sums of all its files.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.journals.commands import Command
from tests.journals.lines import Record, read_lines
from tests.journals.rows import (
    Place,
    Rows,
    key_of_row,
    moved,
    portable,
    read_rows,
    write_rows,
)
from tests.journals.trees import SPOOL, build, look, names_of

VERSIONS = sorted(Path(__file__).parent.glob("v[0-9]*"), key=lambda path: int(path.name[1:]))
"""The directories of the recorded versions, the newest last."""
SUMS = "SHA256SUMS"
FORMATS = ("json", "md", "html")
"""The shell script may do the same in other words; what it does is tested in tests/report."""
NOBODY = (1 << 22) + 1
"""The number of a process that cannot be: Linux gives out none above 2**22."""


@dataclass(frozen=True)
class Recording:
    """One recording. `home`: where it was recorded. `by_root`: only root can undo it.

    `by_hand`: a command of `script` is no command of the program's, so it is not run again.
    """

    name: str
    about: str
    home: str
    script: tuple[Command, ...]
    then: tuple[Command, ...]
    version: Path
    by_root: bool = False
    by_hand: bool = False

    @property
    def id(self) -> str:
        """Its name among those of all versions."""
        return f"{self.version.name}-{self.name}"

    @property
    def directory(self) -> Path:
        """Where its files are."""
        return self.version / self.name

    def lines(self, name: str) -> list[Record]:
        """A file of records."""
        return read_lines(self.directory / f"{name}.jsonl")

    def tree(self) -> list[Record]:
        """The tree as it stood."""
        return self.lines("tree")

    def before(self) -> list[Record]:
        """The tree before the first command, its files made in the order of their names."""
        found = changed_to(self.tree(), self.lines("before"), key_of_path)
        return sorted(found, key=lambda one: ("text" in one, one["path"]))

    def rows(self) -> Rows:
        """The rows of the journal as they were."""
        return self.lines("journal")

    def place(self, tree: Iterable[Record]) -> Place:
        """Where it was recorded, with the names of that tree."""
        spool = next(row["value"] for row in self.rows() if row.get("key") == "spool")
        device, root = map(int, spool.split(":"))
        uid, gid = next(one for one in self.tree() if one["path"] == SPOOL).get("owner", (0, 0))
        return Place(os.fsencode(self.home), device, root, (uid, gid), names_of(tree))


def recordings() -> list[Recording]:
    """All recordings of all versions."""
    return [_read(file) for version in VERSIONS for file in sorted(version.glob("*/story.json"))]


def sums_of(version: Path) -> list[str]:
    """The sum and name of each recorded file, as sha256sum writes them."""
    files = sorted(path for path in version.rglob("*") if path.is_file() and path.name != SUMS)
    return [f"{sha256(file.read_bytes()).hexdigest()}  {file.relative_to(version)}"
            for file in files]  # fmt: skip


def _read(file: Path) -> Recording:
    facts: dict[str, Any] = json.loads(file.read_text())
    for name in ("script", "then"):
        facts[name] = tuple(map(Command.read, facts[name]))
    return Recording(file.parent.name, version=file.parent.parent, **facts)


@dataclass(frozen=True)
class Site:
    """A recorded tree, built in a directory of this host."""

    home: Path
    inodes: Mapping[int, int] = field(default_factory=dict[int, int])

    @property
    def mail(self) -> Path:
        """The spool and what lies beside it."""
        return self.home / "mail"

    @property
    def journal(self) -> Path:
        """Where the program keeps the journal of the spool."""
        status = (self.mail / os.fsdecode(SPOOL)).stat()
        return self.home / "state" / f"{status.st_dev:x}-{status.st_ino:x}" / "journal.sqlite"

    def place(self, names: Mapping[int, str] | None = None) -> Place:
        """Where this is. `names`: of inodes, when not those that things have now."""
        status = (self.mail / os.fsdecode(SPOOL)).stat()
        known = names_of(look(self.mail)) if names is None else names
        owner = status.st_uid, status.st_gid
        return Place(os.fsencode(self.home), status.st_dev, status.st_ino, owner, known)


def built(home: Path, tree: list[Record]) -> Site:
    """A tree alone, without a journal."""
    home.chmod(0o755)
    (home / "mail").mkdir(mode=0o755)
    return Site(home, build(home / "mail", tree))


def loaded(home: Path, recording: Recording) -> Site:
    """The tree of a recording as it stood, with the journal where the program looks for it."""
    tree = recording.tree()
    old = recording.place(tree)
    site = built(home, tree)
    new = site.place()
    rows = moved(recording.rows(), old, new, NOBODY, socket.gethostname())
    write_rows(site.journal, (recording.version / "schema.sql").read_text(), rows)
    _tell_of_here(site, recording, tree)
    return site


def _tell_of_here(site: Site, recording: Recording, tree: list[Record]) -> None:
    """Locks and notices that a killed run has left name its process and its journal."""
    old, new = recording.place(()), site.place({})
    marks = {b"%d:%s" % (row["pid"], os.fsencode(row["host"])) for row in recording.rows()
             if row["table"] == "operations"}  # fmt: skip
    said = {mark: b"%d:%s" % (NOBODY, os.fsencode(socket.gethostname())) for mark in marks}
    said[old.home] = new.home
    said[b"%x-%x" % (old.device, old.root)] = b"%x-%x" % (new.device, new.root)
    for one in tree:
        text = one.get("text")
        for word, here in said.items():
            if text is not None and word in text:
                text = text.replace(word, here)
                (site.mail / os.fsdecode(one["path"])).write_bytes(text)


def portable_rows(site: Site, names: Mapping[int, str]) -> Rows:
    """What the journal now holds, free of its place. `names`: of the inodes it speaks of."""
    return portable(read_rows(site.journal), site.place(names))


# Changes: only what is another is recorded

Key = Callable[[Record], str]


def key_of_path(record: Record) -> str:
    """The path a record of a tree is about."""
    return os.fsdecode(record["path"])


def changes(
    old: list[Record], new: list[Record], key: Key, shown: Callable[[Record], object]
) -> list[Record]:
    """What makes `new` of `old`; `shown` is what counts of each record."""
    known = {key(one): one for one in old}
    there = {key(one) for one in new}
    found: list[Record] = [{"gone": name} for name in known if name not in there]
    for one in new:
        before = known.get(key(one))
        if before is None:
            found.append(one)
        elif shown(before) != shown(one):
            fields = (*before, *(field for field in one if field not in before))
            other = {field: one.get(field) for field in fields
                     if before.get(field) != one.get(field)}  # fmt: skip
            found.append({"changed": key(one), **other})
    return found


def changed_to(old: list[Record], recorded: list[Record], key: Key) -> list[Record]:
    """The records with those changes, what is new at the end."""
    gone = {one["gone"] for one in recorded if "gone" in one}
    other = {one["changed"]: one for one in recorded if "changed" in one}

    def now(one: Record) -> Record:
        found = one | other.get(key(one), {})
        return {field: found[field] for field in found
                if field != "changed" and found[field] is not None}  # fmt: skip

    kept = [now(one) for one in old if key(one) not in gone]
    return kept + [one for one in recorded if not {"gone", "changed"} & set(one)]


def same_rows(rows: Iterable[Record]) -> dict[str, Record]:
    """Rows by what they are, for a comparison that names them."""
    return {key_of_row(row): row for row in rows}
