"""Times, counts, messages and steps of a session log in words, safe to show."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mailsurgeon.report.log.contents import STATES, SessionLog
from mailsurgeon.report.output import counted
from mailsurgeon.surgery.fsops.paths import spelled
from mailsurgeon.surgery.journal.records import OPERATION_STATES
from mailsurgeon.surgery.steps.base import Step
from mailsurgeon.survey.index.questions import MessageSummary
from mailsurgeon.text import path_shown, visible

_MOST_VALUES = 3  # of one step: an edit of a list may change a record of 500 messages
_LONGEST_VALUE = 300  # characters
_PART = re.compile(r"[^\W_]+|.", re.DOTALL)


# Times


def local_text(moment: float) -> str:
    """`2026-01-31 13:00:00 +01:00`: unix seconds in the local zone."""
    return _with_zone(time.localtime(moment))


def journal_time_text(moment: str) -> str:
    """`2026-01-31 13:00:00 +01:00`: a time of the journal in the local zone; empty if the journal
    holds no time there."""
    try:
        seconds = calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ"))
        return _with_zone(time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return ""


def _with_zone(local: time.struct_time) -> str:
    minutes = local.tm_gmtoff // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return time.strftime("%Y-%m-%d %H:%M:%S", local) + f" {sign}{hours:02}:{rest:02}"


# Counts


def operations_text(log: SessionLog) -> str:
    """`8 operations in 2 sessions: 6 applied, 1 partial, 1 failed`."""
    if not log.operations:
        return "No operations"
    states = log.operation_states
    known = [state for state in OPERATION_STATES if state in states]
    parts = ", ".join(f"{states[state]:,} {state}" for state in known)
    number = counted(len(log.operations), "operation")
    return f"{number} in {counted(log.sessions, 'session')}: {parts}"


def states_text(states: Mapping[str, int]) -> str:
    """`84 done, 2 refused`; `nothing done` if there is no change at all."""
    parts = [f"{states[state]:,} {state}" for state in STATES if states.get(state)]
    return ", ".join(parts) or "nothing done"


# Messages


def message_words(message: MessageSummary) -> tuple[str, str, str]:
    """Subject, sender and local date; the date is empty if there is none."""
    subject = visible(message.subject).strip() or "(no subject)"
    return subject, visible(message.sender).strip() or "(no sender)", _day(message.date)


def _day(date: int | None) -> str:
    if date is None:
        return ""
    try:
        return time.strftime("%Y-%m-%d", time.localtime(date))
    except (OverflowError, OSError, ValueError):
        return ""


def messages_text(log: SessionLog) -> str:
    """How many of the messages above stand with their subjects; empty without any."""
    asked, named = log.messages.asked, log.messages.named
    if not asked:
        return ""
    text = f"Subjects stand beside {named:,} of {counted(asked, 'changed file')}."
    if named < asked:
        text += (
            " The others are gone, have moved on since, are no mail, or were too many to read:"
            " a survey (mailsurgeon scan) before the log finds most of those."
        )
    return text


# Steps


class StepWords(NamedTuple):
    """A step in words. `verb` and `old` are all of it unless it gives its file another path, `new`.
    `values`: pairs of old and new values, of which `more` are left out."""

    verb: str
    old: str
    new: str
    values: Sequence[tuple[str, str]]
    more: int


def step_words(step: Step) -> StepWords:
    """What a step does, with both paths, or its first values."""
    if step.source is not None and step.target is not None:
        old, new = path_shown(spelled(step.source)), path_shown(spelled(step.target))
        return StepWords(visible(step.action), old, new, (), 0)
    verb, _, what = step.tell().partition(" ")
    values = step.values
    first = [(_value(old), _value(new)) for old, new in values[:_MOST_VALUES]]
    return StepWords(verb, what, "", first, len(values) - len(first))


def _value(text: str) -> str:
    return visible(text, _LONGEST_VALUE) or "nothing"


class DividedPath(NamedTuple):
    """A text in three parts: what it shares with another at its start, what differs, and what it
    shares at its end."""

    start: str
    middle: str
    end: str


def paths_divided(old: str, new: str) -> tuple[DividedPath, DividedPath]:
    """Both paths, divided where they differ: at words and numbers, never within one."""
    left, right = old.rfind("/") + 1, new.rfind("/") + 1
    same = alike = ""  # most steps change the directory or the name: only that is looked through
    if old[left:] == new[right:]:
        alike = old[left:]
        old, new = old[:left], new[:right]
    elif old[:left] == new[:right]:
        same = old[:left]
        old, new = old[left:], new[right:]
    before, after = _PART.findall(old), _PART.findall(new)
    least = min(len(before), len(after))
    start = 0
    while start < least and before[start] == after[start]:
        start += 1
    end = 0
    while end < least - start and before[-1 - end] == after[-1 - end]:
        end += 1
    first, last = (
        DividedPath(
            same + "".join(parts[:start]),
            "".join(parts[start : len(parts) - end]),
            "".join(parts[len(parts) - end :]) + alike,
        )
        for parts in (before, after)
    )
    return first, last
