"""What clients will notice of a plan: sentences with figures, from its acts alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailsurgeon.maildir.filename import parse_info, split
from mailsurgeon.surgery.steps import QUARANTINE, Act, Action, Step
from mailsurgeon.surgery.treatment import TWIN, WHOLE_FOLDER

_NAMED = 3  # folders named in one sentence


@dataclass(frozen=True, slots=True)
class FolderState:
    """What a folder holds beside mail, as far as a plan's effects depend on it."""

    name: str
    messages: int = 0
    uidlist: bool = False  # a list of UIDs that renames are carried over in
    dovecot: bool = False
    courier: bool = False
    synced: bool = False  # mbsync's state: the UID is in the name

    @property
    def served(self) -> bool:
        """Whether some program has given UIDs here."""
        return self.uidlist or self.dovecot or self.courier or self.synced


def describe(acts: Sequence[Act], folders: Mapping[bytes, FolderState]) -> tuple[str, ...]:
    """One sentence each; `folders` by path, at least those the acts name."""
    tally = _Tally(folders)
    for act in acts:
        tally.add(act)
    return tuple(tally.sentences())


class _Tally:
    """Counts by folder of what happens to messages that clients know, or will know."""

    def __init__(self, folders: Mapping[bytes, FolderState]) -> None:
        self.folders = folders
        self.renamed: Counter[bytes] = Counter()  # inside a folder where UIDs were given
        self.kept: Counter[bytes] = Counter()
        self.unnumbered = 0  # inside a folder where none were
        self.freed: Counter[bytes] = Counter()  # hidden by another of the same name until now
        self.new: Counter[bytes] = Counter()
        self.moved: Counter[tuple[bytes, bytes]] = Counter()
        self.deleted: Counter[bytes] = Counter()
        self.unseen = 0
        self.resized: Counter[bytes] = Counter()
        self.carried: list[bytes] = []
        self.returned: list[bytes] = []
        self.lifted: list[tuple[bytes, bytes]] = []
        self.flags = self.dates = self.subdirs = self.modes = 0
        self.any = False

    def add(self, act: Act) -> None:
        """Counts one act."""
        self.any = True
        for step in act.steps:
            match step.action:
                case Action.RENAME if _verdict(act) == WHOLE_FOLDER:
                    self._carry(step)
                case Action.RENAME if act.verdict == "lift-folder":
                    self.lifted.append((step.source or b"", step.target or b""))
                case Action.RENAME if _verdict(act) == "lift-folder":
                    self.carried.append(step.source or b"")
                case Action.RENAME:
                    self._rename(step, act)
                case Action.UIDLIST if act.verdict == "fix-size" and step.folder is not None:
                    self.resized[step.folder] += 1
                case Action.UTIME:
                    self.dates += 1
                case Action.MKDIR:
                    self.subdirs += 1
                case Action.CHMOD | Action.CHOWN:
                    self.modes += 1
                case _:
                    pass

    def _carry(self, step: Step) -> None:
        source, target = step.source or b"", step.target or b""
        if source.startswith(QUARANTINE):
            self.returned.append(target)
        else:
            self.carried.append(source)

    def _rename(self, step: Step, act: Act) -> None:
        source, target = step.source or b"", step.target or b""
        home, goal = step.folder, step.target_folder
        served = home is not None and _is_served(source, home)
        if target.startswith(QUARANTINE):
            if served and home is not None and act.verdict != TWIN:
                self.deleted[home] += 1
            else:
                self.unseen += 1
            return
        before, after = source.rpartition(b"/")[2], target.rpartition(b"/")[2]
        self.flags += _flags_seen(before) != _flags_seen(after)
        if goal is None or not _is_served(target, goal):
            if served and home is not None:
                self.deleted[home] += 1  # what was filed goes back to where nobody sees it
            return
        if not served or home is None:
            self.new[goal] += 1
        elif home != goal:
            self.moved[home, goal] += 1
        else:
            self._rename_within(home, step, before, after, act)

    def _rename_within(
        self, home: bytes, step: Step, before: bytes, after: bytes, act: Act
    ) -> None:
        same_base = split(before)[0] == split(after)[0]
        if not same_base and not step.data.get("keep_uid"):
            self.freed[home] += 1
            return
        if "fix-size" in act.remedies:
            self.resized[home] += 1
        state = self._state(home)
        if not state.served:
            self.unnumbered += 1
            return
        self.renamed[home] += 1
        in_name = state.synced and not (state.dovecot or state.courier)
        if state.uidlist or same_base or in_name:
            self.kept[home] += 1

    def _state(self, folder: bytes) -> FolderState:
        return self.folders.get(folder) or FolderState(folder.decode("utf-8", "surrogateescape"))

    def sentences(self) -> Iterator[str]:
        """The sentences, those that clients notice most first."""
        yield from self._lost()
        yield from self._gained()
        yield from self._same()
        yield from self._hints()
        if self.any and not self.flags and not self.dates:
            yield "nothing else changes; flags and dates are kept"

    def _lost(self) -> Iterator[str]:
        for path in self.carried:
            state = self._state(path)
            yield (
                f"clients will see the folder {state.name} disappear,"
                f" with {_messages(state.messages)}"
            )
        if self.deleted:
            count = self.deleted.total()
            yield f"clients will see {_messages(count)} deleted{self._in(self.deleted)}"
            synced = sum(count for path, count in self.deleted.items() if self._state(path).synced)
            if synced:
                yield f"mbsync will delete {synced:,} of them on the other side too"
        for (home, goal), count in self.moved.items():
            where = f"{self._state(home).name} to {self._state(goal).name}"
            yield f"{_messages(count)} moved from {where}, with new UIDs there"
        if self.unseen:
            yield f"{self.unseen:,} put away that no client could see"

    def _gained(self) -> Iterator[str]:
        if self.new:
            yield (
                f"{self.new.total():,} new {_noun(self.new.total())}{self._in(self.new)}"
                " (UIDs are given by the server)"
            )
        if self.freed:
            yield (
                f"{_messages(self.freed.total())} seen for the first time{self._in(self.freed)}:"
                " hidden behind another of the same name until now"
            )
        for path in self.returned:
            yield f"the folder {self._state(path).name} comes back"
        for source, target in self.lifted:
            state = self._state(source)
            new_name = target.decode("utf-8", "surrogateescape").lstrip(".")
            yield f"a new folder {new_name}, with {_messages(state.messages)} and their UIDs"

    def _same(self) -> Iterator[str]:
        if self.renamed:
            yield (
                f"UIDs kept for {self.kept.total():,} of {self.renamed.total():,}"
                f"{self._in(self.renamed)}"
            )
        lost = self.renamed - self.kept
        if lost:
            why = "no dovecot-uidlist is there; --control names where Dovecot keeps it"
            if all(self._state(path).courier for path in lost):
                why = "Courier's list is not edited"
            yield f"{_messages(lost.total())} will come anew to clients{self._in(lost)} ({why})"
        if self.unnumbered:
            yield f"{_messages(self.unnumbered)} renamed where no server has given UIDs"
        if self.flags:
            yield f"flags change or are read anew for {_messages(self.flags)}"
        if self.dates:
            yield f"the date clients show as received changes for {_messages(self.dates)}"

    def _hints(self) -> Iterator[str]:
        if self.subdirs:
            yield (
                f"{self.subdirs:,} missing {'directory' if self.subdirs == 1 else 'directories'}"
                " made; mbsync and offlineimap see such a folder again"
            )
        if self.modes:
            yield f"mode or owner of {self.modes:,} put right"
        states = [self._state(path) for path in self.resized]
        if any(state.dovecot or state.uidlist for state in states):
            yield (
                "Dovecot's stored totals of a mailbox (STATUS SIZE, quota by count) stay as they"
                " are until `doveadm quota recalc`"
            )

    def _in(self, paths: Collection[bytes]) -> str:
        names = sorted(self._state(path).name for path in paths)
        if len(names) > _NAMED:
            return f" in {len(names):,} folders"
        return f" in {_listed(names)}"


def _verdict(act: Act) -> str:
    """What an act does, or takes back."""
    return act.verdict.removeprefix("undo ").removeprefix("restore ")


def _flags_seen(filename: bytes) -> bytes:
    """The flags servers read: none where the separator is foreign or the colon is lost."""
    info = parse_info(filename)
    return info.flags if info.kind in ("good", "bad") else b""


def _is_served(path: bytes, folder: bytes) -> bool:
    """Whether a path lies in cur or new of the folder, under a name servers do not skip."""
    inside = path[len(folder) + 1 :] if folder else path
    part, slash, name = inside.partition(b"/")
    return bool(slash) and part in (b"cur", b"new") and b"/" not in name and name[:1] != b"."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _messages(count: int) -> str:
    return f"{count:,} {_noun(count)}"


def _noun(count: int) -> str:
    return "message" if count == 1 else "messages"
