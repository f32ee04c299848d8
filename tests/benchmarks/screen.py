"""The screen: how soon it answers, how long a key takes, how many bytes it costs.

All in a terminal of 80x24. What a key has done is read off the drawn screen.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from mailsurgeon.maildir.folder_names import MAILDIRPP, folder_name
from mailsurgeon.tui.views import SORT_CYCLE
from tests.benchmarks.measuring import Failed, Measure, Sample, Samples, program, timed
from tests.benchmarks.setting import Setting
from tests.benchmarks.terminal import Terminal

QUIET = 0.015  # seconds without a byte after which an answer counts as complete
SETTLED = 0.4  # seconds without a byte after which nothing more is to come
BETWEEN_KEYS = 0.1  # seconds
KEYS = 80  # pressed at most while a survey runs
AT_REST = 3.0  # seconds
_PLACE = re.compile(r"([\d,]+)/([\d,]+)")
_SURVEYED = re.compile(r"surveyed [\d,]+ in")
_FILTER = b"v"  # stands in one of nine subjects, and in no name


def while_surveying(setting: Setting) -> list[Measure]:
    """From the start of the program to the end of its first survey."""
    return [Measure(("start", "key, surveying"), lambda: _first_survey(setting))]


def afterwards(setting: Setting) -> list[Measure]:
    """Lists and bytes, when the survey is over."""
    timed([*program(), "scan", str(setting.spool), "--quiet"],
          env=setting.own("screen", fresh=True))  # fmt: skip
    names = (
        "folder opened", "folder filtered", "folder sorted", "whole spool opened",
        "bytes, in view", "bytes, inspector", "bytes, scrolling", "bytes, idle",
    )  # fmt: skip
    return [Measure(names, lambda: _session(setting), 3)]


def _first_survey(setting: Setting) -> Samples:
    words = [*program(), str(setting.spool)]
    with Terminal(words, setting.own("screen-first", fresh=True)) as terminal:
        session = _Session(terminal)
        terminal.until(lambda: "Folders" in terminal.shown(), "the first screen")
        keys_line = terminal.screen.lines[-1]
        terminal.send(b"2")
        answered = terminal.until(
            lambda: terminal.screen.lines[-1] not in (keys_line, " " * 80), "the list's keys"
        )
        if session.surveyed():
            raise Failed("the survey was over before the first key; take a larger spool")
        start = Sample(answered - terminal.started)
        terminal.until(lambda: session.surveyed() or session.place()[1] > 2, "messages in the list")
        latencies: list[Sample] = []
        while not session.surveyed() and len(latencies) < KEYS:
            step = -1 if len(latencies) % 2 else 1
            latencies.append(session.moved(step))
            session.pause(BETWEEN_KEYS)
        return {"start": [start], "key, surveying": latencies}


def _session(setting: Setting) -> Samples:
    words = [*program(), str(setting.spool), "--read-only"]
    with Terminal(words, setting.own("screen")) as terminal:
        session = _Session(terminal)
        terminal.until(session.surveyed, "the end of the survey", SETTLED)
        whole = session.opened("All mail", b"g")
        # Ordered by problems, the largest is among the first.
        opened = session.opened(_largest_folder(setting.spool), b"o")
        session.press(b"2")
        filtered = session.timed(_FILTER, session.other_list, before=b"/")
        session.press(b"\x1b")
        ordered = [session.timed(b"s", session.other_place) for _ in SORT_CYCLE]
        session.press(b"02g")  # the worst problems, which the inspector has most to say of
        following = [session.bytes_of(b"j") for _ in range(6)]
        session.press(b"++g")
        alone = [session.bytes_of(b"j") for _ in range(10)]
        return {
            "whole spool opened": [whole], "folder opened": [opened],
            "folder filtered": [filtered], "folder sorted": ordered,
            "bytes, inspector": following, "bytes, in view": alone,
            "bytes, scrolling": [session.scrolling()],
            "bytes, idle": [session.idle()],
        }  # fmt: skip


LIST = 0.8  # seconds in which any list has come: a key more would leave it again


class _Session:
    """A person at the screen."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def surveyed(self) -> bool:
        """Whether the screen says that the survey is over."""
        return _SURVEYED.search(self.terminal.shown()) is not None

    def place(self) -> tuple[int, int]:
        """Where the cursor is in the list, and how long the list is; zeros while it is empty."""
        found = _PLACE.search(self.title())
        if found is None:
            return 0, 0
        return int(found[1].replace(",", "")), int(found[2].replace(",", ""))

    def title(self) -> str:
        """The line of titles."""
        return self.terminal.screen.lines[1]

    def press(self, keys: bytes) -> int:
        """Presses keys one by one and waits for what they do; gives the bytes that came."""
        count = 0
        for key in keys:
            self.terminal.send(bytes((key,)))
            count += self.terminal.rest(SETTLED)
        return count

    def bytes_of(self, key: bytes) -> Sample:
        """What a key costs on the line, with all that follows it."""
        return Sample(self.press(key))

    def pause(self, seconds: float) -> None:
        """Reads on for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.terminal.take(left)

    def moved(self, step: int) -> Sample:
        """One line down (1) or up (-1) in the list; milliseconds to the last byte."""
        wanted = self.place()[0] + step
        pressed = self.terminal.send(b"j" if step > 0 else b"k")
        last = self.terminal.until(lambda: self.place()[0] == wanted, "the cursor's move", QUIET)
        return Sample((last - pressed) * 1000)

    def timed(
        self, key: bytes, change: Callable[[tuple[int, int]], bool], *, before: bytes = b""
    ) -> Sample:
        """A key that changes the list; milliseconds to the last byte. `before` is not counted."""
        if before:
            self.press(before)
        was = self.place()
        pressed = self.terminal.send(key)
        last = self.terminal.until(lambda: change(was), f"what {key!r} does", QUIET)
        self.terminal.rest(SETTLED)
        return Sample((last - pressed) * 1000)

    def other_list(self, was: tuple[int, int]) -> bool:
        """Whether the list is another than it was."""
        return self.place()[1] not in (0, was[1])

    def other_place(self, was: tuple[int, int]) -> bool:
        """Whether the cursor stands elsewhere than it stood."""
        return self.place()[0] not in (0, was[0])

    def opened(self, name: str, first: bytes) -> Sample:
        """Goes to a line of the tree from the one above it; milliseconds to its list drawn."""
        self.press(b"1" + first)
        self._find(name)
        length = self.place()[1]
        self.terminal.send(b"k")
        self.terminal.until(lambda: name[:20] not in self.title(), f"what is above {name}", SETTLED)
        return self.timed(
            b"j", lambda _was: name[:20] in self.title() and self.place() == (1, length)
        )

    def _find(self, name: str) -> None:
        """Goes down the tree until the list of this name is shown."""
        if name[:20] in self.title():  # shown from before: the first in the tree is another
            self.terminal.send(b"j")
            self.terminal.until(lambda: name[:20] not in self.title(), "another list", SETTLED)
        for _ in range(300):
            # A heading shows the list before it: one key at least.
            self.press(b"j")
            self.terminal.rest(LIST)
            if name[:20] in self.title():
                return
        raise Failed(f"{name}: not in the tree\n{self.terminal.shown()}")

    def scrolling(self) -> Sample:
        """The mean of 100 keys at the lower edge of the list."""
        for _ in range(30):
            self.terminal.send(b"j")
            self.terminal.rest(0.05)
        self.terminal.rest(SETTLED)
        count = 0
        for _ in range(100):
            self.terminal.send(b"j")
            count += self.terminal.rest(0.08)
        return Sample((count + self.terminal.rest(SETTLED)) / 100)

    def idle(self) -> Sample:
        """What comes when no key is pressed."""
        self.terminal.rest(1.0)
        return Sample(self.terminal.rest(AT_REST))


def _largest_folder(spool: Path) -> str:
    """The name of the folder with the most messages."""
    counts = {
        path: len(os.listdir(os.path.join(spool, os.fsdecode(path), "cur")))
        for path in os.listdir(os.fsencode(spool))
        if path.startswith(b".") and os.path.isdir(os.path.join(spool, os.fsdecode(path), "cur"))
    }
    return folder_name(max(counts, key=lambda path: counts[path]), MAILDIRPP)
