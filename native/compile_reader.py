"""Compiles the native reader: `python compile_reader.py TARGET [OPTION ...]`."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).parent / "src" / "reader.c"
OPTIONS = (
    "-std=c11", "-O3", "-fPIC", "-shared", "-fstack-protector-strong", "-D_FILE_OFFSET_BITS=64",
    "-Wall", "-Wextra",
)  # fmt: skip


def compile_reader(target: Path, options: Sequence[str] = ()) -> str:
    """Compiles the library to `target` by $CC or cc. Returns why that failed, empty if it has not
    failed."""
    compiler = shlex.split(os.environ.get("CC") or "cc")
    command = [*compiler, *OPTIONS, *options, "-o", str(target), str(SOURCE)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{compiler[0]}: {error.strerror}"
    return done.stderr or f"{compiler[0]} ended with {done.returncode}" if done.returncode else ""


if __name__ == "__main__":
    sys.exit(compile_reader(Path(sys.argv[1]), sys.argv[2:]))
