"""Facts as text of a given width: pure functions, everything measured in terminal cells."""

from __future__ import annotations

import calendar
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style
from rich.text import Text

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.survey.index.rows import Entry, Place
from mailsurgeon.text import path_shown, visible

FIELD_LIMIT = 300  # characters of one field that are used


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Visible text cut (with an ellipsis) or padded to exactly `width` cells."""
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    space = " " * (width - length)
    return space + text if right else text + space


def fit_end(text: str, width: int) -> str:
    """Visible text in exactly `width` cells; keeps the end, where folder names differ."""
    if cell_len(text) <= width:
        return fit(text, width)
    kept = text[-(width - 1) :] if width > 1 else ""
    while cell_len(kept) > width - 1:
        kept = kept[1:]
    return fit("…" + kept, width)


def size_text(size: int) -> str:
    """Bytes in at most four cells: `0`, `987`, `11k`, `1.2M`."""
    if size < 1000:
        return str(size)
    value = float(size)
    for unit in "kMGTPE":
        value /= 1000
        if value < 9.95:
            return f"{value:.1f}{unit}" if unit != "k" else f"{value:.0f}{unit}"
        if value < 999.5:
            return f"{value:.0f}{unit}"
    return "huge"


def count_text(number: int) -> str:
    """A count in at most six cells: `9,999`, `12.0k`, `1.7M`."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1000:.1f}k" if number < 999_950 else f"{number / 1_000_000:.1f}M"


def bar_text(share: float, width: int) -> str:
    """A bar in exactly `width` cells: a share of 1 fills it, any above 0 shows."""
    halves = min(2 * width, max(1 if share > 0 else 0, round(share * 2 * width)))
    return ("━" * (halves // 2) + "╸" * (halves % 2)).ljust(width)


def date_text(mtime_ns: int, long: bool) -> str:
    """A file's time in the local zone: `12-03-04`, or `2012-03-04 10:22` if `long`."""
    width = 16 if long else 8
    try:
        moment = time.localtime(mtime_ns // 1_000_000_000)
        # The year of a damaged time may have three or seven digits.
        return fit(time.strftime("%Y-%m-%d %H:%M" if long else "%y-%m-%d", moment), width)
    except (OverflowError, OSError, ValueError):
        return fit("?", width)


def local_time(moment: str, *, seconds: bool = False) -> str:
    """A time of the journal (`2026-01-31T12:00:00Z`) in the local zone, safe to show."""
    try:
        known = calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ"))
        form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
        return time.strftime(form, time.localtime(known))
    except (OverflowError, OSError, ValueError):
        return visible(moment)


def home_text(path: str) -> str:
    """An absolute path with the home directory as `~`."""
    home = os.path.expanduser("~")
    inside = path == home or path.startswith(home.rstrip("/") + "/")
    return visible("~" + path[len(home) :] if inside and home != "/" else path)


def badge(code: str) -> str:
    """The badge of a code; for an unknown code, its first four letters."""
    kind = CATALOGUE.get(code)
    return kind.badge if kind else visible(code[:4].upper())


def title(code: str) -> str:
    """The title of a code; for an unknown code, the code."""
    kind = CATALOGUE.get(code)
    return kind.title if kind else visible(code)


@dataclass(frozen=True, slots=True)
class Columns:
    """The widths of a message list's columns, in cells; the first cell of a row is the mark."""

    badges: int
    date: int
    folder: int  # 0: no such column
    sender: int
    subject: int
    size: int

    @classmethod
    def for_width(cls, width: int, *, folders: bool) -> Columns:
        """The columns that fill `width` cells."""
        wide = width >= 90
        badges, date, size = (14, 16, 5) if wide else (5, 8, 4)
        rest = max(0, width - 1 - badges - date - size - 4)  # four gaps
        folder = 0
        if folders:
            folder = 20 if wide else min(12, rest // 3)
            rest -= folder + 1
        sender = min(30, rest * 2 // 5) if wide else min(15, rest * 45 // 100)
        return cls(badges, date, folder, sender, rest - sender, size)


def head_text(
    columns: Columns,
    sort: str,
    descending: bool,
    *,
    click: Callable[[str], Style] = lambda _: Style.null(),
) -> Text:
    """The names of the columns, above a list; the one that it is sorted by (one of SORTS) bears an
    arrow: down if the largest comes first. `click`: the style that makes a name run an action."""
    parts = [
        ("problem", "kind", columns.badges), ("date", "when", columns.date),
        ("path", "folder", columns.folder), ("sender", "from", columns.sender),
        ("subject", "subject", columns.subject), ("size", "size", columns.size),
    ]  # fmt: skip
    line = Text(no_wrap=True, end="")
    for name, title, width in parts:
        if not width:
            continue
        chosen = name == sort
        shown = title + ("▾" if descending else "▴") * chosen
        # The arrow of the last column may take the gap before it.
        text = fit(shown, width + 1, right=True) if name == "size" else " " + fit(shown, width)
        line.append(text, "bold" if chosen else "dim")
        line.stylize(click(f"sort_by({name!r})"), len(line) - len(text) + 1)
    return line


def row_text(entry: Entry, columns: Columns, folder: str) -> str:
    """A row without its badges. `folder` is the decoded name, not made visible."""
    # The index keeps no time of folders and of servers' files.
    dated = entry.place != Place.FOLDER or entry.mtime_ns != 0
    parts = [date_text(entry.mtime_ns, columns.date > 8) if dated else " " * columns.date]
    if columns.folder:
        parts.append(fit_end(visible(folder, FIELD_LIMIT), columns.folder))
    if entry.place == Place.FOLDER or entry.kind != "file":
        what = "" if entry.place == Place.FOLDER else f"({entry.kind}) "
        text = what + path_shown(entry.path)
        parts.append(fit_end(text, columns.sender + 1 + columns.subject))
    else:
        parts.append(fit(_or(_name(entry.sender), "(no sender)"), columns.sender))
        parts.append(fit(_or(entry.subject, "(no subject)"), columns.subject))
    size = "" if entry.kind == "directory" else size_text(entry.size)
    parts.append(fit(size, columns.size, right=True))
    return " " + " ".join(parts)


def _name(sender: str | None) -> str | None:
    """The name alone of `Name <address>`: there is no room for both."""
    return sender.partition(" <")[0] if sender and sender.endswith(">") else sender


def _or(text: str | None, instead: str) -> str:
    if text is None:
        return "(not read yet)"
    # The index keeps visible text; a second pass leaves it as it is.
    return visible(text[:FIELD_LIMIT]) if text.strip() else instead


def badges_text(
    problems: Sequence[tuple[str, int]], width: int
) -> tuple[list[tuple[str, int]], str]:
    """The badges that fit in `width` cells, as (text, severity), and the filling after them.

    A `+` in the filling stands for more badges.
    """
    shown: list[tuple[str, int]] = []
    used = 0
    for code, severity in problems:
        text = fit(badge(code), 4)
        if used + len(text) > width:
            break
        if shown:
            text = " " + text
            if used + len(text) > width:
                break
        shown.append((text, severity))
        used += len(text)
    more = len(problems) > len(shown)
    return shown, ("+" if more and used < width else "") + " " * (
        width - used - (1 if more and used < width else 0)
    )
