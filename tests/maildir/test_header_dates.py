"""The quick way to read a date gives what the library gives."""

from __future__ import annotations

from email.utils import mktime_tz, parsedate_tz

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.maildir.header_dates import header_date
from tests.support.protects import protects

pytestmark = [
    protects(
        "the quick look at a message says what the long one says",
        where="maildir/message_fast.py, maildir/header_dates.py",
    )
]


TWO = st.integers(0, 99).map(lambda number: f"{number:02d}")


@given(
    st.sampled_from(["", "Sun, ", "Mon,  ", "Xxx, ", "sun, "]),
    st.integers(0, 99),
    st.sampled_from(["Jan", "Feb", "Dec", "Abc", "jan"]),
    st.integers(1000, 2999),
    st.tuples(TWO, TWO, TWO),
    st.sampled_from("+-"),
    st.tuples(TWO, TWO),
    st.sampled_from(["", " (CET)", " (Central European)", " x"]),
)
def test_it_is_the_librarys(
    weekday: str,
    day: int,
    month: str,
    year: int,
    time: tuple[str, str, str],
    sign: str,
    zone: tuple[str, str],
    comment: str,
) -> None:
    text = f"{weekday}{day} {month} {year} {':'.join(time)} {sign}{''.join(zone)}{comment}"
    parsed = parsedate_tz(text)
    assert header_date((text, "")) == (None if parsed is None else int(mktime_tz(parsed)))


@pytest.mark.parametrize("text", ["١٣ Mar 2011 07:06:40 +0000", "13 Mar 2011 07:06:40 +0000\n"])
def test_odd_forms_are_the_librarys_too(text: str) -> None:
    parsed = parsedate_tz(text)
    assert header_date((text, "")) == (None if parsed is None else int(mktime_tz(parsed)))
