"""`--scheduler`: the same output by a cluster, and one line if the cluster cannot be used."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.survey.workers import cluster

from ..survey.dask_cluster import DaskCluster
from .conftest import Run, Tree

pytestmark = pytest.mark.cluster

pytest.importorskip("distributed")
PROGRAM = [sys.executable, "-c", "from mailsurgeon.cli import main; main()"]


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[DaskCluster]:
    made = DaskCluster(tmp_path)
    made.worker()
    yield made
    made.close()


def told(*words: object) -> tuple[int, str, str]:
    """A command in a process of its own: nothing of its library may reach the terminal."""
    ended = subprocess.run(
        [*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_commands_say_the_same_by_a_cluster(dask: DaskCluster, broken: Tree, run: Run) -> None:
    far = ("--scheduler", dask.address)
    here = run("scan", broken, "--format", "csv")
    assert told("scan", broken, "--format", "csv", "--fresh", *far) == (1, here.out, "")
    code, out, err = told("scan-all", broken.root.parent, "--format", "json", "--fresh", *far)
    assert (code, err) == (1, "")
    assert _untimed(json.loads(out)) == _untimed(
        run("scan-all", broken.root.parent, "--format", "json").json
    )
    assert told("fix", broken, "--dry-run", *far) == (1, run("fix", broken, "--dry-run").out, "")


def _untimed(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in found["spools"]]


def test_one_spool_that_no_worker_sees_is_a_row(dask: DaskCluster, clean: Tree, run: Run) -> None:
    os.rename(clean.root, clean.root.parent / "seen")
    hidden = Tree(clean.root.parent / "hidden")
    seen = cluster.why_not

    def why_not(answer: Any, spool: Any) -> str:  # as of one whose mount is missing there
        return "cannot see it" if spool.shown == str(hidden) else seen(answer, spool)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "why_not", why_not)
        outcome = run("scan-all", hidden.root.parent, "--format", "json",
                      "--scheduler", dask.address)  # fmt: skip
    assert outcome.code == 1
    first, second = outcome.json["spools"]
    assert "none of its workers can read" in first["error"]
    assert (second["error"], second["messages"]) == (None, 2)
    assert "cannot see it; it is not used" in outcome.complaint


@pytest.mark.parametrize("command", ["scan", "scan-all", "", "fix"])
def test_no_scheduler_is_one_line(
    run: Run, clean: Tree, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsurgeon.cli.screen.terminal_needed", lambda: None)
    before = clean.picture()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for address, line in {
        f"tcp://127.0.0.1:{port}": "no scheduler answers there",
        "nowhere": "--scheduler nowhere: not an address of a scheduler; give tcp://HOST:8786",
    }.items():
        outcome = run(*filter(None, (command, clean)), "--scheduler", address)
        assert (outcome.code, outcome.out) == (2, "")
        assert line in outcome.complaint
    assert clean.picture() == before


def test_without_the_library_the_way_to_it_is_told(
    run: Run, clean: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = run("scan", clean, "--scheduler", "tcp://127.0.0.1:8786")
    assert outcome.code == 2
    assert outcome.complaint.endswith("pip install 'mailsurgeon[cluster]'")
