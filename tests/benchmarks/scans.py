"""Surveys: warm, again, cold, their growth and memory, beside the floors and other programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.measuring import (
    Measure,
    Sample,
    Samples,
    drop_caches,
    peak_memory,
    program,
    timed,
)
from tests.benchmarks.rows import BARE_READ, BARE_STAT, FIND, READ
from tests.benchmarks.setting import HERE, Setting

TRIES = 4  # to have everything in the page cache
NEARLY_NOTHING = 10  # MB
PEER_ROUNDS = 2  # of programs that take a minute or more


def warm(setting: Setting) -> list[Measure]:
    """What is measured with everything in the page cache."""
    _read_all(setting)
    timed(_scan(setting.spool), env=setting.own("again", fresh=True))
    return [
        # Each round anew: other programs take minutes, in which the system may forget pages.
        Measure((), lambda: _read_all(setting)),
        _measure(FIND, lambda: timed(["find", setting.spool, "-type", "f", "-printf", "%s\\n"])),
        _measure(READ, lambda: timed([setting.floor, "read", setting.spool])),
        _measure("C program that stats all files",
                 lambda: timed([setting.floor, "stat", setting.spool])),
        _measure("scan --quick", lambda: _fresh(setting, "quick", _quick(setting.spool))),
        Measure(("scan", "index of a message"), lambda: _first(setting)),
        _measure("scan again", lambda: timed(
            _scan(setting.spool), env=setting.own("again"), output=setting.output("again"))),
        _measure("scan of a tenth", lambda: _fresh(setting, "tenth", _scan(setting.tenth))),
        _measure(BARE_STAT, lambda: _bare(setting, "stat")),
        _measure(BARE_READ, lambda: _bare(setting, "read")),
        _measure("mdedup --dry-run", lambda: timed(_mdedup(setting)), PEER_ROUNDS),
        _measure("mailbox.Maildir loop", lambda: timed(
            [sys.executable, HERE / "mailbox_loop.py", setting.spool]), PEER_ROUNDS),
    ]  # fmt: skip


def cold(setting: Setting) -> list[Measure]:
    """What is measured with nothing in the page cache. Needs root."""
    floor = [setting.floor, "read", setting.spool]
    return [
        _measure(f"{READ}, cold", lambda: _chilled(lambda: timed(floor)), 3),
        _measure("scan, cold", lambda: _chilled(
            lambda: _fresh(setting, "cold", _scan(setting.spool))), 3),
    ]  # fmt: skip


def memory(setting: Setting) -> list[Measure]:
    """How much memory a survey with two workers takes at its peak."""
    return [_measure("peak memory", lambda: _peak(setting, setting.spool), 2)]


def large_memory(setting: Setting) -> list[Measure]:
    """The same on a spool of nine times as many messages."""
    return [_measure("peak memory, large", lambda: _peak(setting, setting.large), 1)]


def _read_all(setting: Setting) -> Samples:
    """Brings both spools into the page cache, as far as the system keeps them there."""
    for spool in (setting.spool, setting.tenth):
        for _ in range(TRIES):
            if (timed([setting.floor, "read", spool]).disk or 0) < NEARLY_NOTHING:
                break
    return {}


def _measure(name: str, run: Callable[[], Sample], most: int | None = None) -> Measure:
    return Measure((name,), lambda: {name: [run()]}, most)


def _scan(spool: Path) -> list[str]:
    return [*program(), "scan", str(spool), "--format", "json"]


def _quick(spool: Path) -> list[str]:
    return [*program(), "scan", str(spool), "--quick", "--quiet"]


def _mdedup(setting: Setting) -> list[str | Path]:
    return [
        setting.mdedup, "--no-config", "--dry-run", "--input-format", "maildir",
        "--hash-header", "Message-ID", "--strategy", "discard-all-but-one",
        "--action", "delete-discarded", setting.spool,
    ]  # fmt: skip


def _fresh(setting: Setting, name: str, words: Sequence[str]) -> Sample:
    return timed(words, env=setting.own(name, fresh=True), output=setting.output(name))


def _first(setting: Setting) -> Samples:
    """A first scan, and the bytes of the index that it leaves, for each message."""
    sample = _fresh(setting, "scan", _scan(setting.spool))
    messages = json.loads(setting.output("scan").read_bytes())["totals"]["messages"]
    files = Path(setting.own("scan")["XDG_CACHE_HOME"]).rglob("*")
    index = sum(each.stat().st_size for each in files if each.is_file())
    return {"scan": [sample], "index of a message": [Sample(index / messages)]}


def _bare(setting: Setting, how: str) -> Sample:
    database = setting.output("bare")
    for path in (database, *database.parent.glob(f"{database.name}-*")):
        path.unlink(missing_ok=True)
    return timed([sys.executable, HERE / "bare_loop.py", how, setting.spool, database])


def _chilled(run: Callable[[], Sample]) -> Sample:
    drop_caches()
    return run()


def _peak(setting: Setting, spool: Path) -> Sample:
    words = [*_scan(spool), "--jobs", "2"]
    return Sample(peak_memory(words, env=setting.own("memory", fresh=True)))
