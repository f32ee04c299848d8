"""How fast work goes and how long it will take: told only when it is known, and never backwards."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsurgeon.pace import Pace, bar, pace_text, rate_text, time_text

WIDE = 100


def course(*steps: tuple[float, int, int], stage: str = "reading") -> list[Pace]:
    """The pace after each of these: seconds on the clock, done, total."""
    paces, pace = list[Pace](), Pace()
    for now, done, total in steps:
        pace = pace.after(stage, done, total, now)
        paces.append(pace)
    return paces


def steady(rate: int, seconds: int, total: int) -> Pace:
    return course(*((7 + n / 4, rate * n // 4, total) for n in range(4 * seconds + 1)))[-1]


def test_a_steady_pace_is_told_with_bar_share_rate_and_the_time_left() -> None:
    text = pace_text(steady(1000, 20, 50_000), WIDE)
    assert text == "reading ████░░░░░░   40 %  20,000 of 50,000  1,000/s  30 s left"


def test_before_there_is_a_rate_no_time_left_is_told() -> None:
    first, second, third = course((5.0, 0, 900), (5.3, 300, 900), (5.9, 600, 900))
    for pace in (first, second, third):
        assert (pace.rate, pace.seconds_left) == (0.0, None)
        assert "/s" not in pace_text(pace, WIDE) and "left" not in pace_text(pace, WIDE)
    assert third.after("reading", 700, 900, 6.2).rate == pytest.approx(580, abs=20)


def test_a_clock_that_begins_at_zero_is_a_clock() -> None:
    assert course((0.0, 0, 100), (1.0, 50, 100), (1.5, 75, 100))[-1].rate == pytest.approx(50)


def test_without_a_total_there_is_neither_a_bar_nor_a_share() -> None:
    assert pace_text(Pace().after("listing", 0, 0, 1.0), WIDE) == "listing"
    assert pace_text(course((1, 0, 0), (9, 80, 0), stage="listing")[-1], WIDE) == "listing 80  10/s"


def test_an_operation_is_told_by_what_is_done() -> None:
    assert pace_text(Pace().after("", 1, 3, 1.0), WIDE) == "███░░░░░░░   33 %  1 of 3 done"


def test_a_total_that_grows_does_not_take_the_bar_back() -> None:
    before, after, later = course((1, 500, 1000), (2, 600, 2000), (3, 1900, 2000))
    assert (before.share, after.share, later.share) == (0.5, 0.5, 0.95)
    assert "600 of 2,000" in pace_text(after, WIDE)
    assert after.seconds_left == pytest.approx(14)


def test_another_stage_begins_anew() -> None:
    assert steady(1000, 20, 50_000).after("comparing", 0, 0, 99.0) == Pace(
        "comparing", began=99.0, at=99.0
    )


def test_a_rate_follows_slowly_and_a_pause_lowers_it() -> None:
    fast = steady(1000, 20, 50_000)
    jump = fast.after("reading", 20_000 + 5000, 50_000, 7 + 21)
    assert 1000 < jump.rate < 2000, "one second at five times the speed"
    pause = fast.after("reading", 20_000, 50_000, 7 + 60)
    assert pause.rate < 10
    assert fast.after("reading", 20_000, 50_000, 7 + 20.01).rate == fast.rate, "too soon to tell"


def test_what_is_nearly_for_ever_is_not_told() -> None:
    slow = course((0, 0, 10**9), (10, 1, 10**9))[-1]
    assert slow.rate and slow.seconds_left is None


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (66, "reading ████░░░░░░   40 %  20,000 of 50,000  1,000/s  30 s left"),
        (60, "reading ████░░░░░░   40 %  20,000 of 50,000  30 s left"),
        (45, "reading 40 %  20,000 of 50,000  30 s left"),
        (38, "reading 40 %  20,000 of 50,000"),
        (15, "reading 40 %"),
        (8, "reading"),
        (4, "read"),
        (0, ""),
        (-5, ""),
    ],
)
def test_what_there_is_no_room_for_is_left_out(width: int, text: str) -> None:
    assert pace_text(steady(1000, 20, 50_000), width) == text


def test_under_ascii_the_bar_is_ascii() -> None:
    text = pace_text(steady(1000, 20, 50_000), WIDE, ascii=True)
    assert "####......" in text and text.isascii()
    assert bar(0.999, 10, ascii=True) == "#########.", "not full before all is done"
    assert bar(1.0, 10, ascii=True) == "#" * 10


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.1, "1 s"), (6.2, "7 s"), (10, "10 s"), (10.1, "15 s"), (55, "55 s"), (56, "1 min"),
     (61, "2 min"), (3540, "59 min"), (3541, "1 h"), (3700, "1 h 10 min"), (9 * 3600, "9 h")],
)  # fmt: skip
def test_a_time_is_rounded_up(seconds: float, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0.04, "0.04"), (2.53, "2.5"), (9.96, "10"), (47.3, "47"), (999, "1,000"), (52_345, "52,000")],
)
def test_a_rate_has_two_digits(rate: float, text: str) -> None:
    assert rate_text(rate) == text


@given(
    st.lists(
        st.tuples(st.floats(0, 50), st.integers(0, 10**6), st.integers(0, 10**6)),
        min_size=1, max_size=30,
    ),
    st.integers(-1, 200),
)  # fmt: skip
def test_whatever_comes_the_line_fits_and_nothing_goes_back(
    steps: Iterable[tuple[float, int, int]], width: int
) -> None:
    now, shares = 0.0, [0.0]
    pace = Pace()
    for pause, done, total in steps:
        now += pause
        pace = pace.after("reading", done, total, now)
        shares.append(pace.share)
        assert len(pace_text(pace, width)) <= max(0, width)
        assert pace.rate >= 0
    assert shares == sorted(shares)
    assert shares[-1] <= 1
