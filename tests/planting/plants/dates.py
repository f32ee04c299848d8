"""Times that cannot be: ahead of now, or far from the date in the header."""

from __future__ import annotations

from ..mail import Letter, join
from ..spool import DAY, Build, Draft
from ..truth import Expected, Planted, expected
from .contents import healthy_draft
from .registry import Sow, family, plant


def _dated(letter: Letter, field: bytes) -> bytes:
    lines = letter.fields(without="Date") + ([field] if field else [])
    return join([*lines, b"", *letter.text])


def _date(draft: Draft, fixable: bool) -> list[Expected]:
    return [expected("bad-date", draft.path, "info", "fix-date" if fixable else None)]


@plant()
def mtime_in_the_future(build: Build) -> Planted:
    draft = healthy_draft(build, build.mail("crlf"))
    draft.mtime = build.now + 1.1 * DAY
    build.put(draft)
    return _date(draft, True)


@plant()
def mtime_just_ahead(build: Build) -> Planted:
    """Less than a day ahead is a clock, or a time zone."""
    draft = healthy_draft(build, build.mail("lf", date=build.now - 3600))
    draft.mtime = build.now + 0.9 * DAY
    build.put(draft)
    return []


@plant()
def mtime_in_the_future_without_date(build: Build) -> Planted:
    letter = build.letter()
    draft = healthy_draft(build, build.of(letter, _dated(letter, b"Date: no day at all")))
    draft.mtime = build.now + 3 * DAY
    build.put(draft)
    return _date(draft, False)


def _apart(days: float, wrong: bool) -> Sow:
    def sow(build: Build) -> Planted:
        shape = build.random.choice(("lf", "received", "bad-received"))
        draft = healthy_draft(build, build.mail(shape, date=build.now - 800 * DAY))
        draft.mtime = draft.mail.date + days * DAY
        build.put(draft)
        digits = draft.base.partition(b".")[0]
        seconds = int(digits) if digits.isdigit() else 0
        confirmed = abs(seconds - draft.mail.date) <= DAY
        return _date(draft, True) if wrong and (abs(days) > 365 or confirmed) else []

    return sow


family(
    {
        "contents.mtime_366_days_late": _apart(366, True),
        "contents.mtime_364_days_late": _apart(364, True),  # the name confirms the header
        "contents.mtime_a_day_late": _apart(1.1, True),
        "contents.mtime_hours_late": _apart(0.9, False),
        "contents.mtime_hours_early": _apart(-0.9, False),
        "contents.mtime_366_days_early": _apart(-366, True),
        "contents.mtime_364_days_early": _apart(-364, True),
        "contents.mtime_of_1970": _apart(-19_000, True),
    }
)


@plant()
def no_date_at_all(build: Build) -> Planted:
    """Nothing to compare with."""
    letter = build.letter()
    draft = healthy_draft(build, build.of(letter, _dated(letter, b"")))
    draft.mtime = build.now - 9000 * DAY
    build.put(draft)
    return []


def _name_seconds(ahead_days: float) -> Sow:
    def sow(build: Build) -> Planted:
        draft = build.draft(build.folder(), build.mail("lf"))
        seconds = int(build.now + ahead_days * DAY)
        draft.stem = b"%d.M1P%d.host.example" % (seconds, build.number())
        build.put(draft)
        return _date(draft, False) if ahead_days > 1 else []

    return sow


family(
    {
        "contents.name_ahead": _name_seconds(1.2),
        "contents.name_far_ahead": _name_seconds(400_000),
        "contents.name_just_ahead": _name_seconds(0.8),
    }
)


@plant()
def name_without_seconds(build: Build) -> Planted:
    """The digits must stand before the first dot, alone."""
    draft = build.draft(build.folder(), build.mail("lf"))
    draft.stem = b"9999999999_%d.host" % build.number()
    build.put(draft)
    return []


@plant()
def all_dates_wrong(build: Build) -> Planted:
    draft = build.draft(build.folder(), build.mail("lf"))
    draft.stem = b"9999999999.M1P%d.host" % build.number()
    draft.mtime = build.now + 500 * DAY
    build.put(draft)
    return _date(draft, True)


def _header_year(year: int) -> Sow:
    """A sender's clock that was far off; the time of arrival is right. No file is given a time
    that lies in the future."""

    def sow(build: Build) -> Planted:
        letter = build.letter()
        field = b"Date: Sat, 01 Jan %d 12:00:00 +0000" % year
        draft = healthy_draft(build, build.of(letter, _dated(letter, field)))
        build.put(draft)
        return _date(draft, year < 2099)

    return sow


family({f"dates.header_of_{year}": _header_year(year) for year in (2099, 1965, 1971)})
