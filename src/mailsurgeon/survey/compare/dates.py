"""Remarks on folders whose files have lost their times in a copy."""

from __future__ import annotations

from mailsurgeon.diagnosis.folder_rules import HOUR, copied_without_dates
from mailsurgeon.maildir.folder_names import folder_name
from mailsurgeon.survey.compare.job import Comparison
from mailsurgeon.survey.index import comparison


def notes_on_dates(job: Comparison) -> list[str]:
    """One remark for each folder that was copied without dates, by path."""
    notes: list[str] = []
    for path, number in sorted(job.writer.folders.items()):
        span = comparison.dates_if_close(job.index, number, HOUR * 1_000_000_000)
        note = span and copied_without_dates(span.number, span.first_date, span.last_date)
        if note:
            notes.append(f"{folder_name(path, job.spool.layout)}: {note}")
    return notes
