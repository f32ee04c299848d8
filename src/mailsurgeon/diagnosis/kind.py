"""The fields of a catalogue entry, and what each is used for.

Named tuples, because every command loads this module and a dataclass takes several times as long
to define.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple

from mailsurgeon.diagnosis.phrases import no_words
from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.diagnosis.stops import NOWHERE, READERS_MAY_STOP, Stoppage


class NewName(Enum):
    """What `rename` does to the name of a message."""

    FRESH = "a fresh base name"
    WITHOUT_UID = "the same name without ,U="
    NEW_MESSAGE = "a fresh base name without ,U=: a new message for every client"
    USABLE = "a name that every server can use, fresh only where it must be"


class LeftAlone(NamedTuple):
    """Why no remedy is proposed for a problem, and how to request one all the same.

    `hint` is a command line, or several with the word `or` between them, in which SPOOL stands for
    the spool's path, PATH for that of the problem in it, DIRECTORY for that of the directory around
    the problem, and FOLDER for the folder under the key `merge` of its detail. The reason applies
    when the detail has a true value under the key `when`, or always when `when` is empty.
    """

    reason: str
    hint: str = ""
    when: str = ""


class ServerView(NamedTuple):
    """How `verify` expects a server to react to a problem.

    For a message: the server may (`may_complain`) or must (`must_complain`) report an error when it
    reads the message. With `may_hide` it may not show the message; `hidden_because` completes the
    sentence "it ...". With `never_shown` the message lies where no server looks. With
    `upsets_folder` one such message may prevent the server from opening the whole folder.
    With `hides_size` it may read no size in the name, if no colon ends it.
    For a folder: `explains_folder` accounts for any answer of the server, or for none.
    """

    may_complain: bool = False
    must_complain: bool = False
    may_hide: bool = False
    hidden_because: str = ""
    never_shown: bool = False
    upsets_folder: bool = False
    hides_size: bool = False
    explains_folder: bool = False


NO_REMEDY = LeftAlone("no remedy is proposed")
PENDING = LeftAlone("known only after a full survey of the whole spool", "mailsurgeon scan SPOOL")


class ProblemKind(NamedTuple):
    """One kind of problem. `severity` is the highest it can have; `remedies` may be proposed.

    JSON, options, tests and documents use `code`, which never changes; lists show `badge`.
    """

    code: str
    badge: str
    title: str
    severity: Severity
    sentence: str  # what is wrong, and how servers and clients react
    remedies: tuple[str, ...] = ()
    scope: str = "message"  # or "folder": a directory or a server's file
    evidence: Callable[[Mapping[str, Any]], str] = no_words
    """Turns the problem's detail into a short phrase, which may contain control characters."""
    plain_fix: tuple[str, ...] = ()
    """The remedies that a plain `fix` applies, without an option that names this problem."""
    when_named: str | None = None
    """The remedy applied to a file that the operator names by its path, although none is
    proposed."""
    answered_by: tuple[str, ...] = ()
    """The remedies that solve the problem when the operator chooses them, whatever was proposed."""
    left: tuple[LeftAlone, ...] = (NO_REMEDY,)
    server: ServerView = ServerView()
    stops: Stoppage = NOWHERE
    """Which programs stop at the problem; `stops_at` also looks at its detail."""
    new_name: NewName = NewName.FRESH
    shows_loss: bool = False
    """The sizes in the name are the only trace of a loss, so they are corrected only on request."""
    shares_uid: bool = False
    """The message shares its base name, and so its UID, with another; only one can keep them."""
    shares_synced_uid: bool = False
    """The message shares its `,U=` with another: for a sync program the two are one message."""
    may_be_open: bool = False
    """A server may have the file open and would go on writing to it in the quarantine, so the
    repair is refused while the file is open."""

    def why_left(self, detail: Mapping[str, Any]) -> LeftAlone:
        """The reason why no remedy is proposed for a problem with this detail."""
        if detail.get("pending"):
            return PENDING
        return next((one for one in self.left if not one.when or detail.get(one.when)), NO_REMEDY)

    def stops_at(self, detail: Mapping[str, Any]) -> Stoppage:
        """Which programs stop at a problem with this detail."""
        lost_colon = self.server.hides_size and str(detail.get("info", "")).startswith("2,")
        return READERS_MAY_STOP if lost_colon else self.stops
