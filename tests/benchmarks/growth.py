"""How time and memory grow with the number of messages: `python -m tests.benchmarks.growth`.

Each size is measured on a spool of small messages of its own, which is removed before the next one
is made. `--cache` should be on a tmpfs, so that no disk forgets pages; one message takes some 6 KB
there.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from tests.benchmarks.__main__ import DOCUMENT, write
from tests.benchmarks.machine import description
from tests.benchmarks.measuring import Measure, Sample, interleave, peak_memory, program, timed
from tests.benchmarks.plot import Line, Panel, drawing
from tests.benchmarks.rows import FIND, READ
from tests.benchmarks.setting import Setting
from tests.benchmarks.table import shown, statistic
from tests.survey.dask_cluster import DaskCluster

PLOT = DOCUMENT.parent / "growth.svg"
BEGIN, END = "<!-- growth: begin -->", "<!-- growth: end -->"
SIZES = (10_000, 35_000, 100_000, 350_000, 1_000_000, 3_500_000)
ROUNDS = {10_000: 5, 35_000: 5, 100_000: 3, 350_000: 3}  # one of any other size
TIMES = (
    "scan, two readers", "scan, one reader", "scan, two Dask workers", "scan again",
    "scan --quick", READ, FIND,
)  # fmt: skip
PEAKS = ("peak, two readers", "peak, one reader", "peak, scan again")
Found = dict[int, dict[str, list[Sample]]]


def main() -> None:
    """Measure, print the table, and with `--write` put it and the plot into `docs/`."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.growth",
        description="Measure how the time and the memory of a survey grow.",
    )
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR", help="on a tmpfs")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="MESSAGES")
    parser.add_argument("--write", action="store_true", help=f"write {PLOT.name} and the table")
    given = parser.parse_args()
    cache: Path = given.cache.absolute()
    found = {size: measured(Setting(cache, size, small=True)) for size in given.sizes}
    about = description(cache, cache, cache / "none")
    text = "\n".join([*about, "", table(found)])
    print(text)
    if given.write:
        write(DOCUMENT, text, BEGIN, END)
        PLOT.write_text(plot(found))


def measured(setting: Setting) -> dict[str, list[Sample]]:
    """All measures of one size, in turns. The spool is made before and removed afterwards."""
    spool = setting.spool
    try:
        with _dask() as address:
            measures = [*_times(setting, spool, address), *_peaks(setting, spool)]
            rounds = ROUNDS.get(setting.messages, 1)
            return interleave(measures, rounds, lambda line: print(line, file=sys.stderr))
    finally:
        shutil.rmtree(spool)
        shutil.rmtree(setting.cache / "work", ignore_errors=True)


@contextmanager
def _dask() -> Iterator[str]:
    """The address of a cluster with two workers of one thread."""
    with tempfile.TemporaryDirectory() as home, closing(DaskCluster(Path(home))) as cluster:
        for _ in range(2):
            cluster.worker()
        yield cluster.address


def _times(setting: Setting, spool: Path, address: str) -> list[Measure]:
    scan = [*program(), "scan", str(spool), "--format", "json"]

    def first(*more: str) -> Sample:
        return timed([*scan, *more], env=setting.own("first", fresh=True))

    def again() -> Sample:
        return timed(scan, env=setting.own("first"))

    runs = (
        lambda: first("--jobs", "2"),
        lambda: first("--jobs", "1"),
        lambda: first("--scheduler", address),
        again,
        lambda: timed(
            [*program(), "scan", str(spool), "--quick", "--quiet"],
            env=setting.own("quick", fresh=True),
        ),
        lambda: timed([setting.floor, "read", spool]),
        lambda: timed(["find", spool, "-type", "f", "-printf", "%s\\n"]),
    )
    return [
        Measure((name,), lambda name=name, run=run: {name: [run()]})
        for name, run in zip(TIMES, runs, strict=True)
    ]


def _peaks(setting: Setting, spool: Path) -> list[Measure]:
    scan = [*program(), "scan", str(spool), "--format", "json"]
    runs = (
        lambda: peak_memory([*scan, "--jobs", "2"], env=setting.own("peak", fresh=True)),
        lambda: peak_memory([*scan, "--jobs", "1"], env=setting.own("peak", fresh=True)),
        lambda: peak_memory(scan, env=setting.own("peak")),
    )
    return [
        Measure((name,), lambda name=name, run=run: {name: [Sample(run())]}, most=1)
        for name, run in zip(PEAKS, runs, strict=True)
    ]


def table(found: Found) -> str:
    """In Markdown: a line for each measure, a column for each number of messages."""
    sizes = sorted(found)
    lines = [
        "| messages | " + " | ".join(f"{size:,}" for size in sizes) + " |",
        "|---|" + "---:|" * len(sizes),
    ]
    for name in (*TIMES, *PEAKS):
        unit = "MiB" if name in PEAKS else "s"
        cells = [_cell(found[size].get(name, ()), unit) for size in sizes]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines) + "\n"


def _cell(samples: Sequence[Sample], unit: str) -> str:
    return f"{shown(statistic(samples, 'median'), unit)} {unit}" if samples else "–"


def plot(found: Found) -> str:
    """Two panels as SVG: seconds and MiB over the number of messages, both axes logarithmic."""
    return drawing(
        "How the time and the memory of a survey grow with the number of messages",
        [
            Panel("seconds, whole process", _lines(found, TIMES)),
            Panel("MiB, all processes together", _lines(found, PEAKS)),
        ],
    )


def _lines(found: Found, names: Sequence[str]) -> list[Line]:
    return [
        Line(
            name,
            [
                (size, statistic(found[size][name], "median"))
                for size in sorted(found)
                if found[size].get(name)
            ],
            floor=name in (READ, FIND),
        )
        for name in names
    ]


if __name__ == "__main__":
    main()
