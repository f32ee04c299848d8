"""The keywords of a message that changes its folder: by their names, never by their letters."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.lists.keywords import FIRST_LETTER
from mailsurgeon.surgery.model import Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.steps.keywords import CarriedKeywords, NameLetters
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class Carried:
    """`letters`: what each letter becomes (those not in it go), None where they stay as they are.

    `before`: the steps without which the new letters would mean nothing. `notes`: what is lost.
    """

    letters: Mapping[int, int] | None = None
    before: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def carry_keywords(
    entry: EntryDetail, home: bytes | None, target: bytes, around: SpoolContext
) -> Carried:
    """The keywords of a message that goes from the folder `home` (None: from none) to `target`."""
    if home == target:
        return Carried()
    courier = courier_step(entry, home, target, around)
    flags = parse_info(entry.filename, *entry.sizes).flags
    letters = [letter for letter in flags if FIRST_LETTER <= letter <= 0x7A]
    if not letters:
        return Carried(None, courier)
    mapping, notes = _map(letters, home, target, around)
    return Carried(mapping, (*_adding(target, mapping, around), *courier), notes)


def _map(
    letters: Iterable[int], home: bytes | None, target: bytes, around: SpoolContext
) -> tuple[dict[int, int], tuple[str, ...]]:
    """What each letter becomes, and what is to be said of those that are dropped."""
    book = around.keyword_book
    names = book.letters(home).known.names if home is not None else dict[int, bytes]()
    goal = book.letters(target)
    mapping: dict[int, int] = {}
    notes: list[str] = []
    for letter in letters:
        name = names.get(letter - FIRST_LETTER)
        if name is None:
            notes.append(f"keyword letter {letter:c} is dropped: it has no name where it lies")
            continue
        number = goal.number_of(name)
        reason = "" if number is not None else goal.add(name)
        if reason:
            notes.append(f"keyword {visible(name)} is dropped: {reason}")
            continue
        number = goal.number_of(name)
        assert number is not None
        mapping[letter] = FIRST_LETTER + number
    return mapping, tuple(notes)


def _adding(folder: bytes, mapping: Mapping[int, int], around: SpoolContext) -> tuple[Step, ...]:
    """The step that adds the names which the letters in `mapping` need."""
    goal = around.keyword_book.letters(folder)
    names = goal.up_to(frozenset(letter - FIRST_LETTER for letter in mapping.values()))
    if not names:
        return ()
    return (NameLetters(None, None, folder=folder, add=tuple(names), made=goal.made),)


def courier_step(
    entry: EntryDetail, home: bytes | None, target: bytes | None, around: SpoolContext
) -> tuple[Step, ...]:
    """The step that carries what Courier keeps for a message; its new base name comes later.

    `target` None: it goes where nobody needs them, and they are there again if it comes back.
    """
    if home is None or not entry.is_served:
        return ()
    name = entry.filename
    kept_by = name.rpartition(b":")[0] or name  # all before the last colon (courier-imap 5.0.13)
    names = around.keyword_book.courier(home, kept_by)
    if not names:
        return ()
    made = None if target is None else not os.path.isdir(around.keyword_book.courier_home(target))
    step = CarriedKeywords(
        None, None, None, home, target, old=kept_by, new=kept_by, names=tuple(names), made=made
    )  # fmt: skip
    return (step,)
