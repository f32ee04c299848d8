"""`mailsurgeon quarantine`: add, list, restore, purge."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Tree

MESSAGE = "cur/1600000000.M1P1.host:2,S"
SENT = ".Sent/cur/1600000001.M1P1.host:2,RS"


def home(tree: Tree) -> Path:
    return tree.root.parent / ".Maildir.quarantine"


def test_a_message_goes_away_and_comes_back(run: Run, clean: Tree) -> None:
    before = clean.picture()
    outcome = run("quarantine", "add", clean, MESSAGE, "--yes")
    assert outcome.code == 0
    assert (home(clean) / "1" / MESSAGE).exists()
    assert stat.S_IMODE(home(clean).stat().st_mode) == 0o700
    assert MESSAGE not in clean.names()
    assert run("quarantine", "restore", clean, 1, "--yes").code == 0
    assert clean.picture() == before


def test_the_plan_says_that_clients_will_see_it_deleted(run: Run, clean: Tree) -> None:
    before = clean.picture()
    outcome = run("quarantine", "add", clean, MESSAGE)
    assert outcome.code == 1
    assert "deleted" in outcome.out
    assert clean.picture() == before


def test_a_whole_folder_goes_away_and_comes_back(run: Run, clean: Tree) -> None:
    before = clean.picture()
    outcome = run("quarantine", "add", clean, ".Sent", MESSAGE, "--yes", "--format", "json")
    assert outcome.code == 0
    assert sum(outcome.json["done"].values()) == 2
    assert (home(clean) / "1" / SENT).exists()
    assert not (clean.root / ".Sent").exists()
    assert run("quarantine", "restore", clean, ".Sent", "--yes").code == 0
    assert run("quarantine", "restore", clean, f"quarantine:1/{MESSAGE}", "--yes").code == 0
    assert clean.picture() == before


def test_the_list_names_what_lies_there(run: Run, clean: Tree) -> None:
    run("quarantine", "add", clean, MESSAGE, "--yes")
    size = (home(clean) / "1" / MESSAGE).stat().st_size
    found = run("quarantine", "list", clean, "--format", "json").json
    time = found["items"][0].pop("time")
    assert time.endswith("Z")
    assert found == {
        "schema": 1,
        "quarantine": str(home(clean)),
        "items": [
            {"operation": 1, "verdict": found["items"][0]["verdict"], "kind": "file",
             "bytes": size, "path": f"quarantine:1/{MESSAGE}", "original": MESSAGE}
        ],
        "totals": {"items": 1, "bytes": size},
    }  # fmt: skip
    out = run("quarantine", "list", clean).out
    assert MESSAGE in out
    assert f"1 item, {size} bytes" in out


def test_an_empty_quarantine(run: Run, clean: Tree) -> None:
    outcome = run("quarantine", "list", clean)
    assert outcome.code == 0
    assert "0 items" in outcome.out
    assert not home(clean).exists()


def test_restore_of_something_that_is_not_there(run: Run, clean: Tree) -> None:
    outcome = run("quarantine", "restore", clean, "cur/nothing", "--yes")
    assert outcome.code == 1
    assert outcome.complaint == "cur/nothing: nothing of that name lies in the quarantine"


def test_restore_never_replaces(run: Run, clean: Tree) -> None:
    run("quarantine", "add", clean, MESSAGE, "--yes")
    clean.add(MESSAGE, b"From: x@example.org\n\nmail that came since\n")
    outcome = run("quarantine", "restore", clean, 1, "--yes", "--format", "json")
    assert outcome.code == 1
    told = outcome.json["refused"] + outcome.json["left"]
    assert any(MESSAGE in row["path"] for row in told)
    assert (clean.root / MESSAGE).read_bytes().endswith(b"since\n")
    assert (home(clean) / "1" / MESSAGE).exists()


def test_purge_needs_consent(run: Run, clean: Tree) -> None:
    run("quarantine", "add", clean, MESSAGE, "--yes")
    for answers in (None, "n\n"):
        outcome = run("quarantine", "purge", clean, "--older-than", 0, answers=answers)
        assert outcome.code == 1
        assert MESSAGE in outcome.out + outcome.err
        assert "nothing was" in outcome.err
    assert run("quarantine", "purge", clean, "--older-than", 0, "--dry-run").code == 1
    assert run("quarantine", "purge", clean, "--older-than", 0, "--yes", "--max", 0).code == 1
    assert (home(clean) / "1" / MESSAGE).exists()


def test_purge_deletes_for_good_what_is_old_enough(run: Run, clean: Tree) -> None:
    run("quarantine", "add", clean, MESSAGE, "--yes")
    young = run("quarantine", "purge", clean, "--older-than", 1, "--yes")
    assert young.code == 0
    assert (home(clean) / "1" / MESSAGE).exists()
    outcome = run("quarantine", "purge", clean, "--older-than", 0, "--yes")
    assert outcome.code == 0
    assert "takes it back" not in outcome.out
    assert not (home(clean) / "1" / MESSAGE).exists()
    assert run("undo", clean, 1, "--yes").code == 1
    assert run("log", clean, "--format", "json").json["operations"][-1]["kind"] == "purge"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_a_quarantine_on_another_file_system_is_refused(run: Run, clean: Tree) -> None:
    before = clean.picture()
    elsewhere = f"/dev/shm/mailsurgeon-{os.getpid()}"
    outcome = run("quarantine", "add", clean, MESSAGE, "--yes", "--quarantine", elsewhere)
    assert outcome.code != 0
    assert elsewhere in outcome.complaint
    assert clean.picture() == before


@pytest.mark.parametrize("command", [("quarantine", "add"), ("fix",)])
def test_an_empty_message_a_client_may_hold_needs_force(
    command: tuple[str, ...], run: Run, clean: Tree
) -> None:
    path = os.fsdecode(clean.add("cur/1600000009.M1P1.host,U=7:2,S", b""))
    before = clean.picture()
    words = (*command, clean, path, "--yes")
    refused = run(*words)
    assert refused.code == 1
    assert "its name bears a sync tool's UID: a client may hold the text" in refused.out
    assert "--force" in refused.out
    assert clean.picture() == before
    assert run(*words, "--force").code == 0
    assert path not in clean.names()


def test_a_broken_index_is_put_away_and_what_is_lost_with_it_is_told(run: Run, clean: Tree) -> None:
    for name in ("dovecot.index", "dovecot.index.cache"):
        (clean.root / name).write_bytes(b"broken")
    before = clean.picture()
    told = run("quarantine", "add", clean, "dovecot.index", "--dry-run", "--force").out
    words = " ".join(told.split())
    assert "dovecot.index in INBOX goes to the quarantine: Dovecot makes it anew" in words
    assert "(HIGHESTMODSEQ)" in words
    (clean.root / ".Sent" / "dovecot.index").write_bytes(b"broken")
    before = clean.picture()
    each = ("dovecot.index", ".Sent/dovecot.index")
    words = ("quarantine", "add", clean, *each, "--dry-run", "--force", "--format", "json")
    effects = run(*words).json["effects"]
    assert sum("dovecot.index in INBOX, Sent goes to" in effect for effect in effects) == 1
    assert sum("dovecot.index in" in effect for effect in effects) == 1
    both = ("dovecot.index", "dovecot.index.cache")
    assert run("quarantine", "add", clean, *both, "--yes", "--force").code == 0
    assert not (clean.root / "dovecot.index").exists()
    assert run("undo", clean, "--yes").code == 0
    assert clean.picture() == before


def test_only_servers_files_are_put_away_unfound(run: Run, clean: Tree) -> None:
    (clean.root / "notes.bin").write_bytes(b"\0")
    outcome = run("quarantine", "add", clean, "notes.bin", "--yes")
    assert outcome.code == 2
    assert "neither a message nor anything that has a problem" in outcome.err
