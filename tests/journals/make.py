"""Records the recordings of a version: `python -m tests.journals.make DIRECTORY`, as root.

Never record `v1` again. The program wrote it as it was then; it stands for the journals people
have, which every later version must load, show and undo as that version did. When the program
comes to write other rows, make a new set (`tests/journals/v2`) beside the old one: the tests load
both, and hold what the program writes against the newest. DIRECTORY must not be there yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from mailsurgeon.host import auto_expunge, doveconf
from mailsurgeon.surgery import surgeon
from mailsurgeon.surgery.plan import propose
from tests.journals.commands import NOT_KILLED, Command, places_of, run, without_home
from tests.journals.hands import by_hand
from tests.journals.lines import Record, write_lines
from tests.journals.recordings import (
    FORMATS,
    SUMS,
    Recording,
    Site,
    changes,
    key_of_path,
    key_of_row,
    portable_rows,
    sums_of,
)
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
    (version / SUMS).write_text("".join(f"{line}\n" for line in sums_of(version)))


@contextlib.contextmanager
def _quiet(home: Path) -> Iterator[None]:
    """Nothing of this host is asked or used."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, places_of(home)))
        for module in (propose, surgeon):
            stack.enter_context(patch.object(module, "running_tool", lambda _root, _owner: ""))
        stack.enter_context(patch.object(doveconf, "configuration", lambda: None))
        stack.enter_context(patch.object(auto_expunge, "COURIER_SETTINGS", b"/nonexistent"))
        yield


def _record(version: Path, story: Story, home: Path) -> None:
    site = Site(home)
    home.chmod(0o755)
    story.build(site.mail)
    before = look(site.mail)
    script = tuple(_performed(home, one) for one in story.script)
    tree, rows = look(site.mail), read_rows(site.journal)
    recording = Recording(
        story.name, story.about, str(home), script, story.then, version, story.by_root,
        story.by_hand,
    )  # fmt: skip
    recording.directory.mkdir()
    write_lines(recording.directory / "before.jsonl", changes(tree, before, key_of_path, repr))
    write_lines(recording.directory / "tree.jsonl", tree)
    write_lines(recording.directory / "journal.jsonl", rows)
    (version / "schema.sql").write_text(read_schema(site.journal))
    # Of the killed ones two forms will do: the others say the same.
    for form in FORMATS[:2] if story.name.startswith("killed-") else FORMATS:
        code, shown = run(home, Command(f"log SPOOL --format {form}"))
        if code == 0:
            shown = without_home(shown, home)
            (recording.directory / f"log.{form}").write_text(shown, errors="surrogateescape")
        else:
            print(f"{story.name}: log --format {form} ends with {code}")
    names = names_of(tree)
    known = portable(rows, site.place(names))
    done = _followed(recording, site, tree, known)
    facts = {
        "about": recording.about,
        "home": recording.home,
        "script": [one.written() for one in script],
        "then": [one.written() for one in done],
        "by_root": recording.by_root,
        "by_hand": recording.by_hand,
    }
    (recording.directory / "story.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"{story.name}: {len(rows)} rows")


def _performed(home: Path, one: Command) -> Command:
    if one.line.startswith("by-hand "):
        by_hand(home, one.line.split()[1:])
        return one
    code, _ = run(home, one)
    assert code != NOT_KILLED, one
    return replace(one, code=code)


def _followed(
    recording: Recording, site: Site, tree: list[Record], rows: list[Record]
) -> list[Command]:
    """Runs the commands that come after, and records what each has changed."""
    names = names_of(tree)
    done: list[Command] = []
    for number, command in enumerate(recording.then, start=1):
        done.append(_performed(site.home, command))
        tree_now, rows_now = look(site.mail), portable_rows(site, names)
        other = changes(tree, tree_now, key_of_path, lambda one: picture([one]))
        write_lines(recording.directory / f"{number}.tree.jsonl", other)
        other = changes(rows, rows_now, key_of_row, repr)
        write_lines(recording.directory / f"{number}.rows.jsonl", other)
        tree, rows = tree_now, rows_now
    return done


if __name__ == "__main__":
    main(Path(sys.argv[1]))
