"""The options that several commands share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

from cyclopts import Parameter
from cyclopts.validators import Number

from mailsurgeon.host.host import Host

if TYPE_CHECKING:
    from mailsurgeon.survey.open_spool import Options

DEFAULTS = Parameter(negative=(), show_default=False)
"""Applies to every option of every command."""

SpoolPath = Annotated[str, Parameter(help="The mail root: a Maildir, or a directory of Maildirs.")]
UsualSpool = Annotated[
    str | None,
    Parameter(
        help="The mail root: a Maildir, or a directory of Maildirs. Default: $MAIL if it is a"
        " Maildir, else ~/Maildir, ~/mail or ~/.maildir.",
        show_default=False,
    ),
]
Codes = Annotated[
    tuple[str, ...],
    Parameter(
        name="--only",
        help="Only problems with this code or badge (mailsurgeon explain lists them); may be"
        " repeated. Default: all.",
        metavar="CODE",
        show_default=False,
    ),
]
Folders = Annotated[
    tuple[str, ...],
    Parameter(
        name="--folder",
        help="Only this folder; may be repeated. Default: all.",
        metavar="NAME",
        show_default=False,
    ),
]
OutcomeFormat = Literal["table", "json"]


_TMP_AGE = 36.0  # hours


class JournalOptions(TypedDict):
    """Arguments of `Surgeon` that say which journal is used, and what stands in its way."""

    state_dir: Path | None
    journal: Path | None
    leave_unfinished: bool


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common:
    """The options of every command, and the computer it runs on, which `run` hands in."""

    state_dir: Annotated[
        Path | None,
        Parameter(
            metavar="DIR",
            help="Where the journal is kept. Default: ~/.local/state/mailsurgeon, for root"
            " /var/lib/mailsurgeon.",
        ),
    ] = None
    journal: Annotated[
        Path | None,
        Parameter(
            metavar="FILE",
            help="Use this journal, although it may have been kept for another spool. Default: the"
            " spool's own.",
        ),
    ] = None
    leave_unfinished: Annotated[
        bool, Parameter(help="Go on beside an unfinished operation of another user or host.")
    ] = False
    quarantine: Annotated[
        Path | None,
        Parameter(
            metavar="DIR",
            help="Where things are put away, on the same file system. Default: .NAME.quarantine"
            " beside the spool NAME.",
        ),
    ] = None
    layout: Annotated[
        Literal["maildir++", "fs"] | None,
        Parameter(metavar="KIND", help="How folders nest. Default: judged by their names."),
    ] = None
    control: Annotated[
        Path | None,
        Parameter(metavar="DIR", help="Dovecot's CONTROL= directory. Default: as doveconf has it."),
    ] = None
    index: Annotated[
        Path | None,
        Parameter(metavar="DIR", help="Dovecot's INDEX= directory. Default: as doveconf has it."),
    ] = None
    tmp_age: Annotated[
        float,
        Parameter(
            validator=Number(gte=0),
            metavar="HOURS",
            help=f"After how many hours a file in tmp/ is stale. Default: {_TMP_AGE:g}.",
        ),
    ] = _TMP_AGE
    exclude: Annotated[
        tuple[str, ...],
        Parameter(
            metavar="PATTERN",
            help="Leave out paths that match; may be repeated. Default: none.",
            show_default=False,
        ),
    ] = ()
    jobs: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=1),
            metavar="N",
            help="How many processes read messages. Default: one for each processor, 4 at most.",
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        Parameter(
            metavar="ADDRESS",
            help="Let a Dask cluster that mounts the spool read it: tcp://HOST:8786. Default:"
            " this computer reads.",
        ),
    ] = None
    quiet: Annotated[
        bool, Parameter(name=("--quiet", "-q"), help="Report only what was refused or went wrong.")
    ] = False
    verbose: Annotated[
        bool, Parameter(name=("--verbose", "-v"), help="Report everything: each path, each step.")
    ] = False
    host: Annotated[Host, Parameter(parse=False)] = field(
        default_factory=lambda: Host.this(), compare=False, repr=False
    )

    def survey_options(self, clock_ahead: float = 0.0) -> Options:
        """These options as the survey takes them; `clock_ahead` in seconds."""
        from mailsurgeon.survey.open_spool import Options

        return Options(
            layout=self.layout,
            control=None if self.control is None else os.fsencode(self.control.absolute()),
            index=None if self.index is None else os.fsencode(self.index.absolute()),
            tmp_age=self.tmp_age,
            exclude=self.exclude,
            jobs=self.jobs,
            clock_ahead=clock_ahead,
            host=self.host,
        )

    def journal_options(self) -> JournalOptions:
        """The options that say which journal is used, and what stands in its way."""
        return JournalOptions(
            state_dir=self.state_dir, journal=self.journal, leave_unfinished=self.leave_unfinished
        )

    def words(self) -> tuple[str, ...]:
        """Those of these options that decide what a command works with, as they are typed, so that
        a later command works with the same."""
        places = (
            ("--state-dir", self.state_dir), ("--journal", self.journal),
            ("--quarantine", self.quarantine), ("--control", self.control),
            ("--index", self.index),
        )  # fmt: skip
        words = [word for name, path in places if path for word in (name, str(path.absolute()))]
        if self.leave_unfinished:
            words.append("--leave-unfinished")
        if self.layout is not None:
            words += ["--layout", self.layout]
        if self.tmp_age != _TMP_AGE:
            words += ["--tmp-age", f"{self.tmp_age:g}"]
        return (*words, *(f"--exclude={pattern}" for pattern in self.exclude))

    @property
    def quarantine_dir(self) -> bytes | None:
        """`--quarantine` as an absolute path in bytes; None if not given."""
        return None if self.quarantine is None else os.fsencode(self.quarantine.absolute())


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Consent:
    """The options of every command that changes a spool."""

    dry_run: Annotated[bool, Parameter(help="Show the plan and change nothing.")] = False
    yes: Annotated[bool, Parameter(help="Do it without asking.")] = False
    max: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=0),
            metavar="N",
            help="Refuse to change more messages than this. Default: no limit, but over 1,000"
            " have to be confirmed by their number, with --yes by this option.",
        ),
    ] = None
    force: Annotated[
        bool, Parameter(help="Go on although a sync tool runs or a client may hold the only copy.")
    ] = False
    format: Annotated[
        OutcomeFormat,
        Parameter(metavar="FORM", help="How the plan and the report are written. Default: table."),
    ] = "table"


COMMON = Common()
CONSENT = Consent()


Paths = Annotated[
    str,
    Parameter(help="Messages or folders: relative to the spool or to here, or absolute."),
]
