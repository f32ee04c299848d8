"""Runs the measurements and prints the table: `python -m tests.benchmarks`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks import repairs, scans, screen
from tests.benchmarks.machine import description
from tests.benchmarks.measuring import Failed, Measure, Sample, interleave
from tests.benchmarks.rows import ROWS, Row
from tests.benchmarks.setting import HERE, Setting
from tests.benchmarks.shape import STANDARD
from tests.benchmarks.table import goals_table, samples_table

DOCUMENT = HERE.parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


@dataclass(frozen=True, slots=True)
class Block:
    """Measures that are interleaved with each other, and the rows made from them. What they need
    is kept on the disk (`--disk`) where they depend on one."""

    rows: tuple[str, ...]
    measures: Callable[[Setting], list[Measure]]
    on_disk: bool = False


BLOCKS = (
    Block(
        ("quick", "scan", "index", "again", "bare-quick", "bare", "mdedup", "mailbox", "growth"),
        scans.warm,
    ),
    Block(("memory",), scans.memory),
    Block(("memory-large",), scans.large_memory, on_disk=True),
    Block(("start", "key"), screen.while_surveying),
    Block(
        ("folder", "filter", "sort", "whole", "move", "follow", "scroll", "idle"),
        screen.afterwards,
    ),
    Block(("filing", "undoing", "fix-whole", "undo-whole"), repairs.filing, on_disk=True),
    Block(("sizes", "sizes-unsynced", "sizes-whole", "sizes-script"), repairs.sizes, on_disk=True),
    Block(("cold",), scans.cold, on_disk=True),
)


def main() -> None:
    """Measure, print, and with `--write` put the table into the document."""
    given = _arguments()
    cache: Path = given.cache.absolute()
    disk: Path = (given.disk or cache).absolute()
    setting = Setting(cache, given.messages, given.spool and given.spool.absolute())
    setting.spool  # noqa: B018 (generated before the load of the machine is looked at)
    about = description(setting.spool, disk, setting.peers)
    wanted = set(given.only) or {row.key for row in ROWS}
    if not given.cold:
        wanted.discard("cold")
    found: dict[str, list[Sample]] = {}
    for block in BLOCKS:
        rows = wanted & set(block.rows)
        if rows:
            _tell(f"measuring {', '.join(row for row in block.rows if row in rows)}")
            try:
                place = replace(setting, cache=disk) if block.on_disk else setting
                found |= _measured(block, place, rows, given.reps)
            except (Failed, OSError, subprocess.CalledProcessError) as error:
                _tell(f"not measured: {error}")  # the other blocks are worth having all the same
    text = _report(setting, about, found, [row for row in ROWS if row.key in wanted])
    print(text)
    if given.write:
        write(DOCUMENT, text)


def _arguments() -> argparse.Namespace:
    keys = [row.key for row in ROWS]
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure the program against floors and other programs, interleaved.",
        epilog="rows: " + ", ".join(keys),
    )
    parser.add_argument("-n", "--messages", type=int, default=STANDARD)
    parser.add_argument("--reps", type=int, default=5, help="rounds of a block (5)")
    parser.add_argument("--only", nargs="+", choices=keys, default=[], metavar="ROW")
    parser.add_argument("--cold", action="store_true", help="also cold; root only: drops caches")
    parser.add_argument("--spool", type=Path, help="measure scans and the screen on this spool")
    parser.add_argument("--cache", type=Path, default=_default_cache(), metavar="DIR",
                        help="where spools and other programs are kept (%(default)s)")  # fmt: skip
    parser.add_argument(
        "--disk",
        type=Path,
        metavar="DIR",
        help="where what depends on a disk is kept: repairs, the cold scan (--cache)",
    )
    parser.add_argument("--write", action="store_true", help=f"put the table into {DOCUMENT.name}")
    given = parser.parse_args()
    if given.cold and os.geteuid() != 0:
        parser.error("--cold drops the page cache; only root can")
    return given


def _default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mailsurgeon-benchmarks"


def _measured(
    block: Block, setting: Setting, keys: set[str], rounds: int
) -> dict[str, list[Sample]]:
    rows = [row for row in ROWS if row.key in keys]
    return interleave(_needed(block.measures(setting), rows), rounds, _tell)


def _needed(measures: Sequence[Measure], rows: Sequence[Row]) -> list[Measure]:
    names = {row.ours for row in rows} | {row.reference for row in rows}
    return [measure for measure in measures if not measure.gives or names & set(measure.gives)]


def _report(
    setting: Setting, about: Sequence[str], found: dict[str, list[Sample]], rows: Sequence[Row]
) -> str:
    units = {row.ours: row.unit for row in ROWS}
    return "\n".join([
        f"Measured on {setting.size()}.", "", *about, "",
        goals_table(rows, found), "Everything that was measured:", "",
        samples_table(found, units),
    ])  # fmt: skip


def write(document: Path, text: str, first: str = BEGIN, last: str = END) -> None:
    """Puts `text` between two marks of a document. Raises ValueError when it has none."""
    before, begin, rest = document.read_text().partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"{document}: no place for the figures ({first} and {last})")
    document.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}")


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
