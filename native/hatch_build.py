"""Compiles the library for a wheel. Without a C compiler the wheel has none, and the program reads
in Python."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from compile_reader import compile_reader


class ReaderHook(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        target = Path(self.root) / "mailsurgeon_fast" / "reader.so"
        target.unlink(missing_ok=True)
        failure = compile_reader(target)
        if failure:
            target.unlink(missing_ok=True)
            self.app.display_warning(f"without the native reader: {failure}")
            return
        # Any Python loads it: it knows nothing of Python.
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().translate({45: 95, 46: 95})}"
