"""How far some work is, how fast it goes and how long it will take, in one line.

Everything here is pure: the caller hands in the time. Commands and screens show the same line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

_FIRST = 1.0  # seconds of work before a rate is known
_SMOOTH = 5.0  # seconds over which a rate is smoothed
_MEASURE = 0.2  # seconds between two measurements, at least: shorter ones measure noise
_LONGEST = 100 * 3600  # seconds; a longer time left says nothing
_WIDE, _LONG_BAR, _BAR = 110, 20, 10  # columns from which the bar is long; cells


@dataclass(frozen=True, slots=True)
class Pace:
    """The progress of one stage of some work; times are seconds of any one clock.

    `total` is 0 while it is unknown. `share`: the largest part of the work that was done of any
    total so far, from 0 to 1; a total may be an estimate that grows, and no bar goes back.
    """

    stage: str = ""
    done: int = 0
    total: int = 0
    share: float = 0.0
    began: float | None = None  # None: nothing has been heard of it yet
    at: float = 0.0  # when `counted` was measured
    counted: int = 0
    speeds: float = 0.0  # the speeds measured, weighted; the latest weigh the most
    weight: float = 0.0

    def after(self, stage: str, done: int, total: int, now: float) -> Pace:
        """The progress once so much is done; another stage begins anew."""
        if stage != self.stage or self.began is None:
            return Pace(stage, done, total, _share(done, total), now, now, done)
        share = max(self.share, _share(done, total))
        here = replace(self, done=done, total=total, share=share)
        elapsed = now - self.at
        if elapsed < _MEASURE:
            return here
        old = math.exp(-elapsed / _SMOOTH)
        speed = max(0, done - self.counted) / elapsed
        return replace(
            here, at=now, counted=done,
            speeds=self.speeds * old + speed * (1 - old), weight=self.weight * old + 1 - old,
        )  # fmt: skip

    @property
    def rate(self) -> float:
        """Pieces of work a second, smoothed; 0 before it is known."""
        if self.began is None or not self.weight or self.at - self.began < _FIRST:
            return 0.0
        return self.speeds / self.weight

    @property
    def seconds_left(self) -> float | None:
        """The time that the rest will take; None before it is known."""
        rest = self.total - self.done
        if rest <= 0 or not self.rate:
            return None
        left = rest / self.rate
        return left if left < _LONGEST else None


def _share(done: int, total: int) -> float:
    return min(1.0, max(0.0, done / total)) if total > 0 else 0.0


def pace_text(pace: Pace, width: int, *, ascii: bool = False) -> str:
    """`reading ████░░░░░░  41 %  160,402 of 385,000  52,000/s  5 s left`, in `width` cells at most.

    What there is no room for is left out: the rate first, then the bar, the time left, the count.
    Without a total there is neither a bar nor a percentage.
    """
    parts = _parts(pace, _LONG_BAR if width >= _WIDE else _BAR, ascii=ascii)
    for name in ("", "rate", "bar", "left", "count", "percent"):
        parts.pop(name, None)
        line = _joined(pace.stage, parts)
        if len(line) <= width:
            return line
    return pace.stage[: max(0, width)]


def _parts(pace: Pace, cells: int, *, ascii: bool) -> dict[str, str]:
    """The parts of the line, by name and in order."""
    parts: dict[str, str] = {}
    if pace.total > 0:
        parts["bar"] = bar(pace.share, cells, ascii=ascii)
        parts["percent"] = f"{int(100 * pace.share):>3} %"
        total = f"{pace.total:,}"
        parts["count"] = f"{pace.done:>{len(total)},} of {total}{'' if pace.stage else ' done'}"
    elif pace.done:
        parts["count"] = f"{pace.done:,}"
    if pace.rate:
        parts["rate"] = f"{rate_text(pace.rate)}/s"
    if pace.seconds_left is not None:
        parts["left"] = f"{time_text(pace.seconds_left)} left"
    return parts


def _joined(stage: str, parts: dict[str, str]) -> str:
    if "bar" not in parts and "percent" in parts:
        parts = parts | {"percent": parts["percent"].lstrip()}
    rest = "  ".join(parts.values())
    return f"{stage} {rest}" if stage and rest else stage or rest


def bar(share: float, cells: int, *, ascii: bool = False) -> str:
    """A bar of so many cells; it is full only when all is done."""
    full = int(share * cells)
    done, rest = ("#", ".") if ascii else ("█", "░")
    return done * full + rest * (cells - full)


def rate_text(rate: float) -> str:
    """A rate in two digits, which seldom change: `52,000`, `47`, `2.5`."""
    if rate < 10:
        return f"{rate:.2g}"
    digits = 1 - math.floor(math.log10(rate))
    return f"{round(rate, digits):,.0f}"


def time_text(seconds: float) -> str:
    """A time, rounded up: `7 s`, `25 s`, `3 min`, `1 h 20 min`."""
    if seconds <= 10:
        return f"{max(1, math.ceil(seconds))} s"
    if seconds <= 55:
        return f"{math.ceil(seconds / 5) * 5} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(math.ceil(minutes / 10) * 10, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
