"""Makes the pictures of the README from the demo: main screen, plan, journal, help.

`python scripts/screenshots.py [DIRECTORY]` (by default `screenshots/`) builds a sample spool, opens
the screen on it without a terminal, presses the keys that an operator would press, and writes what
the screen shows, as SVG and PNG. For the PNGs it needs `rsvg-convert` and the fonts DejaVu Sans
Mono and Noto Sans Mono CJK (Debian: librsvg2-bin, fonts-dejavu-core, fonts-noto-cjk).
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.cells import cell_len
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from mailsurgeon.procedures.demo import CLOCK_AHEAD, build_sample
from mailsurgeon.surgery.surgeon import Surgeon
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey
from mailsurgeon.tui.app import MailsurgeonApp
from mailsurgeon.tui.session import SpoolSession

ROOT = Path(__file__).parents[1]
SIZE = (120, 36)  # columns, rows
FONTS = "'DejaVu Sans Mono', 'Noto Sans Mono CJK JP', Menlo, Consolas, monospace"
ZOOM = "1.25"
CELL = 12.2  # the width of a column in the SVG
_BLANKS = " \u00a0"
_WIDE = "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
_PIECES = f"[{_BLANKS}]+|[{_WIDE}]|[^{_BLANKS}{_WIDE}](?:[^{_WIDE}]*[^{_BLANKS}{_WIDE}])?"

# The keys to press, and the name of the picture to take then, if any.
SESSION: tuple[tuple[tuple[str, ...], str | None], ...] = (
    (("0", "down", "down", "enter"), "main"),
    (("A", "enter"), "plan"),
    (("Y",), None),
    (("0", "down", "down", "enter", "A", "enter", "Y"), None),
    (("u", "Y"), None),
    (("J",), "journal"),
    (("escape", "question_mark"), "help"),
)


async def take(target: Path, home: Path) -> list[Path]:
    """Runs the session on a sample spool in `home` and writes the SVGs to `target`.

    Returns their paths; ends the program if an operation of the session did not succeed.
    """
    options = Options(clock_ahead=CLOCK_AHEAD)
    spool = open_spool(build_sample(home), options)
    index = Index.open(home / "index.sqlite3")
    written: list[Path] = []
    with Surgeon(spool, state_dir=home / ".local" / "state" / "mailsurgeon") as surgeon:
        app = MailsurgeonApp(SpoolSession(spool, index, options, surgeon, run_survey))
        async with app.run_test(size=SIZE) as pilot:
            await _quiet(pilot)
            for keys, name in SESSION:
                await _press(pilot, keys)
                if name is not None:
                    picture = target / f"{name}.svg"
                    svg = app.export_screenshot(title="mailsurgeon")
                    picture.write_text(_own_fonts(svg), "utf-8")
                    written.append(picture)
        states = [operation.state for operation in surgeon.operations()]
    index.close()
    if states != ["applied", "undone", "applied"]:
        sys.exit(f"the session went wrong: its operations are {', '.join(states) or 'none'}")
    return written


async def _press(pilot: Pilot[int], keys: Iterable[str]) -> None:
    for key in keys:
        await pilot.press(key)
        await _quiet(pilot)


async def _quiet(pilot: Pilot[int]) -> None:
    """Waits until no survey and no operation runs and no message is pending."""
    app = pilot.app
    assert isinstance(app, MailsurgeonApp)
    for _ in range(3):
        with contextlib.suppress(WorkerCancelled):  # a newer one of its kind took its place
            await app.workers.wait_for_complete()
        await pilot.pause(2 * app.session.inspect_delay)


def _own_fonts(svg: str) -> str:
    """The picture with fonts of the reader's machine, so that it downloads none.

    A cell is 12.2 wide. DejaVu Sans Mono is that wide at 20.26 pixels, and its letters reach lower.
    """
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: (?!arial)[^;]+;", f"font-family: {FONTS};", svg)
    svg = svg.replace("font-family: arial;", "font-family: sans-serif;")
    svg = svg.replace("font-size: 20px;", "font-size: 20.26px;")
    svg = re.sub(r'(clip-terminal">\s*<rect [^>]*height=")([\d.]+)', _taller, svg)
    return re.sub(
        r'<text ([^>]*?)x="([\d.]+)"(.*?) textLength="[\d.]+"(.*?)>(.*?)</text>', _placed, svg
    )


def _taller(place: re.Match[str]) -> str:
    return f"{place[1]}{float(place[2]) + 4:g}"


def _placed(element: re.Match[str]) -> str:
    """One text element, cut into pieces that each begin at the x of their column.

    A wide character is a piece of its own, since no font draws it exactly two cells wide. A piece
    begins after leading blanks, since some programs drop these.
    """
    before, left, between, after, text = element.groups()
    pieces: list[str] = []
    column = 0
    for part in re.findall(_PIECES, html.unescape(text)):
        width = cell_len(part)
        if part.strip(_BLANKS):
            x, length = float(left) + CELL * column, CELL * width
            shown = html.escape(part).replace(" ", "&#160;")
            pieces.append(
                f'<text {before}x="{x:g}"{between} textLength="{length:g}"{after}>{shown}</text>'
            )
        column += width
    return "".join(pieces)


def to_png(picture: Path) -> None:
    """Converts an SVG to a PNG beside it."""
    target = picture.with_suffix(".png")
    subprocess.run(["rsvg-convert", "--zoom", ZOOM, "-o", target, picture], check=True)


def main() -> None:
    """Takes the pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "screenshots"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as home:
        os.environ["HOME"] = home  # the spool is shown as ~/Maildir
        pictures = asyncio.run(take(target, Path(home)))
    if shutil.which("rsvg-convert") is None:
        sys.exit("no rsvg-convert here: the SVGs are new, the PNGs are not")
    for picture in pictures:
        to_png(picture)
        print(picture, picture.with_suffix(".png"))


if __name__ == "__main__":
    main()
