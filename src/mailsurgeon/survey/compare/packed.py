"""Counts the packed messages of each folder, and names encrypted ones as not looked into."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from mailsurgeon.diagnosis.facts import ENCRYPTED
from mailsurgeon.diagnosis.folder_rules import TWICE, packed
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index import comparison
from mailsurgeon.survey.index.rows import NotExamined
from mailsurgeon.survey.index.writer import SEPARATE

UNPACKING = frozenset(("zlib", "mail_compress"))
"""Dovecot's plugins that read compressed mail: of 2.3, of 2.4. One is enough."""
DECRYPTING = frozenset(("mail_crypt",))


def find_packed(job: Comparison) -> None:
    """Finds the folders with packed messages, and writes their problems and what could not be
    looked into."""
    counts: dict[int, dict[str, int]] = {}
    for folder, encoding, number, twice in comparison.packed_messages(job.index):
        mine = counts.setdefault(folder, {})
        mine[encoding] = mine.get(encoding, 0) + number
        mine[TWICE] = mine.get(TWICE, 0) + twice
    if not counts:
        return
    loaded = _loaded(job)
    for path, number in job.writer.folders.items():
        mine = counts.get(number, {})
        finding = packed(mine, _missing(mine, loaded))
        if finding:
            job.writer.directory_problem(path, number, finding, SEPARATE)
        if mine.get(ENCRYPTED) and path in job.contexts:
            text = _encrypted(mine[ENCRYPTED])
            job.writer.not_examined(NotExamined(path, text), number)


def _encrypted(number: int) -> str:
    some = "1 encrypted message" if number == 1 else f"{number:,} encrypted messages"
    return f"{some}: the content cannot be seen"


def _loaded(job: Comparison) -> Collection[str] | None:
    """The plugins that this host's Dovecot loads for the spool; None if that is not known."""
    try:
        owner = os.stat(job.spool.root).st_uid
    except OSError:
        return None
    return job.options.host.plugins_for(job.spool.root, owner)


def _missing(counts: Mapping[str, int], loaded: Collection[str] | None) -> list[str]:
    """The plugins that would read these messages and that are not loaded."""
    if loaded is None:
        return []
    missing: list[str] = []
    if any(counts[key] for key in counts if key not in (ENCRYPTED, TWICE)):
        missing += [] if UNPACKING.intersection(loaded) else ["zlib"]
    if counts.get(ENCRYPTED):
        missing += DECRYPTING.difference(loaded)
    return missing
