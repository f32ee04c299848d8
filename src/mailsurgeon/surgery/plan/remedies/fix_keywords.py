"""`fix-keywords`: writes Dovecot's names of a folder's keyword letters as Dovecot reads them."""

from __future__ import annotations

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.lists.keywords import (
    FIRST_LETTER,
    LARGEST_KEYWORDS,
    bad_keyword_lines,
    parse_keywords,
    repaired_keywords,
)
from mailsurgeon.maildir.server_files import DOVECOT_KEYWORDS
from mailsurgeon.maildir.spool import list_path
from mailsurgeon.surgery.model import Left
from mailsurgeon.surgery.plan.context import SpoolContext
from mailsurgeon.surgery.plan.repair import Repair
from mailsurgeon.surgery.plan.selection import Choice
from mailsurgeon.surgery.steps.lists.keywords_text import RewriteKeywords
from mailsurgeon.text import visible


def fix_keywords(choice: Choice, context: SpoolContext) -> Repair | Left:
    """Writes the list again; the notes tell which names clients will see changed."""
    folder = context.home(choice.entry)
    if folder is None:
        return choice.refuse("it is in no folder")
    data = read_small(list_path(context.spool, folder, DOVECOT_KEYWORDS), LARGEST_KEYWORDS)
    if data is None:
        return choice.refuse("it is gone, too large, or not a plain file")
    if not bad_keyword_lines(data):
        return choice.leave("its lines are sound")
    after = repaired_keywords(data)
    step = RewriteKeywords(None, None, folder=folder, before=data, after=after)
    return Repair("fix-keywords", own=(step,), notes=_changed_names(data, after))


def _changed_names(before: bytes, after: bytes) -> tuple[str, ...]:
    old, new = parse_keywords(before).names, parse_keywords(after).names
    notes: list[str] = []
    for number in sorted({*old, *new}):
        was, name = old.get(number), new.get(number)
        if was != name:
            shown = [visible(one) if one else "no name" for one in (was, name)]
            notes.append(f"keyword letter {FIRST_LETTER + number:c}: {shown[0]} becomes {shown[1]}")
    return tuple(notes)
