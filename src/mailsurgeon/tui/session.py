"""One spool as the screens work with it: its index, and what surveys, watches and changes it.

This is the one place with late imports for the screens: the first frame needs neither plans nor a
watcher, and their modules cost a third of the start. `SpoolSession.tools` and `watch_spool` load
them on first use.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypedDict

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options
from mailsurgeon.survey.progress import Progress, SurveyResult
from mailsurgeon.tui.themes import Depth

if TYPE_CHECKING:
    from mailsurgeon.host.host import Host
    from mailsurgeon.surgery.surgeon import Surgeon
    from mailsurgeon.survey.watch.watcher import News, Watcher
    from mailsurgeon.tui.spool_tools import SpoolTools


class SurveyCall(Protocol):
    """A function that surveys a spool, such as `run_survey`, with the arguments a screen gives."""

    def __call__(
        self,
        spool: Spool,
        index: Index,
        options: Options | None = None,
        *,
        folders: Iterable[bytes] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        given_up: Callable[[bytes], bool] | None = None,
    ) -> SurveyResult: ...


class ScreenSettings(TypedDict, total=False):
    """The settings that a session over one spool and a session over many have in common."""

    read_only: bool
    ascii: bool
    theme: str
    keymap: Mapping[str, str]
    listen: Callable[[Callable[[str], object]], object]


class SessionTimes(TypedDict, total=False):
    """The fields of a SpoolSession that concern time."""

    inspect_delay: float
    now: Callable[[], float]


@dataclass
class SpoolSession:
    """Everything the screens need for one spool.

    A worker calls `prepare` once, after the first frame and before the first survey. `index`
    belongs to the thread of the screen; workers use `index.again()`. `watch` makes a watcher, as
    `watch_spool` does; without it, changes on disk go unnoticed. `listen` gets the function that
    shows what the readers of messages report, line by line. `inspect_delay` is in seconds; `now`
    returns unix time.
    """

    spool: Spool
    index: Index
    options: Options
    surgeon: Surgeon
    survey: SurveyCall
    prepare: Callable[[], object] = tuple
    watch: Callable[..., Watcher] | None = None
    read_only: bool = False
    ascii: bool = False
    theme: str = ""
    depth: Depth = "true"
    listen: Callable[[Callable[[str], object]], object] = bool
    keymap: Mapping[str, str] = field(default_factory=dict[str, str])
    inspect_delay: float = 0.12
    now: Callable[[], float] = time.time

    @cached_property
    def tools(self) -> SpoolTools:
        """Makes plans and the session log. Any thread may use this property."""
        from mailsurgeon.tui.spool_tools import SpoolTools

        return SpoolTools(self.spool, self.surgeon, self.options.host)


def watch_spool(
    spool: Spool,
    tell: Callable[[News], None],
    *,
    exclude: tuple[str, ...],
    host: Host | None = None,
) -> Watcher:
    """A watcher of the spool, not started yet, which calls `tell` in its own thread.

    `host`: the computer that watches the spool; this one if None.
    """
    from mailsurgeon.survey.watch.watcher import Watcher

    return Watcher(spool, tell, exclude=exclude, host=host)
