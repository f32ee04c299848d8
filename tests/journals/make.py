"""Records the cases of a version: `python -m tests.journals.make DIRECTORY`, as root.

What is recorded under `v1` was written by the program as it was then, and is never recorded
again: it stands for the journals people have, which every later version must load, show and undo
as that version did. When the program comes to write other rows, a new set (`v2`) is made beside
the old, and both are tested. DIRECTORY must not be there yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from mailsurgeon.surgery import expiry, planning, surgeon
from mailsurgeon.survey import dovecot
from tests.journals.cases import (
    FORMATS,
    Case,
    Ward,
    changes,
    key_of_path,
    key_of_row,
    portable_rows,
)
from tests.journals.commands import NOT_KILLED, Command, places_of, run, without_home
from tests.journals.hands import by_hand
from tests.journals.lines import Record, write_lines
from tests.journals.rows import portable, read_rows, read_schema
from tests.journals.stories import STORIES, Story
from tests.journals.trees import look, names_of, picture


def main(version: Path) -> None:
    """Records all stories."""
    os.umask(0o022)
    version.mkdir()
    for story in STORIES:
        with tempfile.TemporaryDirectory(prefix="journals-") as place, _quiet(Path(place)):
            _record(version, story, Path(place))


@contextlib.contextmanager
def _quiet(home: Path) -> Iterator[None]:
    """Nothing of this host is asked or used."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, places_of(home)))
        for module in (planning, surgeon):
            stack.enter_context(patch.object(module, "running_tool", lambda _root, _owner: ""))
        stack.enter_context(patch.object(dovecot, "configuration", lambda: None))
        stack.enter_context(patch.object(expiry, "COURIER_SETTINGS", b"/nonexistent"))
        yield


def _record(version: Path, story: Story, home: Path) -> None:
    ward = Ward(home)
    home.chmod(0o755)
    story.build(ward.mail)
    before = look(ward.mail)
    script = tuple(_performed(home, one) for one in story.script)
    tree, rows = look(ward.mail), read_rows(ward.journal)
    case = Case(story.name, story.about, str(home), script, story.then, story.by_root,
                story.by_hand, version)  # fmt: skip
    case.directory.mkdir()
    write_lines(case.directory / "before.jsonl", changes(tree, before, key_of_path, repr))
    write_lines(case.directory / "tree.jsonl", tree)
    write_lines(case.directory / "journal.jsonl", rows)
    (version / "schema.sql").write_text(read_schema(ward.journal))
    # Of the killed ones two forms will do: the others say the same.
    for form in FORMATS[:2] if story.name.startswith("killed-") else FORMATS:
        code, shown = run(home, Command(f"log SPOOL --format {form}"))
        if code == 0:
            shown = without_home(shown, home)
            (case.directory / f"log.{form}").write_text(shown, errors="surrogateescape")
        else:
            print(f"{story.name}: log --format {form} ends with {code}")
    _check_that_it_can_be_put_by(story, before, tree)
    names = names_of(tree)
    known = portable(rows, ward.place(names))
    done = _followed(case, ward, tree, known)
    facts = {
        "about": case.about, "home": case.home, "script": [one.written() for one in script],
        "then": [one.written() for one in done], "by_root": case.by_root, "by_hand": case.by_hand,
    }  # fmt: skip
    (case.directory / "case.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{story.name}: {len(rows)} rows")


def _performed(home: Path, one: Command) -> Command:
    if one.line.startswith("by-hand "):
        by_hand(home, one.line.split()[1:])
        return one
    code, _ = run(home, one)
    assert code != NOT_KILLED, one
    return replace(one, code=code)


def _followed(case: Case, ward: Ward, tree: list[Record], rows: list[Record]) -> list[Command]:
    """Runs the commands that come after, and records what each has changed."""
    names = names_of(tree)
    done: list[Command] = []
    for number, command in enumerate(case.then, start=1):
        done.append(_performed(ward.home, command))
        tree_now, rows_now = look(ward.mail), portable_rows(ward, names)
        other = changes(tree, tree_now, key_of_path, lambda one: picture([one]))
        write_lines(case.directory / f"{number}.tree.jsonl", other)
        other = changes(rows, rows_now, key_of_row, repr)
        write_lines(case.directory / f"{number}.rows.jsonl", other)
        tree, rows = tree_now, rows_now
    return done


def _check_that_it_can_be_put_by(story: Story, before: list[Record], tree: list[Record]) -> None:
    """What stood before must be known from what stands, or the rows cannot be read again."""
    known = {one["inode"] for one in before}
    assert known, story.name
    assert len(picture(tree)) == len(tree), story.name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    shutil.rmtree(Path(sys.argv[1]) / "__pycache__", ignore_errors=True)
