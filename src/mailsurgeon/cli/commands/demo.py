"""demo."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from mailsurgeon.cli.open_spool import opened
from mailsurgeon.cli.options import COMMON, Common
from mailsurgeon.cli.screen import (
    DISPLAY,
    Display,
    run_on,
    temporary_index,
    terminal_needed,
)
from mailsurgeon.cli.startup import unheld

DEMO_CLOCK = 48 * 3600.0  # seconds: what was planted in tmp/ is stale by then


def demo(*, display: Display = DISPLAY, common: Common = COMMON) -> int:
    """Open the screen on a throw-away copy of the sample spool."""
    from mailsurgeon.procedures.demo import build_sample

    terminal_needed()
    with unheld(), tempfile.TemporaryDirectory(prefix="mailsurgeon-demo-") as directory:
        place = opened(str(build_sample(Path(directory))), common)
        own = replace(common, state_dir=common.state_dir or Path(directory) / "state")
        with temporary_index(directory) as index:
            return run_on(place, index, own, display, clock_ahead=DEMO_CLOCK)
