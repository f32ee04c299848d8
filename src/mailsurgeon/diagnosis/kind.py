"""What the catalogue says of one kind of problem, and what each statement is used for.

Every command loads this: plain tuples are made several times faster than data classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from mailsurgeon.diagnosis.phrases import no_words
from mailsurgeon.diagnosis.severity import Severity


class NewName(Enum):
    """What `rename` does to the name of a message."""

    FRESH = "a fresh base name"
    WITHOUT_UID = "the same name without ,U="
    NEW_MESSAGE = "a fresh base name without ,U=: a new message for every client"
    USABLE = "a name that every server can use, fresh only where it must be"


class LeftAlone(NamedTuple):
    """Why a problem for which no remedy is proposed is left, and how to ask for one all the same.

    `hint` is a command line in which SPOOL stands for the spool's path. `when`: a key of the
    problem's detail that must be true for this reason; empty where it holds in any case.
    """

    reason: str
    hint: str = ""
    when: str = ""


class ServerView(NamedTuple):
    """What a problem leads `verify` to expect of a server.

    Of a message: `may_complain` and `must_complain` when the server reads it; `may_hide`: the
    server may not show it, because it `hidden_because`; `never_shown`: it lies where no server
    looks. `upsets_folder`: one such message may keep the server from the whole folder.
    Of a folder: `explains_folder`: whatever the server says of it, or that it says nothing.
    """

    may_complain: bool = False
    must_complain: bool = False
    may_hide: bool = False
    hidden_because: str = ""
    never_shown: bool = False
    upsets_folder: bool = False
    explains_folder: bool = False


NO_REMEDY = LeftAlone("no remedy is proposed")
PENDING = LeftAlone("known only after a full survey of the whole spool", "mailsurgeon scan SPOOL")


class ProblemKind(NamedTuple):
    """One kind of problem. `severity` is the worst it can have; `remedies` the repairs proposed.

    `code` is the contract (JSON, options, tests, documents); `badge` is what a list shows.
    """

    code: str
    badge: str
    title: str
    severity: Severity
    sentence: str  # what is wrong, and what servers and clients do with it
    remedies: tuple[str, ...] = ()
    scope: str = "message"  # or "folder": a directory or a server's file
    evidence: Callable[[Mapping[str, Any]], str] = no_words
    """The problem's detail in a few words; it may hold control characters."""
    plain_fix: tuple[str, ...] = ()
    """The remedies that a plain `fix` does without being asked for this problem by name."""
    when_named: str | None = None
    """The remedy done for a file named by its path although none is proposed."""
    answered_by: tuple[str, ...] = ()
    """The remedies of the operator's own choice that end it, whatever was proposed for it."""
    left: tuple[LeftAlone, ...] = (NO_REMEDY,)
    server: ServerView = ServerView()
    new_name: NewName = NewName.FRESH
    shows_loss: bool = False
    """The sizes in the name are the only trace of what was lost: correct them only on request."""
    shares_uid: bool = False
    """A message with it has the base name, and so the UID, of another: only one keeps them."""
    may_be_open: bool = False
    """A server would go on writing to the file in the quarantine: refuse while it is open."""

    def why_left(self, detail: Mapping[str, Any]) -> LeftAlone:
        """Why a problem with this detail, for which no remedy is proposed, is left alone."""
        if detail.get("pending"):
            return PENDING
        return next((one for one in self.left if not one.when or detail.get(one.when)), NO_REMEDY)
