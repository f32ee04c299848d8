"""Carries a message's keywords to another folder by name: letters differ between folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailsurgeon.maildir.lists.keywords import FIRST_LETTER, nameless
from mailsurgeon.surgery.model import Step
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.entry_detail import EntryDetail
from mailsurgeon.surgery.steps.lists.keywords import CarriedKeywords, NameLetters
from mailsurgeon.survey.read.folder_context import read_letters
from mailsurgeon.text import visible


@dataclass(frozen=True, slots=True)
class Carried:
    """`letters`: the new letter for each old one (others are dropped), None to keep them all.

    `before`: the steps that give the new letters their names. `notes`: what is lost.
    """

    letters: Mapping[int, int] | None = None
    before: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def carry_keywords(
    entry: EntryDetail, home: bytes | None, target: bytes, context: SpoolContext
) -> Carried:
    """Carries the keywords of a message from the folder `home` (None: none) to `target`.

    In the same folder letters stay as they are, but those without a name are dropped: Dovecot would
    invent one, or show another keyword's once the letter is given to that.
    """
    if home == target:
        return _named_here(entry, target, context)
    courier = courier_step(entry, home, target, context)
    flags = context.info(entry).flags
    letters = [letter for letter in flags if FIRST_LETTER <= letter <= 0x7A]
    if not letters:
        return Carried(None, courier)
    mapping, notes = _map(letters, home, target, context)
    return Carried(mapping, (*_adding(target, mapping, context), *courier), notes)


def _named_here(entry: EntryDetail, folder: bytes, context: SpoolContext) -> Carried:
    flags = context.info(entry).flags
    letters = [letter for letter in flags if FIRST_LETTER <= letter <= 0x7A]
    names = read_letters(context.spool, folder) if letters else None
    lost = nameless(letters, names) if names is not None else ""
    if not lost:
        return Carried()
    notes = (f"keyword letter {letter} is dropped: it has no name in the folder" for letter in lost)
    return Carried({one: one for one in letters if chr(one) not in lost}, notes=tuple(notes))


def _map(
    letters: Iterable[int], home: bytes | None, target: bytes, context: SpoolContext
) -> tuple[dict[int, int], tuple[str, ...]]:
    """The new letter for each letter, and notes about those that are dropped."""
    book = context.keyword_book
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


def _adding(folder: bytes, mapping: Mapping[int, int], context: SpoolContext) -> tuple[Step, ...]:
    """The step that adds the names for the letters in `mapping`."""
    goal = context.keyword_book.letters(folder)
    names = goal.up_to(frozenset(letter - FIRST_LETTER for letter in mapping.values()))
    if not names:
        return ()
    return (NameLetters(None, None, folder=folder, add=tuple(names), made=goal.made),)


def courier_step(
    entry: EntryDetail, home: bytes | None, target: bytes | None, context: SpoolContext
) -> tuple[Step, ...]:
    """The step that carries Courier's keywords of a message; its new base name comes later.

    `target` None: nobody needs them there, but they must be there again if the message returns.
    """
    if home is None or not entry.is_served:
        return ()
    name = entry.filename
    kept_by = name.rpartition(b":")[0] or name  # up to the last colon (courier-imap 5.0.13)
    names = context.keyword_book.courier(home, kept_by)
    if not names:
        return ()
    made = None if target is None else not os.path.isdir(context.keyword_book.courier_home(target))
    step = CarriedKeywords(
        None, None, None, home, target, old=kept_by, new=kept_by, names=tuple(names), made=made
    )  # fmt: skip
    return (step,)
