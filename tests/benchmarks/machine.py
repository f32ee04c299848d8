"""The machine and the versions a run was made with."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import mailsurgeon


def description(place: Path, disk: Path, peers: Path) -> list[str]:
    """Lines of Markdown: the machine, the file systems of `place` and of `disk`, the versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    kinds = dict.fromkeys("{} ({})".format(*file_system(each)) for each in (place, disk))
    return [
        f"- {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory",
        f"- the spools on {' and '.join(kinds)}; Linux {platform.release()}",
        f"- mailsurgeon {version('mailsurgeon')} ({commit()}), Python {platform.python_version()},"
        f" SQLite {sqlite3.sqlite_version}, Textual {version('textual')}",
        f"- {_first_line(['find', '--version'])}; {_first_line(['mv', '--version'])};"
        f" {_first_line(['cc', '--version'])}; mail-deduplicate {_peer(peers)}",
        f"- {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; load before the run"
        f" {os.getloadavg()[0]:.1f}",
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def file_system(place: Path) -> tuple[str, str]:
    """The type and the device of the file system that holds `place`."""
    best = ("/", "unknown", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        device, mount, kind = line.split()[:3]
        mount = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), mount)
        if place.resolve().is_relative_to(mount) and len(mount) >= len(best[0]):
            best = (mount, kind, device)
    return best[1], best[2]


def commit() -> str:
    """The commit of the program's tree, and whether it was changed since."""
    place = Path(mailsurgeon.__file__).parent
    head = _output(["git", "-C", str(place), "rev-parse", "--short=10", "HEAD"]).strip()
    if not head:
        return "no commit known"
    changed = _output(["git", "-C", str(place), "status", "--porcelain", "--", str(place)]).strip()
    return f"commit {head}{', changed since' if changed else ''}"


def _peer(peers: Path) -> str:
    found = sorted(peers.glob("lib/python*/site-packages/mail_deduplicate-*.dist-info"))
    return found[-1].name.split("-")[1].removesuffix(".dist") if found else "not installed"


def _first_line(words: Sequence[str]) -> str:
    return (_output(words).splitlines() or [f"no {words[0]}"])[0]


def _output(words: Sequence[str]) -> str:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""
