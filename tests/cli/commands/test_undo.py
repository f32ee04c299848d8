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
