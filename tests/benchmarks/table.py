"""From samples to tables: medians, ratios, and whether a goal is met. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from tests.benchmarks.measuring import Sample
from tests.benchmarks.rows import Row


@dataclass(frozen=True, slots=True)
class Judged:
    """What a row came to. `figure` is what is judged: a ratio, or a value in the row's unit."""

    row: Row
    figure: float
    verdict: str  # "stretch", "yes", "no", or "" where nothing is judged


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def statistic(samples: Sequence[Sample], which: str) -> float:
    """The "median", "mean" or "p95" of the samples' values."""
    values = [sample.value for sample in samples]
    if which == "p95":
        return percentile(values, 0.95)
    return mean(values) if which == "mean" else median(values)


def judge(row: Row, samples: Mapping[str, Sequence[Sample]]) -> Judged | None:
    """Compares a row with its goals; None where it, or its reference, was not measured."""
    ours = samples.get(row.ours)
    reference = samples.get(row.reference) if row.reference else None
    if not ours or (row.reference and not reference):
        return None
    figure = statistic(ours, row.statistic)
    if reference:
        other = statistic(reference, row.statistic)
        figure = other / figure if row.faster else figure / other
    return Judged(row, figure, _verdict(row, figure))


def _verdict(row: Row, figure: float) -> str:
    def reached(goal: float | None) -> bool:
        return goal is not None and (figure >= goal if row.faster else figure <= goal)

    if row.must is None:
        return ""
    if reached(row.stretch):
        return "stretch"
    return "yes" if reached(row.must) else "no"


def goals_table(rows: Iterable[Row], samples: Mapping[str, Sequence[Sample]]) -> str:
    """The table of goals in Markdown. A row that was not measured says so."""
    lines = [
        "| what | must | stretch | measured | compared with | figure | met |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        judged = judge(row, samples)
        if judged is None and row.must is None:
            continue
        cells = [row.what, _goal(row, row.must), _goal(row, row.stretch)]
        if judged is None:
            cells += ["not measured", "", "", ""]
        else:
            unit = row.unit
            cells.append(spread(samples[row.ours], unit))
            if row.reference:
                cells.append(f"{row.reference}: {spread(samples[row.reference], unit)}")
            else:
                cells.append("")
            cells += [_figure(row, judged.figure), judged.verdict or "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def samples_table(samples: Mapping[str, Sequence[Sample]], units: Mapping[str, str]) -> str:
    """Everything that was measured, in Markdown: wall time (or what its unit says), CPU time, and
    what came from a disk: what is called warm should have read nearly nothing there."""
    lines = [
        "| measured | runs | median | least to most | p95 | CPU s | disk MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, found in samples.items():
        if not found:
            continue
        values = [sample.value for sample in found]
        unit = units.get(name, "s")
        cpu = [sample.cpu for sample in found if sample.cpu is not None]
        disk = [sample.disk for sample in found if sample.disk is not None]
        least, most = (shown(value, unit) for value in (min(values), max(values)))
        cells = [
            name, str(len(found)), f"{shown(median(values), unit)} {unit}", f"{least} to {most}",
            shown(percentile(values, 0.95), unit), f"{median(cpu):.2f}" if cpu else "",
            f"{median(disk):,.0f}" if disk else "",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def spread(samples: Sequence[Sample], unit: str) -> str:
    """Median, least and most: `4.81 s (4.72–7.05)`."""
    values = [sample.value for sample in samples]
    middle = shown(median(values), unit)
    if len(values) == 1:
        return f"{middle} {unit} (once)"
    return f"{middle} {unit} ({shown(min(values), unit)}–{shown(max(values), unit)})"


def shown(value: float, unit: str) -> str:
    """A value with as many digits as it is worth."""
    if unit in ("bytes", "MiB"):
        return f"{value:,.0f}"
    if unit == "ms":
        return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
    return f"{value:.1f}" if value >= 100 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def _goal(row: Row, goal: float | None) -> str:
    if goal is None:
        return ""
    return f"{goal:g}x faster" if row.faster else _figure(row, goal)


def _figure(row: Row, figure: float) -> str:
    if row.faster:
        return f"{figure:.1f}x faster"
    if row.reference:
        return f"{figure:.2f}x"
    return f"{shown(figure, row.unit)} {row.unit}"
