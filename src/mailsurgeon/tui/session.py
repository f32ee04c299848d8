"""What the screen works with: the spool, its index, and the functions that look and change.

The screen imports no surgery by itself: it gets everything here, so that tests can hand in others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.surgery.model import Plan, Report
from mailsurgeon.survey.index.index import Index


class Operation(Protocol):
    """An entry of the journal, as far as the screen shows it."""

    @property
    def id(self) -> int: ...
    @property
    def time(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def of(self) -> int | None: ...
    @property
    def summary(self) -> str: ...
    @property
    def state(self) -> str: ...


class StepRecord(Protocol):
    """A step of an operation, as far as the screen shows it."""

    @property
    def action(self) -> str: ...
    @property
    def source(self) -> bytes | None: ...
    @property
    def target(self) -> bytes | None: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str | None: ...


class Surgeon(Protocol):
    """The only one who changes the spool, as far as the screen needs it."""

    def apply(
        self,
        plan: Plan,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Report: ...
    def plan_undo(self, operation: int | None = None) -> Plan: ...
    def plan_redo(self, operation: int | None = None) -> Plan: ...
    def operations(self) -> Sequence[Operation]: ...
    def steps(self, operation: int) -> Iterator[StepRecord]: ...
    def history(self, path: bytes) -> Sequence[tuple[Operation, StepRecord]]: ...
    def unfinished(self) -> Operation | None: ...
    def recover(self) -> Report | None: ...
    @property
    def quarantine_dir(self) -> bytes: ...
    @property
    def journal_path(self) -> Path: ...


class SurveyResult(Protocol):
    """What a survey says of itself."""

    @property
    def seconds(self) -> float: ...
    @property
    def messages(self) -> int: ...
    @property
    def not_examined(self) -> int: ...
    @property
    def cancelled(self) -> bool: ...


@dataclass
class SpoolSession:
    """Everything one run of the screen works with.

    The functions have the signatures of `Apart.survey`, `planning.propose`,
    `planning.propose_folder`, `planning.described`, `planning.without`, `brake.brake` and
    `session_log.write_log`.
    `prepare` is called once, in a worker, when the first frame stands and before the first survey.
    `index` belongs to the thread of the screen; workers take `index.again()`. `watch` makes a
    `watching.Watcher`; without one nothing is looked at unasked. `listen` gets whoever is to be
    told, in lines, what those who read messages have to say. `inspect_delay` is in seconds; `now`
    gives unix time.
    """

    spool: Spool
    index: Index
    options: Any
    surgeon: Surgeon
    survey: Callable[..., SurveyResult]
    propose: Callable[..., Plan]
    propose_folder: Callable[..., Plan]
    described: Callable[..., Plan]
    without: Callable[..., Plan]
    brake: Callable[[Plan, Mapping[bytes, int]], int | None]
    write_log: Callable[[Any, str], str]
    prepare: Callable[[], object] = tuple
    watch: Callable[..., Any] | None = None
    read_only: bool = False
    ascii: bool = False
    theme: str = ""
    listen: Callable[[Callable[[str], object]], object] = bool
    keymap: Mapping[str, str] = field(default_factory=dict)
    inspect_delay: float = 0.12
    now: Callable[[], float] = time.time
