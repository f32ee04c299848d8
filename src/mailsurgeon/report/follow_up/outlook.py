"""Says whether servers and syncs get through a spool now, and if not, where they stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mailsurgeon.diagnosis.catalogue import problem_kind
from mailsurgeon.procedures.obstacles import Obstacle, Outlook
from mailsurgeon.report.follow_up.left import MOST_PATHS
from mailsurgeon.report.output import counted, path_json, print_folded
from mailsurgeon.text import path_shown

if TYPE_CHECKING:
    from rich.console import Console

_WHO = {
    (True, False, True): "an IMAP server, and a sync through it, will stop at",
    (False, True, True): "mbsync, where it syncs this spool itself, will stop at",
    (True, True, False): "an IMAP server or a sync may stop at",
    (True, False, False): "an IMAP server, and a sync through it, may stop at",
    (False, True, False): "mbsync, where it syncs this spool itself, may stop at",
}
"""By whether servers and syncs of the Maildir itself stop, and whether they do so surely."""


def outlook_as_dict(outlook: Outlook) -> dict[str, Any]:
    """Where programs stop, ready for JSON. `complete`: the survey saw all there is."""
    return {
        "get_through": not outlook.obstacles,
        "complete": outlook.whole,
        "stops": [
            {
                "path": path_json(one.path),
                "code": one.code,
                "server": one.stops.server,
                "sync": one.stops.sync,
                "surely": one.stops.surely,
            }
            for one in outlook.obstacles
        ],
    }


def print_outlook(
    console: Console, outlook: Outlook, *, whole: bool = False, planned: bool = False
) -> None:
    """Prints one line if all get through, else where who stops. `planned`: once the plan is carried
    out."""
    most = None if whole or not console.file.isatty() else MOST_PATHS
    start = "once this is done, " if planned else ""
    doubt = _doubt(outlook)
    if not outlook.obstacles:
        known = f", as far as is known: {doubt}" if doubt else ""
        line = f"{start}IMAP servers and syncs such as mbsync get through the whole spool{known}"
        print_folded(console, f"{'servers':<8}  {line}")
        return
    for number, (who, group) in enumerate(_groups(outlook)):
        label = "" if number else "servers"
        print_folded(console, f"{label:<8}  {start}{who} {_things(group)}:")
        for one in group[:most]:
            badge = problem_kind(one.code).badge
            console.print(f"          {badge:<4} {path_shown(one.path)}", soft_wrap=True)
        if most is not None and len(group) > most:
            console.print(f"          and {len(group) - most:,} more; -v names all")
    if doubt:
        print_folded(console, f"{'':<8}  there may be more: {doubt}")


def _groups(outlook: Outlook) -> Iterator[tuple[str, list[Obstacle]]]:
    for (server, sync, surely), who in _WHO.items():
        group = [
            one
            for one in outlook.obstacles
            if (one.stops.server, one.stops.sync, one.stops.surely) == (server, sync, surely)
        ]
        if group:
            yield who, group


def _things(group: list[Obstacle]) -> str:
    """`2 messages and 1 folder`."""
    messages = len({one.path for one in group if problem_kind(one.code).scope == "message"})
    places = len({one.path for one in group if problem_kind(one.code).scope != "message"})
    parts = [counted(messages, "message")] if messages else []
    if places:
        parts.append(counted(places, "folder or server's file", "folders or servers' files"))
    return " and ".join(parts)


def _doubt(outlook: Outlook) -> str:
    """Why that is not certain; empty if it is."""
    why: list[str] = []
    if outlook.unseen:
        was = "was" if outlook.unseen == 1 else "were"
        why.append(f"{counted(outlook.unseen, 'path')} {was} not examined")
    if outlook.excluded:
        why.append("--exclude left some out")
    return " and ".join(why)
