"""`fix-flags`: repairs the info, or sets the operator's flags."""

from __future__ import annotations

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.maildir.rename import NameChange
from mailsurgeon.maildir.spool import join
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.survey.index.rows import Place
from mailsurgeon.text import visible


def fix_flags(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Repairs the info; with `flags`, sets exactly these; keywords stay unless it names any.

    A message in new/ that gets flags moves to cur/, as a client would move it.
    """
    entry, flags = choice.entry, choice.options.flags
    if not entry.is_file:
        return choice.refuse("it is no regular file")
    if entry.place == Place.TMP:
        return choice.refuse("it lies in tmp/: file it first")
    if flags is None:
        return Repair("fix-flags", NameChange(sizes=entry.sizes, repair_info=True))
    change = NameChange(sizes=entry.sizes, set_flags=checked(flags))
    if entry.place == Place.NEW and flags:
        home = context.home(entry) or b""
        return Repair("fix-flags", change, into=join(home, b"cur"), home=home)
    return Repair("fix-flags", change)


def checked(flags: str) -> bytes:
    """The flags as bytes. Raises MailsurgeonError if they are not flags."""
    for letter in flags:
        if letter not in "DFPRST" and not ("a" <= letter <= "z"):
            raise MailsurgeonError(
                f"{visible(flags)}: flags are D F P R S T and the keywords a to z"
            )
    return flags.encode("ascii")
