"""Finds the native reader. Imports nothing that only it needs."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsurgeon.survey.native.reader import NativeReader

VARIABLE = "MAILSURGEON_READER"
"""The environment variable that chooses the reader: `python` is the one in Python alone."""


@cache
def native_reader() -> NativeReader | None:
    """The native reader; None if it is not installed, not wanted, or does not fit this version."""
    path = None if os.environ.get(VARIABLE) == "python" else library_path()
    if path is None:
        return None
    from mailsurgeon.survey.native.reader import NativeReader

    try:
        return NativeReader(path)
    except OSError:
        return None


def library_path() -> str | None:
    """The path of the library in the package mailsurgeon-fast; None without one."""
    try:
        return import_module("mailsurgeon_fast").LIBRARY
    except (ImportError, AttributeError):
        return None
