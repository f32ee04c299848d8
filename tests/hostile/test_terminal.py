"""Hostile text on every screen, through a real terminal: nothing of it arrives as it is.

The same keys are pressed over a harmless spool of the same shape; what control sequences it takes
to draw that is what it may take to draw the hostile one.
`MAILSURGEON_CRASH=full` does it on a small screen, too.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.hostile.spool import FOLDERS, HostileSpool
from tests.hostile.stream import Stream
from tests.hostile.terminal import PROGRAM, Terminal
from tests.support.protects import protects

pytestmark = pytest.mark.process

EVIL = "p\x9b>7z\u202e\u200b\x07\x7f".encode()
PASTED = b"\x1b[200~" + EVIL + b"\x1b[201~"
ESC = b"\x1b[27u"  # a terminal's way to send it that nothing after it can change
GONE, NUMBER = b"(delete the file)", b"(the number asked for)"


class Screen(NamedTuple):
    """A screen: the keys that lead to it, a text of its own, and the fields seen on it."""

    name: str
    keys: tuple[bytes, ...]
    text: bytes
    fields: str = ""


SCREENS = (
    Screen("all mail", (b"1", b"g", b"h", b"j", b"\r", b"j" * (FOLDERS + 5)),
           b"All mail", "Ffro Fsub"),
    Screen("inspector whole", (b"3", b"+", b"+"), b"problem", "Fnam"),
    Screen("headers", (b"]",), b"Parts: ",
           "Ffro Fto Fccc Fsub Fmid Fdat Frec Fxhe Foth Ffil"),
    Screen("raw", (b"]",), b"boundary", "Ffro Frec Fhea Fxhe Ffil Ftex"),
    Screen("history", (b"]",), b"Nothing has been done"),
    Screen("a file that is gone", (GONE, b"["), b"here no longer"),
    Screen("panes again", (b"[", b"[", b"_", b"_", b"2"), b"problem", "Fsub"),
    Screen("more of the list", (b"\x1b[6~",), b"Ffro", "Ffro Fsub"),
    Screen("the end of it", (b"G", b"kkk"), b"/%d" % (68 + FOLDERS), "Fsub"),
    Screen("copied", (b"y",), b"Copied the path"),
    Screen("copied again", (b"y",), b"Copied the Message-ID"),
    Screen("folder asked", (b"m",), b"of the folder", "Ffol"),
    Screen("folders offered", (b"\x15", b"Fmut"), b"and 6 more", "Fmut"),
    Screen("no such folder", (b"\x15", PASTED, b"\r"), b"There is no folder"),
    Screen("flags asked", (ESC, b"f"), b"Flags of"),
    Screen("badges asked", (ESC, b"b"), b"Only messages"),
    Screen("filter", (ESC, b"/", PASTED, b"\r"), b"filter:"),
    Screen("no filter", (ESC,), b"no marks", "Ffro"),
    Screen("who", (b"!",), b"Who has the spool open", "Fcom Ffol"),
    Screen("help", (ESC, b"?"), b"First of all"),
    Screen("palette", (ESC, b"\x10", PASTED), b"p"),
    Screen("not examined", (ESC, b"1", b"g", b"l", b"G", b"h", b"k", b"k", b"\r"),
           b"Not examined:", "Fnot"),
    Screen("a folder", (ESC, b"1", b"G"), b"Subscribed", "Fmut"),
    Screen("its list", (b"\r",), b"1/", "Ffro Fsub"),
    Screen("folder put away", (b"1", b"d"), b"Plan: quarantine", "Fmut"),
    Screen("kind of problems", (ESC, b"0", b"\r"), b"all folders", "Ffol Ffro Fsub"),
    Screen("plan of all", (b"g", b"v", b"G", b"v", b"\r"), b"Plan: ", "Ffol Fnam"),
    Screen("all its changes", (b"w",), b"-> .Ffol", "Ffol Fnam"),
    Screen("applied", (NUMBER, b"Y"), b"u: undo"),
    Screen("journal", (b"J",), b"Journal of", "Fspo Fsum Ffol"),
    Screen("steps", (b"\r",), b"Steps of operation", "Ffol Fnam"),
    Screen("first operation", (ESC, b"j"), b"Steps of operation 1", "Fnam Frea"),
    Screen("journal filtered", (b"/", PASTED, b"\r"), b"No operation has these"),
    Screen("export asked", (ESC, b"e"), b"Write the session log"),
    Screen("export refused", (b"\x15", b"/nowhere/", PASTED, b".md\r"), b"No such file"),
    Screen("undo", (b"k", b"u"), b"Plan: undo", "Ffol Fnam"),
    Screen("history now", (ESC, ESC, b"3", b"]", b"]", b"]", b"+", b"+"), b"history"),
)  # fmt: skip


FIELDS = sorted({name for screen in SCREENS for name in screen.fields.split()})


@contextmanager
def visitor(spool: HostileSpool) -> Iterator[None]:
    """A process with a hostile name that has a hostile folder open."""
    name = b"Fcom" + (b"\x1b]0;x\x07" if spool.hostile else b"tame")
    program = os.path.join(spool.outer, name)
    os.symlink(b"/bin/cat", program)
    place = os.path.join(spool.root, spool.folders()[1])
    with subprocess.Popen([program], stdin=subprocess.PIPE, cwd=place) as process:
        yield
        assert process.stdin is not None
        process.stdin.close()


def journal_text(spool: HostileSpool) -> None:
    """An operation in the journal, in which all free text is hostile."""
    words = ["fix", os.fsdecode(spool.root), os.fsdecode(spool.message(25)), "--yes", "-q"]
    home = {**os.environ, "HOME": os.fsdecode(spool.place)}
    home["XDG_CACHE_HOME"] = os.fsdecode(spool.place) + "/cache"
    state = ["--state-dir", os.fsdecode(spool.state), "--jobs", "1"]
    subprocess.run([*PROGRAM, *words, *state], env=home, check=True)
    (journal,) = Path(os.fsdecode(spool.state)).glob("*/journal.sqlite")
    text = "\x1b]0;x\x07\x9b\u202e[/x]" if spool.hostile else "tame"
    with sqlite3.connect(journal) as db:
        db.execute("UPDATE operations SET summary = ?, session = ?", ("Fsum" + text, "Fses" + text))
        db.execute(
            "UPDATE sessions SET id = ?, user = ?, host = ?, version = ?",
            [name + text for name in ("Fses", "Fuse", "Fhos", "Fver")],
        )
        db.execute("UPDATE operations SET effects = ?", (json.dumps(["Feff" + text]),))
        db.execute("UPDATE steps SET reason = ?", ("Frea" + text,))
    db.close()


@dataclass
class Walk:
    """One session: what each screen was sent."""

    whole: bytes = b""
    drawn: dict[str, bytes] = field(default_factory=dict)


def walk(spool: HostileSpool, size: tuple[int, int]) -> Walk:
    """Starts the program in a terminal and goes through all screens."""
    os.symlink(b"/", os.path.join(spool.root, b"Fnot" + spool.texts[0]))
    journal_text(spool)
    words = [spool.root, "--jobs", "1", "--state-dir", spool.state]
    found = Walk()
    with visitor(spool):
        terminal = Terminal(words, os.fsencode(spool.place), size)
        try:
            terminal.until(b"surveyed 62 in")
            for screen in SCREENS:
                found.drawn[screen.name] = visit(terminal, screen, spool)
            os.write(terminal.master, b"q")
            assert terminal.end() == 0
        finally:
            terminal.close()
        found.whole = terminal.seen
    return found


def visit(terminal: Terminal, screen: Screen, spool: HostileSpool) -> bytes:
    """Presses the keys of one screen; gives what was sent until it was drawn."""
    since = len(terminal.seen)
    for key in screen.keys:
        if key == GONE:
            directory = os.path.join(spool.root, b"cur")
            for name in os.listdir(directory):
                if name.startswith(b"1600000000."):
                    os.unlink(os.path.join(directory, name))
            terminal.until(b"1 gone", since)
        elif key == NUMBER:
            asked = re.findall(rb"Type (\d+),", terminal.seen)
            terminal.press(asked[-1] if asked else b"")
        else:
            terminal.press(key)
    terminal.until(screen.text, since)
    return terminal.seen[since:]


LARGE, SMALL = (200, 50), (80, 24)
FULL = os.environ.get("MAILSURGEON_CRASH") == "full"


@protects(
    "no text of others reaches a terminal raw",
    where="text.py, tui/terminal/control_filter.py",
    seen="screens and commands by fields, the stream parsed; seen failing with `visible` "
    "taken from paths and the last filter off",
)
def test_no_text_of_others_reaches_the_terminal_raw_on_any_screen(tmp_path: Path) -> None:
    sizes = [LARGE, SMALL] if FULL else [LARGE]
    wanted = [(hostile, size) for size in sizes for hostile in (True, False)]

    def session(number: int) -> Walk:
        hostile, size = wanted[number]
        (place := tmp_path / str(number)).mkdir()
        return walk(HostileSpool(place, hostile), size)

    with ThreadPoolExecutor(len(wanted)) as pool:
        hostile, harmless, *small = pool.map(session, range(len(wanted)))
    wrong = {**missing(hostile, "\\x1b"), **missing(harmless, "tame")}
    assert wrong == {}
    shown = sum(Stream(hostile.whole).text.count(f"{name}\\x1b") for name in FIELDS)
    assert shown > 500
    kinds = [Stream(one.whole).kinds for one in (hostile, harmless, *small)]
    print(f"{len(SCREENS)} screens at {sizes}, {shown:,} hostile texts shown")
    print(f"0 raw bytes; control sequences: {dict(kinds[0])}")
    for evil, tame in zip(kinds[::2], kinds[1::2], strict=True):
        assert set(evil) - set(tame) == set()
    for found in kinds:
        systems = {kind for kind in found if kind.startswith(("OSC", "DCS", "APC", "PM", "SOS"))}
        # The shape of the pointer, and the copy that was asked for: Textual's own.
        assert systems <= {"OSC 22;d", "OSC 22;t", "OSC 52;c"}
        assert [kind for kind in found if kind.startswith(("RAW", "BAD"))] == []


def missing(walked: Walk, then: str) -> dict[str, list[str]]:
    """The screens that lack fields they should show, or on which something arrived raw."""
    found: dict[str, list[str]] = {}
    for screen in SCREENS:
        stream = Stream(walked.drawn[screen.name])
        lacking = [name for name in screen.fields.split() if f"{name}{then}" not in stream.text]
        if lacking or stream.foreign:
            found[screen.name] = [*lacking, *sorted(stream.foreign)]
    return found
