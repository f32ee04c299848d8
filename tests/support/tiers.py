"""Which tests a run takes in: the everyday ones, unless it asks for more.

`pytest` alone runs every test without a tier, and of each tier those marked `smoke`. `--all` runs
every test; `-m` chooses by marks among every test; and a path runs every test below it.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

TIERS = ("servers", "crash", "process", "cluster", "soak")
"""The marks of tests that need something to be installed, or longer than an everyday run has."""


def is_everyday(marks: Iterable[str]) -> bool:
    """Whether an everyday run takes in a test with these marks."""
    marks = set(marks)
    return "smoke" in marks or marks.isdisjoint(TIERS)


def fault_of(marks: Iterable[str]) -> str:
    """Why a test may not have these marks together; empty when it may."""
    tiers = [tier for tier in TIERS if tier in set(marks)]
    if len(tiers) > 1:
        return f"is in more than one tier: {', '.join(tiers)}"
    if "smoke" in set(marks) and not tiers:
        return "is marked smoke, but is in no tier"
    return ""


def asks_for_everyday(config: pytest.Config) -> bool:
    """Whether the command line names no tests: neither `--all`, nor marks, nor a path in tests/."""
    if config.option.all or config.option.markexpr:
        return False
    named = (Path(argument.partition("::")[0]) for argument in config.args)
    whole = {config.rootpath, config.rootpath / "tests"}
    return all((config.invocation_params.dir / path).resolve() in whole for path in named)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all", action="store_true", help="run the tests of every tier, not the everyday ones only"
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """The workers of `-n auto`: in an everyday run one more than there are cores.

    Its tests wait a third of their time, mostly for a screen to draw; those of the tiers do not.
    """
    return len(os.sched_getaffinity(0)) + 1 if asks_for_everyday(config) else None


def pytest_configure() -> None:
    # A shell starts what runs in the background with these ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    everyday = asks_for_everyday(config)
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        marks = [mark.name for mark in item.iter_markers()]
        if fault := fault_of(marks):
            raise pytest.UsageError(f"{item.nodeid} {fault}")
        wanted = is_everyday(marks) or not everyday
        (kept if wanted else left_out).append(item)
    if left_out:
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if asks_for_everyday(terminalreporter.config):
        terminalreporter.write_line("The everyday tests. All of them: pytest -q -n auto --all")
