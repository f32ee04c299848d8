"""What clients will notice of a plan: sentences with figures, from its acts alone. Pure."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from mailsurgeon.maildir.filename import flags_served, fmd5_field, split, uid_field
from mailsurgeon.maildir.folder_names import decode_folder
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS, kind_of, loss_of
from mailsurgeon.surgery.model import Act, QuarantinePath, Step
from mailsurgeon.surgery.plan.folder_state import FolderState, SpoolState
from mailsurgeon.surgery.plan.repair import SYNCED_TWIN, TWIN, WHOLE_FOLDER
from mailsurgeon.surgery.steps.base import Alters
from mailsurgeon.surgery.uid_effects import (
    NOT_LISTED,
    UidCount,
    no_list,
    uid_lines,
)
from mailsurgeon.text import path_shown

_NAMED = 3  # folders named in one sentence
_OFTEN_EMPTIED = frozenset(
    ("trash", "deleted", "deleted items", "deleted messages", "junk", "junk e-mail", "spam",
     "papierkorb")
)  # fmt: skip
_OFTEN_DAYS = 30
_MOVE_FOLDERS = frozenset(("lift-folder", "rename-folder"))
_SIZE = re.compile(rb",S=\d+")


_BARE = SpoolState()
LONGEST_LOCK = 5.0
"""The longest that a folder is kept locked, unless the plan says so."""
LIST_BYTES_A_SECOND = 20e6
"""How fast a list is read, edited, written and read back; on a busy machine with two cores."""


def describe(
    acts: Sequence[Act], folders: Mapping[bytes, FolderState], spool: SpoolState = _BARE
) -> tuple[str, ...]:
    """One sentence per effect; `folders` by path, at least those of the acts."""
    tally = _Tally(folders, spool)
    for act in acts:
        tally.add(act)
    return tuple(tally.sentences())


class _Tally:
    """Counts by folder what happens to messages that clients have seen, or will see."""

    def __init__(self, folders: Mapping[bytes, FolderState], spool: SpoolState) -> None:
        self.folders = folders
        self.spool = spool
        self.uids: dict[str, UidCount] = {}  # renamed within a folder, by its name
        # Without the `,U=` by which a sync program, given first, knew them.
        self.anew: dict[str, Counter[bytes]] = {}
        self.files: dict[bytes, set[str]] = {}  # servers' files quarantined, with their folders
        self.quota = [0, 0]
        self.dated: dict[bytes, list[int]] = {}  # mtimes (ns) of messages filed, by folder
        self.veiled: Counter[bytes] = Counter()  # that an open Courier session will not find
        self.freed: Counter[bytes] = Counter()  # hidden until now by another of the same name
        self.new: Counter[bytes] = Counter()
        self.back: Counter[bytes] = Counter()  # from the quarantine, under new UIDs
        self.kept: Counter[bytes] = Counter()  # from the quarantine, still in the list
        self.spoilt: dict[str, set[bytes]] = {}  # lists that a server will reject, by file name
        self.moved: Counter[tuple[bytes, bytes]] = Counter()
        self.deleted: Counter[bytes] = Counter()
        self.uid_stays: Counter[bytes] = Counter()  # of those, with the `,U=` of another that stays
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
            if step.spoils_list:
                self.spoilt.setdefault(step.spoils_list, set()).add(step.folder or b"")
            match step.alters:
                case Alters.NAME if _verdict(act) == WHOLE_FOLDER and step.carries_directory:
                    self._carry(step)
                case Alters.NAME if act.verdict in _MOVE_FOLDERS:
                    self.lifted.append((step.source or b"", step.target or b""))
                case Alters.NAME if _verdict(act) in _MOVE_FOLDERS:
                    self.carried.append(step.source or b"")
                case Alters.NAME:
                    self._rename(step, act)
                case Alters.RECORD if act.verdict == "fix-size" and step.folder is not None:
                    self.resized[step.folder] += 1
                case Alters.DATE:
                    self.dates += 1
                case Alters.DIRECTORY:
                    self.subdirs += 1
                case Alters.RIGHTS:
                    self.modes += 1
                case _:
                    pass

    def _carry(self, step: Step) -> None:
        source, target = step.source or b"", step.target or b""
        if isinstance(source, QuarantinePath):
            self.returned.append(target)
        else:
            self.carried.append(source)

    def _rename(self, step: Step, act: Act) -> None:
        source, target = step.source or b"", step.target or b""
        if isinstance(source, QuarantinePath) and isinstance(target, QuarantinePath):
            return
        home, goal = step.folder, step.target_folder
        served = home is not None and _is_served(source, home)
        self._weigh(step)
        if isinstance(target, QuarantinePath):
            self._put_away(source, home, act, served)
            return
        before, after = source.rpartition(b"/")[2], target.rpartition(b"/")[2]
        self.flags += before != after and flags_served(before) != flags_served(after)
        if goal is None or not _is_served(target, goal):
            if served and home is not None:
                self.deleted[home] += 1  # undoing `file` returns it to where no client sees it
            return
        away = isinstance(source, QuarantinePath)  # what mbsync makes of these is told elsewhere
        if not away and uid_field(before) is not None and uid_field(after) is None:
            program = "mbsync" if fmd5_field(before) is None else "offlineimap"
            self.anew.setdefault(program, Counter())[goal] += 1
        if served and home == goal:
            self._rename_within(goal, step, before, after, act)
            return
        self.dated.setdefault(goal, []).append(step.expected.mtime_ns if step.expected else 0)
        if served and home is not None:
            self.moved[home, goal] += 1
        elif away:
            state = self._state(goal)
            listed = split(after)[0] not in state.unlisted
            if not state.uidlist:
                listed = state.traces.kept_by_name(before, after)
            (self.kept if listed else self.back)[goal] += 1
        else:
            self.new[goal] += 1

    def _weigh(self, step: Step) -> None:
        size, messages = step.quota_change
        self.quota[0] += size
        self.quota[1] += messages

    def _put_away(self, source: bytes, home: bytes | None, act: Act, served: bool) -> None:
        if served and home is not None:
            if act.verdict == TWIN:
                self.unseen += 1
            else:
                self.deleted[home] += 1
                self.uid_stays[home] += act.verdict == SYNCED_TWIN
        elif kind_of(source):
            where = os.path.dirname(source).removesuffix(b"/" + COURIER_KEYWORDS)
            name = self._state(where).name or path_shown(where)
            self.files.setdefault(kind_of(source), set()).add(name)
        else:
            self.unseen += 1

    def _rename_within(
        self, home: bytes, step: Step, before: bytes, after: bytes, act: Act
    ) -> None:
        same_base = split(before)[0] == split(after)[0]
        if not same_base and not step.keeps_uid:
            if act.verdict == "undo fix-flags":  # its UID came back by the new name alone
                count = self.uids.setdefault(self._state(home).name, UidCount())
                count.lost[NOT_LISTED] += 1
            else:
                self.freed[home] += 1
            return
        if "fix-size" in act.remedies:
            self.resized[home] += 1
        state = self._state(home)
        if state.traces.courier and _but_size(before) != _but_size(after):
            self.veiled[home] += 1
        count = self.uids.setdefault(state.name, UidCount())
        if same_base:
            count.kept += 1
        elif state.uidlist:
            known = split(before)[0] not in state.unlisted
            back = not known and split(after)[0] in state.awaited
            count.kept += known
            count.returned += back
            count.unlisted += not known and not back
        elif state.traces.kept_by_name(before, after):
            count.kept += 1
        elif state.traces.names_tell and uid_field(before) is not None:
            pass  # no server's list is concerned; `anew` tells of the upload
        else:
            count.lost[no_list(state.control, self.spool.found_by)] += 1

    def _state(self, folder: bytes) -> FolderState:
        return self.folders.get(folder) or FolderState(folder.decode("utf-8", "surrogateescape"))

    def sentences(self) -> Iterator[str]:
        """The sentences, the most noticeable first."""
        yield from self._lost()
        yield from self._gained()
        yield from self._same()
        yield from self._hints()
        if self.any and not self.flags and not self.dates:
            yield "nothing else changes; flags and dates are kept"

    def _lost(self) -> Iterator[str]:
        for name, paths in self.spoilt.items():
            count = sum(self._state(path).messages for path in paths)
            yield (
                f"{name}{self._in(paths)} gets back lines that a server rejects: it will drop the"
                f" list and give {_messages(count)} new UIDs; clients fetch them anew"
            )
        for path in self.carried:
            state = self._state(path)
            yield (
                f"clients will see the folder {state.name} disappear,"
                f" with {_messages(state.messages)}"
            )
        if self.deleted:
            count = self.deleted.total()
            yield f"clients will see {_messages(count)} deleted{self._in(self.deleted)}"
            synced = sum(
                count - self.uid_stays[path]
                for path, count in self.deleted.items()
                if self._state(path).traces.synced
            )
            if synced:
                yield f"mbsync will delete {synced:,} of them on the other side too"
            if stay := self.uid_stays.total():
                yield f"no sync deletes anything for {stay:,} of them: a copy with its ,U= stays"
        for (home, goal), count in self.moved.items():
            where = f"{self._state(home).name} to {self._state(goal).name}"
            yield f"{_messages(count)} moved from {where}, with new UIDs there"
        if self.unseen:
            yield f"{self.unseen:,} put away that no client could see"

    def _gained(self) -> Iterator[str]:
        if self.back:
            count = self.back.total()
            yield (
                f"{_messages(count)} {'comes' if count == 1 else 'come'} back{self._to(self.back)}"
                " (UIDs are given anew by the server)"
            )
        if self.kept:
            count, its = self.kept.total(), "its UID" if self.kept.total() == 1 else "their UIDs"
            yield (
                f"{_messages(count)} {'comes' if count == 1 else 'come'} back{self._to(self.kept)}"
                f" with {its}, unless a server looks before that"
            )
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
            new_name = decode_folder(target).lstrip(".")
            yield f"a new folder {new_name}, with {_messages(state.messages)} and their UIDs"

    def _same(self) -> Iterator[str]:
        yield from uid_lines(self.uids)
        if self.veiled:
            count, them = self.veiled.total(), "it" if self.veiled.total() == 1 else "them"
            yield (
                f"Courier sessions open now show a placeholder for {_messages(count)}"
                f"{self._in(self.veiled)} until they look for {them} again (their next NOOP)"
            )
        for program, anew in self.anew.items():
            yield f"{program} will upload {_messages(anew.total())} anew{self._in(anew)}"
        if self.flags:
            yield f"flags change or are read anew for {_messages(self.flags)}"
        if self.dates:
            yield f"the date clients show as received changes for {_messages(self.dates)}"
            if any(state.traces.dovecot for state in self.folders.values()):
                yield (
                    "Dovecot goes on showing dates that it has cached, until dovecot.index.cache is"
                    " made anew"
                )

    def _hints(self) -> Iterator[str]:
        yield from self._ageing()
        yield from self._slow_lists()
        for kind, folders in self.files.items():
            shown = os.fsdecode(kind)
            yield f"{shown}{_in_folders(folders)} goes to the quarantine: {loss_of(kind)}"
        if self.subdirs:
            yield (
                f"{self.subdirs:,} missing {'directory' if self.subdirs == 1 else 'directories'}"
                " made; mbsync and offlineimap see such a folder again"
            )
        if self.modes:
            yield f"mode or owner of {self.modes:,} put right"
        states = [self._state(path) for path in self.resized]
        if any(state.traces.dovecot or state.uidlist for state in states):
            yield (
                "Dovecot's stored totals of a mailbox (STATUS SIZE, quota by count) stay as they"
                " are until `doveadm quota recalc -u USER`"
            )
        if self.spool.no_quota and self.any:
            yield f"maildirsize does not follow: {self.spool.no_quota}"
        elif self.quota != [0, 0]:
            size, messages = self.quota
            yield f"maildirsize follows (delta {size:+,} bytes, {messages:+,} {_noun(messages)})"

    def _slow_lists(self) -> Iterator[str]:
        """Tells of lists that take longer to rewrite than a server's lock is held otherwise."""
        for state in self.folders.values():
            seconds = state.list_bytes / LIST_BYTES_A_SECOND
            if seconds > LONGEST_LOCK:
                yield (
                    f"the list of UIDs of {state.name} has {state.list_bytes / 1e6:,.0f} MB: each"
                    f" change of it may keep the folder locked for some {seconds:,.0f} seconds"
                )

    def _ageing(self) -> Iterator[str]:
        """Warns of folders that are emptied by age, if messages are filed there."""
        for path, times in self.dated.items():
            state = self._state(path)
            if state.emptied_by:
                yield (
                    f"{state.name} is emptied by age: {state.emptied_by} deletes what has lain"
                    f" there {_days(state.days)}, counted from this change"
                )
            elif state.name.rpartition(".")[2].rpartition("/")[2].lower() in _OFTEN_EMPTIED:
                limit = (self.spool.now - _OFTEN_DAYS * 86_400) * 1e9
                old = sum(time < limit for time in times)
                yield (
                    f"{state.name} is often emptied by age, by a server, a client or a cron job:"
                    f" {old:,} of {len(times):,} filed there came in more than"
                    f" {_days(_OFTEN_DAYS)} ago"
                )

    def _in(self, paths: Collection[bytes]) -> str:
        return _in_folders({self._state(path).name for path in paths})

    def _to(self, paths: Collection[bytes]) -> str:
        return self._in(paths).replace(" in ", " to ", 1)


def _verdict(act: Act) -> str:
    """The verdict of an act, or of the act it undoes."""
    return act.verdict.removeprefix("undo ").removeprefix("restore ")


def _but_size(filename: bytes) -> bytes:
    """The base name without its size; Courier still finds a message if only the size changes."""
    return _SIZE.sub(b"", split(filename)[0])


def _is_served(path: bytes, folder: bytes) -> bool:
    """Whether a path lies in cur or new of the folder, under a name that servers do not skip."""
    inside = path[len(folder) + 1 :] if folder else path
    part, slash, name = inside.partition(b"/")
    return bool(slash) and part in (b"cur", b"new") and b"/" not in name and name[:1] != b"."


def _in_folders(names: Collection[str]) -> str:
    return (
        f" in {len(names):,} folders" if len(names) > _NAMED else f" in {', '.join(sorted(names))}"
    )


def _days(number: float) -> str:
    return "1 day" if number == 1 else f"{number:g} days"


def _messages(count: int) -> str:
    return f"{count:,} {_noun(count)}"


def _noun(count: int) -> str:
    return "message" if count == 1 else "messages"
