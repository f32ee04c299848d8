"""A quarantined folder comes back although a server has made a folder of that name again.

Then its messages come back one by one, never over what is there. What is left of it, the servers'
own files, moves to the quarantine of the undo: their UIDs do not fit the new folder. A redo puts
both where they were.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.filename import parse_info, size_fields
from mailsurgeon.maildir.lists.keywords import FIRST_LETTER, parse_keywords
from mailsurgeon.maildir.rename import NameChange, compose
from mailsurgeon.maildir.reserved import SUBDIRS, is_servers_directory, is_servers_file
from mailsurgeon.maildir.server_files import DOVECOT_KEYWORDS
from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.journal.journal import Journal
from mailsurgeon.surgery.journal.records import StepRecord
from mailsurgeon.surgery.model import Act, Plan, QuarantinePath, Step
from mailsurgeon.surgery.plan.keyword_letters import KeywordBook
from mailsurgeon.surgery.servers.files import LARGEST_SMALL_FILE
from mailsurgeon.surgery.steps.conditions import NothingLeft
from mailsurgeon.surgery.steps.lists.keywords import NameLetters
from mailsurgeon.surgery.steps.rename import Rename

MESSAGE, REST = "message", "rest"
"""What the acts of such a return are about; the last words of their verdicts."""


def one_by_one(spool: Spool, plan: Plan, place_of: Callable[[bytes], bytes]) -> Plan:
    """The plan of an undo or restore; each folder that is there again gets single messages back.

    `place_of` gives the absolute path of a path in the quarantine. Raises OSError.
    """
    book = KeywordBook(spool)
    acts: list[Act] = []
    for act in plan.acts:
        step = act.steps[-1]
        if isinstance(step, Rename) and len(act.steps) == 1 and _is_made_again(spool, step):
            acts += _Return(spool, book, act, step, place_of(step.source)).acts()
        else:
            acts.append(act)
    return replace(plan, acts=tuple(acts))


def _is_made_again(spool: Spool, step: Rename) -> bool:
    if not (step.carries_directory and isinstance(step.source, QuarantinePath) and step.is_linked):
        return False
    path = spool.absolute(step.target)
    return os.path.isdir(path) and not os.path.islink(path)


@dataclass(slots=True)
class _Return:
    """The return of one directory, by the act that would have moved it back as a whole."""

    spool: Spool
    book: KeywordBook
    act: Act
    step: Rename
    place: bytes

    def acts(self) -> list[Act]:
        found = [
            Act(f"{self.act.verdict}, {MESSAGE}", steps[-1].target or b"", steps, self.act.folder)
            for steps in self._below(b"")
        ]
        target = QuarantinePath.of(None, self.step.target)
        rest = replace(
            self.step, target=target, folder=None, target_folder=None,
            conditions=(NothingLeft(self.step.source),), quota=self._rest_of_quota(found),
        )  # fmt: skip
        return [
            *found,
            Act(f"{self.act.verdict}, {REST}", self.step.target, (rest,), self.act.folder),
        ]

    def _rest_of_quota(self, acts: Sequence[Act]) -> tuple[int, int] | None:
        if self.step.quota is None:
            return None
        parts = [step.quota_change for act in acts for step in act.steps]
        size, messages = self.step.quota
        return size - sum(part[0] for part in parts), messages - sum(part[1] for part in parts)

    def _below(self, inside: bytes) -> Iterator[tuple[Step, ...]]:
        """The steps for what lies in a directory, by its path inside the one that comes back."""
        names: dict[bytes, bytes] | None = None
        with os.scandir(os.path.join(self.place, inside)) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            path = os.path.join(inside, entry.name)
            if not entry.is_dir(follow_symlinks=False):
                if not is_servers_file(entry.name):
                    yield (self._move(path, entry),)
            elif entry.name in SUBDIRS:
                names = self._keyword_names(inside) if names is None else names
                yield from self._messages(inside, entry.name, names)
            elif is_servers_directory(entry.name):
                continue
            elif os.path.lexists(self.spool.absolute(os.path.join(self.step.target, path))):
                yield from self._below(path)
            else:
                yield (self._move(path, entry),)

    def _messages(
        self, inside: bytes, part: bytes, names: dict[bytes, bytes]
    ) -> Iterator[tuple[Step, ...]]:
        home = os.path.join(inside, part)
        with os.scandir(os.path.join(self.place, home)) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            if not entry.name.startswith(b".nfs"):
                step = self._move(os.path.join(home, entry.name), entry, inside)
                yield self._with_keywords(step, names) if part != b"tmp" else (step,)

    def _move(self, path: bytes, entry: os.DirEntry[bytes], inside: bytes = b"") -> Rename:
        folder = os.path.join(self.step.target, inside) if inside else self.step.target
        status = entry.stat(follow_symlinks=False)
        quota = None
        if self.step.quota is not None and os.path.dirname(path)[-3:] in (b"cur", b"new"):
            quota = size_fields(entry.name)[0] or status.st_size, 1
        return Rename(
            os.path.join(self.step.source, path), os.path.join(self.step.target, path),
            at.expectation(status), None, folder, quota=quota,
        )  # fmt: skip

    # Keywords: the letters of the folder as it was may mean something else in the new one.

    def _keyword_names(self, inside: bytes) -> dict[bytes, bytes]:
        """The names by letter in the list that the folder brings along."""
        path = os.path.join(self.place, inside, DOVECOT_KEYWORDS)
        known = parse_keywords(read_small(path, LARGEST_SMALL_FILE) or b"")
        return {bytes([FIRST_LETTER + number]): name for number, name in known.names.items()}

    def _with_keywords(self, step: Rename, names: dict[bytes, bytes]) -> tuple[Step, ...]:
        """The steps that carry the keywords of a message along, and the message."""
        directory, _, filename = step.target.rpartition(b"/")
        letters = [letter for letter in parse_info(filename).flags if letter >= FIRST_LETTER]
        folder = step.target_folder or b""
        if not letters or not names:
            return (step,)
        goal = self.book.letters(folder)
        mapping: dict[int, int] = {}
        for letter in letters:
            name = names.get(bytes([letter]))
            if name is not None and (goal.number_of(name) is not None or not goal.add(name)):
                number = goal.number_of(name)
                assert number is not None
                mapping[letter] = FIRST_LETTER + number
        new = compose(filename, NameChange(keywords=mapping), taken=lambda _: False).filename
        moved = replace(step, target=directory + b"/" + new)
        added = goal.up_to(frozenset(one - FIRST_LETTER for one in mapping.values()))
        if not added:
            return (moved,)
        return NameLetters(None, None, folder=folder, add=tuple(added), made=goal.made), moved


def is_rest(record: StepRecord) -> bool:
    """Whether a step moved what was left of a returned folder within the quarantine."""
    source, target = record.source, record.target
    if not (isinstance(source, QuarantinePath) and isinstance(target, QuarantinePath)):
        return False
    return target.operation == record.operation


def returned_parts(journal: Journal, operation: int, step: StepRecord) -> list[StepRecord]:
    """The steps by which undos of an operation took a directory back message by message, the rest
    first; none if it came back as a whole, or if the rest has been purged since."""
    rows = [
        row
        for one in journal.operations()
        if one.kind == "undo" and one.of == operation
        for row in journal.steps_of(one.id, "done")
    ]
    rest = [row for row in rows if row.step.inverts == step.id and row.step.puts_away]
    if not rest or any(row.reason for row in rest):
        return []
    inside = (step.target or b"") + b"/"
    messages = [
        row
        for row in rows
        if isinstance(row.source, QuarantinePath) and row.source.startswith(inside)
    ]
    return [*rest, *messages]


def redone(journal: Journal, operation: int, step: StepRecord) -> list[Act]:
    """The acts that put a directory away again which came back message by message; none if
    `returned_parts` has none."""
    acts: list[Act] = []
    for row in returned_parts(journal, operation, step):
        back, what = row.step.undoing(row.id), MESSAGE
        if row.step.inverts == step.id:
            back, what = replace(back, repeats=step.id), REST
        acts.append(Act(f"{step.verdict}, {what}", row.target or b"", (back,), step.label))
    return acts
