"""Whether a journal is a spool's, by what the journal noted of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsurgeon.surgery.journal.identity import Belongs, SpoolFacts, SpoolNotes, belongs
from tests.support.protects import protects

YES, DOUBTFUL, NO = Belongs.YES, Belongs.DOUBTFUL, Belongs.NO
KNOWN = SpoolFacts(b"/home/ann/M", 64, 2, 1_700_000_000_123_456_789, 77, "id-1")
COARSE = replace(KNOWN, birth=1_700_000_000_000_000_000, id=None)  # the root of a file system
OLD = SpoolFacts(KNOWN.path, KNOWN.device, KNOWN.inode)  # an earlier version noted no more
MOVED = b"/home/anna/M"

CASES: list[tuple[str, SpoolFacts, SpoolFacts, SpoolFacts | None, Belongs]] = [
    ("nothing has changed", KNOWN, KNOWN, None, YES),
    ("the device has another number", KNOWN, replace(KNOWN, device=65), None, YES),
    ("and there is no quarantine", KNOWN, replace(KNOWN, device=65, id=None), None, YES),
    ("a new kernel tells no birth time", KNOWN, replace(KNOWN, device=65, birth=None), None, YES),
    ("a directory above was renamed", KNOWN, replace(KNOWN, path=MOVED), None, YES),
    ("so it was, without a quarantine", KNOWN, replace(KNOWN, path=MOVED, id=None), None, YES),
    ("it is seen by a second mount", KNOWN, replace(KNOWN, path=MOVED), KNOWN, YES),
    ("an old journal", OLD, KNOWN, None, YES),
    ("an old journal, the device changed", OLD, replace(KNOWN, device=65), None, YES),
    ("an old journal, the parent renamed", OLD, replace(KNOWN, path=MOVED), None, DOUBTFUL),
    ("the root of a file system", COARSE, replace(COARSE, device=65), None, YES),
    ("a backup was restored", KNOWN, replace(KNOWN, inode=3, birth=9), None, DOUBTFUL),
    ("without its quarantine", KNOWN, replace(KNOWN, inode=3, birth=9, id=None), None, DOUBTFUL),
    ("the inode was used again", KNOWN, replace(KNOWN, birth=9, id=None), None, DOUBTFUL),
    ("at another path", KNOWN, replace(KNOWN, birth=9, id=None, path=MOVED), None, DOUBTFUL),
    ("while the spool lives on", KNOWN, replace(KNOWN, birth=9, id=None, path=MOVED), KNOWN, NO),
    ("a snapshot in its place", KNOWN, replace(KNOWN, device=65, file_system=78), None, DOUBTFUL),
    (
        "the next file system has its device number",
        COARSE, replace(COARSE, path=MOVED, file_system=78), None, DOUBTFUL,
    ),
    (
        "as many do, that live on",
        COARSE, replace(COARSE, path=MOVED, file_system=78, device=65), COARSE, NO,
    ),
    (
        "a directory that was copied with its quarantine",
        KNOWN, replace(KNOWN, path=MOVED, inode=3, birth=9), KNOWN, DOUBTFUL,
    ),
    (
        "a file system that was copied",
        KNOWN, replace(KNOWN, path=MOVED, device=65), KNOWN, DOUBTFUL,
    ),
    (
        "a file system that was copied, mounted alone",
        KNOWN, replace(KNOWN, path=MOVED, device=65), None, DOUBTFUL,
    ),
    ("the quarantine has another id", KNOWN, replace(KNOWN, id="id-2"), None, DOUBTFUL),
    ("another spool", KNOWN, SpoolFacts(MOVED, 65, 9, 9, 78), None, NO),
    ("another spool with the same inode", KNOWN, SpoolFacts(MOVED, 65, 2, 9, 78), KNOWN, NO),
]  # fmt: skip


@pytest.mark.parametrize(
    ("about", "known", "now", "there", "answer"), CASES, ids=[c[0] for c in CASES]
)
@protects(
    "no spool is changed by the journal of another",
    where="surgery/journal/identity.py, surgery/journal/journal_home.py",
)
def test_a_journal_is_used_only_for_its_own_spool(
    about: str, known: SpoolFacts, now: SpoolFacts, there: SpoolFacts | None, answer: Belongs
) -> None:
    found, why = belongs(known, now, there)
    assert found is answer, about
    assert bool(why) == (answer is DOUBTFUL)


def test_notes_keep_the_numbers_and_paths_that_the_spool_had() -> None:
    notes = SpoolNotes(KNOWN).brought_up_to(replace(KNOWN, device=65, path=MOVED, birth=None))
    assert notes.devices == {64}
    assert notes.roots == (b"/home/ann/M",)
    assert notes.spool == replace(KNOWN, device=65, path=MOVED)
    back = notes.brought_up_to(KNOWN)
    assert (back.devices, back.roots) == ({65}, (MOVED,))
