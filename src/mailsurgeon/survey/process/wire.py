"""The messages between a program and the process that surveys for it; they are sent pickled.

The program sends one order. The process answers with questions, each of which the program answers
with True or False, and ends with Done or Failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailsurgeon.maildir.spool import Spool

if TYPE_CHECKING:  # the program that only sends an order need not load these
    from mailsurgeon.survey.open_spool import Options
    from mailsurgeon.survey.progress import Progress, SurveyResult


@dataclass(frozen=True, slots=True)
class SurveyOrder:
    """A call of `run_survey`. `reports`, `cancels`, `gives_up`: whether the program takes
    ProgressReport, IsCancelled and IsGivenUp."""

    spool: Spool
    index_path: Path
    options: Options | None
    quick: bool
    folders: frozenset[bytes] | None
    reports: bool
    cancels: bool
    gives_up: bool


@dataclass(frozen=True, slots=True)
class MeetOrder:
    """Finds out whether the cluster can be used (for this spool)."""

    spool: Spool | None


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """A line for the operator."""

    text: str


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How far the survey is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class IsCancelled:
    """Asks whether the survey is to stop."""


@dataclass(frozen=True, slots=True)
class IsGivenUp:
    """Asks whether to go on without a directory (relative to the spool) that does not answer."""

    place: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The order was carried out; `result` is that of a survey."""

    result: SurveyResult | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The order raised this error."""

    error: BaseException


Order = SurveyOrder | MeetOrder
Question = OperatorLine | ProgressReport | IsCancelled | IsGivenUp
Outcome = Done | Failed
