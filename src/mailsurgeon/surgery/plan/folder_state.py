"""What folders and the spool hold besides mail, as far as clients will notice a plan by it."""

from __future__ import annotations

from dataclasses import dataclass

from mailsurgeon.surgery.uid_effects import NO_TRACES, Traces


@dataclass(frozen=True, slots=True)
class FolderState:
    """What a folder holds besides mail, as far as a plan's effects depend on it."""

    name: str
    messages: int = 0
    uidlist: bool = False  # a list of UIDs that follows renames
    unlisted: frozenset[bytes] = frozenset()  # base names that the plan changes, in no list
    awaited: frozenset[bytes] = frozenset()  # base names that the plan makes, in a list already
    list_bytes: int = 0  # the size of its largest list in which records change
    control: str = ""  # the directory searched for the list, if not the folder
    traces: Traces = NO_TRACES
    emptied_by: str = ""  # the server that deletes from it by age, after `days`
    days: float = 0.0


@dataclass(frozen=True, slots=True)
class SpoolState:
    """The same for the spool as a whole. `now`: seconds since the epoch.

    `no_quota`: why the sum in an existing `maildirsize` cannot follow; `found_by`: what named the
    directory of the lists.
    """

    now: float = 0.0
    no_quota: str = ""
    found_by: str = ""
