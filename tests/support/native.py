"""The native reader, compiled for the tests."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT = "MAILSURGEON_TEST_READER"
"""The environment variable that names a library to be tested instead of one compiled anew."""
REQUIRED = "MAILSURGEON_REQUIRE_SERVERS"  # where nothing is skipped


def compiled(target: Path, options: Sequence[str] = ()) -> str | None:
    """Compiles the library to `target`; returns its path, None where there is no compiler."""
    if given := os.environ.get(BUILT):
        return given
    if not os.environ.get("CC") and shutil.which("cc") is None and not os.environ.get(REQUIRED):
        return None
    spec = importlib.util.spec_from_file_location("compile", ROOT / "native" / "compile_reader.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    failure = module.compile_reader(target, options)
    assert not failure, failure
    return str(target)
