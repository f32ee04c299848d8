"""`undo --all` after more than repairs."""

from __future__ import annotations

from tests.cli.conftest import Run, Tree


def test_what_was_restored_goes_back_and_then_comes_again(run: Run, broken: Tree) -> None:
    """Taking back a restore puts things into the quarantine; they are taken out of it too."""
    before = broken.picture()
    run("fix", broken, "--only", "empty", "--yes")
    assert run("quarantine", "restore", broken, 1, "--yes").code == 0
    outcome = run("undo", broken, "--all", "--yes")
    assert (outcome.code, outcome.err) == (0, "")
    assert broken.picture() == before
    assert run("quarantine", "list", broken, "--format", "json").json["items"] == []


def test_the_plan_of_a_way_back_says_once_what_clients_will_notice(run: Run, broken: Tree) -> None:
    """Undo, redo and restore are shown like a repair: one label before all that clients notice."""
    run("fix", broken, "--only", "empty", "--yes")
    plans = [run("quarantine", "restore", broken, 1, "--dry-run").out]
    plans.append(run("undo", broken, "--dry-run").out)
    assert run("undo", broken, "--yes").code == 0
    plans.append(run("redo", broken, "--dry-run").out)
    for plan in plans:
        labels = [line.split(" ")[0] for line in plan.splitlines()]
        assert labels.count("clients") == 1, plan
        assert not {"needs", "effects"} & set(labels), plan
