"""Opens the screen. Only this module imports Textual, and only once the screen is to open.

Every command line imports this module, so its functions import what they need.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from mailsurgeon.cli.console import complain
from mailsurgeon.cli.options import COMMON, Common, UsualSpool
from mailsurgeon.cli.startup import LateSurgeon, exits_promptly
from mailsurgeon.errors import MailsurgeonError

if TYPE_CHECKING:
    from mailsurgeon.maildir.spool import Spool
    from mailsurgeon.surgery.surgeon import Surgeon
    from mailsurgeon.survey.index.index import Index
    from mailsurgeon.survey.process.client import Apart


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Display:
    """The options for how the screen looks."""

    ascii: Annotated[bool, Parameter(help="Draw with ASCII characters only.")] = False
    theme: Annotated[
        str, Parameter(metavar="NAME", help="dark, light, or one of Textual's themes by name.")
    ] = ""
    no_mouse: Annotated[bool, Parameter(help="Leave the mouse to the terminal.")] = False


_NO_SCREEN = (None, "", "dumb", "unknown")
DISPLAY = Display()


def screen(
    spool: UsualSpool = None,
    /,
    *,
    all: Annotated[
        bool, Parameter(help="Begin with a list of all spools at or below the path.")
    ] = False,
    read_only: Annotated[bool, Parameter(help="Change nothing.")] = False,
    display: Display = DISPLAY,
    common: Common = COMMON,
) -> int:
    """Open the screen on a spool: view, repair and undo with keys.

    If the path is not a spool but has several below it, such as /var/vmail, the screen opens with
    a list of them (scan-all --help explains what a spool is).
    """
    with exits_promptly():
        from mailsurgeon.cli.open_spool import opened, several

        if spool is not None and (all or several(spool, common) is not None):
            return _run_on_many(spool, common, display, read_only=read_only)
        chosen = opened(spool, common)
        terminal_needed()
        with _index(chosen) as index:
            return run_on(chosen, index, common, display, read_only=read_only)


def _run_on_many(directory: str, common: Common, display: Display, *, read_only: bool) -> int:
    """Opens the list of spools below a directory."""
    from mailsurgeon.cli.spools_below import refuse_single_spool_options, require_spool_below

    refuse_single_spool_options(common)
    top = require_spool_below(directory, common)
    terminal_needed()
    gc.enable()
    with _apart(common) as apart:
        from mailsurgeon.procedures.survey_spool import SurveyRequest
        from mailsurgeon.surgery.surgeon import Surgeon
        from mailsurgeon.tui.app import run_spools

        return run_spools(
            top,
            SurveyRequest(common.survey_options(), survey=apart.survey),
            lambda spool: Surgeon(spool, **common.journal_options(), host=common.host),
            listen=apart.listen,
            read_only=read_only,
            ascii=display.ascii,
            theme=display.theme,
            mouse=not display.no_mouse,
        )


@contextmanager
def _apart(common: Common, spool: Spool | None = None) -> Iterator[Apart]:
    """The process that surveys beside the screen.

    Raises MailsurgeonError if the cluster named by `--scheduler` cannot be used.
    """
    from mailsurgeon.survey.process.client import Apart

    with closing(Apart(common.jobs, common.scheduler, complain)) as apart:
        if common.scheduler is not None:
            apart.meet(spool)
        yield apart


def terminal_needed() -> None:
    """Raises MailsurgeonError if there is no terminal that a screen can be drawn on."""
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") not in _NO_SCREEN:
        return
    raise MailsurgeonError(
        "the screen needs a terminal; without one these work: scan, fix, file, flags, undo,"
        " redo, log, quarantine, explain (mailsurgeon scan SPOOL)"
    )


def run_on(
    spool: Spool,
    index: Index,
    common: Common,
    display: Display,
    *,
    read_only: bool = False,
    clock_ahead: float = 0.0,
    lasting: bool = True,
) -> int:
    """Opens the screen on one spool; returns the exit code. `clock_ahead` in seconds. `lasting`:
    the spool is there afterwards, so the operator is told how to take back what was done."""
    surgeon = LateSurgeon(spool, common)

    def prepare() -> None:
        apart.start()
        surgeon.open()
        gc.freeze()  # a collection that visits every loaded module would delay a key
        gc.enable()

    with _apart(common, spool) as apart, closing(surgeon):
        from mailsurgeon.tui.app import run_app

        code = run_app(
            spool,
            index,
            common.survey_options(clock_ahead),
            cast("Surgeon", surgeon),
            survey=apart.survey,
            prepare=prepare,
            listen=apart.listen,
            read_only=read_only,
            ascii=display.ascii,
            theme=display.theme,
            mouse=not display.no_mouse,
        )
        if lasting and (done := surgeon.done()):
            from mailsurgeon.report.follow_up.leaving import leaving_text

            print(leaving_text(done, spool.shown, common.words()))
        return code


@contextmanager
def _index(spool: Spool) -> Iterator[Index]:
    """The stored index of this spool, or a temporary one if it cannot be stored."""
    import sqlite3

    from mailsurgeon.survey.index.index import Index
    from mailsurgeon.survey.open_spool import index_path

    try:
        index = Index.open(index_path(spool))
    except (OSError, sqlite3.Error):
        import tempfile

        from mailsurgeon.host.own_places import temporary_home

        with (
            tempfile.TemporaryDirectory(
                prefix="mailsurgeon-", dir=temporary_home(spool.root)
            ) as directory,
            temporary_index(directory) as index,
        ):
            yield index
        return
    try:
        yield index
    finally:
        index.close()


@contextmanager
def temporary_index(directory: str) -> Iterator[Index]:
    """An index in a directory that the caller removes."""
    from pathlib import Path

    from mailsurgeon.survey.index.index import Index

    index = Index.open(Path(directory) / "index.sqlite3")
    try:
        yield index
    finally:
        index.close()
