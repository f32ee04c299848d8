"""`demo`: opens the screen on a copy of the sample spool."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Common
from mailsurgeon.cli.screen import DISPLAY, Display, run_on, temporary_index, terminal_needed
from mailsurgeon.cli.startup import exits_promptly
from mailsurgeon.procedures.demo import CLOCK_AHEAD, build_sample


def demo(*, display: Display = DISPLAY, common: Common = COMMON) -> int:
    """Open the screen on a throw-away copy of the sample spool."""
    terminal_needed()
    with exits_promptly(), tempfile.TemporaryDirectory(prefix="mailsurgeon-demo-") as directory:
        sample = opened(str(build_sample(Path(directory))), common)
        own = replace(common, state_dir=common.state_dir or Path(directory) / "state")
        with temporary_index(directory) as index:
            return run_on(sample, index, own, display, clock_ahead=CLOCK_AHEAD, lasting=False)
