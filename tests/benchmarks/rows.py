"""The goals: what is measured, what it is compared with, and how good it must be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One goal.

    `ours` and `reference` are names of samples; without a reference the value itself is judged, in
    `unit`. `must` and `stretch` are the most it may be, or, where `faster` is true, the least:
    how many times longer the reference takes. Without `must` the row is only told, not judged.
    """

    key: str
    what: str
    ours: str
    must: float | None
    stretch: float | None
    reference: str = ""
    unit: str = "s"
    faster: bool = False
    statistic: str = "median"  # or "p95"; of what is judged


READ = "C program that reads all files"
FIND = "find -type f -printf %s"
BARE_STAT = "bare loop in Python, statuses"
BARE_READ = "bare loop in Python, all read"

ROWS = (
    Row("quick", "`scan --quick`", "scan --quick", 3.4, 2.0, FIND),
    Row("scan", "`scan`, everything read, JSON written", "scan", 2.4, 1.3, READ),
    Row("again", "`scan` again, nothing changed", "scan again", 1.5, 1.0, FIND),
    Row("bare-quick", "`scan --quick` beside the least in Python", "scan --quick", None, None,
        BARE_STAT),
    Row("bare", "`scan` beside the least in Python, one process", "scan", None, None, BARE_READ),
    Row("cold", "`scan`, cold cache", "scan, cold", 0.45, 0.35, f"{READ}, cold"),
    Row("mdedup", "against mail-deduplicate's dry run", "scan", 20, 30, "mdedup --dry-run",
        faster=True),
    Row("mailbox", "against a loop over `mailbox.Maildir`", "scan", 9, 14, "mailbox.Maildir loop",
        faster=True),
    Row("growth", "ten times the messages", "scan", 12, 10, "scan of a tenth"),
    Row("memory", "peak memory, two workers", "peak memory", 150, 110, unit="MiB"),
    Row("memory-large", "peak memory, two workers, nine times the messages (small ones)",
        "peak memory, large", 350, 200, unit="MiB"),
    Row("index", "the index after a scan, for each message", "index of a message", 90, 60,
        unit="bytes"),
    Row("start", "to a screen that answers keys, the survey running", "start", 0.5, 0.35),
    Row("key", "key to last byte while the survey runs, p95", "key, surveying", 25, 16, unit="ms",
        statistic="p95"),
    Row("folder", "the largest folder opened", "folder opened", 80, 50, unit="ms"),
    Row("filter", "the largest folder filtered", "folder filtered", 80, 50, unit="ms"),
    Row("sort", "the largest folder sorted", "folder sorted", 80, 50, unit="ms"),
    Row("whole", "the whole spool as one list", "whole spool opened", 300, 200, unit="ms"),
    Row("move", "a key in view, the list alone", "bytes, in view", 450, 300, unit="bytes"),
    Row("follow", "a key in view, the inspector following", "bytes, inspector", 1200, None,
        unit="bytes"),
    Row("scroll", "a key that scrolls, mean", "bytes, scrolling", 850, 500, unit="bytes"),
    Row("idle", "at rest", "bytes, idle", 0, 0, unit="bytes"),
    Row("filing", "filing the misfiled, journaled and durable", "filing", 2.0, 1.3,
        "find -exec mv -n -t, sync"),
    Row("undoing", "undoing it", "undoing", 1.0, 0.8, "filing"),
    Row("sizes", "fixing 5,000 sizes with uidlists, beside a loop that promises the same", "sizes",
        1.3, 1.0, "durable rename loop"),
    Row("sizes-unsynced", "the same, beside a loop without journal and syncs", "sizes", None, None,
        "rename loop"),
    Row("fix-whole", "the whole command `fix --only misfiled`", "fix misfiled", None, None,
        "find -exec mv -n -t, sync"),
    Row("undo-whole", "the whole command `undo`", "undo misfiled", None, None, "fix misfiled"),
    Row("sizes-whole", "the whole command `fix --only size-mismatch`", "fix sizes", None, None,
        "rename loop, reading all"),
    Row("sizes-script", "the same, beside a loop that only lists and stats to find them",
        "fix sizes", None, None, "rename loop, looking at all"),
)  # fmt: skip
