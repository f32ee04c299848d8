"""A process that dies at its N-th call, played within this one: from then on no call succeeds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from mailsurgeon.surgery.fsops import at as fs
from mailsurgeon.surgery.journal.journal import Journal

MUTATING = (
    "mkdir", "rmdir", "unlink", "link", "rename", "write", "fsync", "chmod", "fchmod", "utime",
    "chown", "fchown",
)  # fmt: skip
RECORDING = ("begin", "intend", "settle", "finish", "enter")
NOBODY = 4_194_304
"""A process id above the highest there is: the one that has died."""


class Killed(BaseException):
    """The process is dead; whatever would tidy up after an error can do nothing any more."""


class Executioner:
    """Counts calls that change something; from the N-th on each one raises."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.struck = False

    def before(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*values: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left <= 0:
                self.struck = True
                raise Killed
            return act(*values, **named)

        return counted

    def opening(self, act: Callable[..., Any]) -> Callable[..., Any]:
        counted = self.before(act)

        def opened(path: Any, flags: int, *values: Any, **named: Any) -> Any:
            return (counted if flags & os.O_CREAT else act)(path, flags, *values, **named)

        return opened


@contextmanager
def dying_at(number: int) -> Iterator[Executioner]:
    """Within, the process dies at its N-th call that changes anything; `struck` tells whether it
    came to that."""
    one = Executioner(number)
    calls = {name: one.before(getattr(os, name)) for name in MUTATING}
    records = {name: one.before(getattr(Journal, name)) for name in RECORDING}
    rename = one.before(fs._renameat2) if fs._renameat2 is not None else None
    with (
        patch.multiple(os, open=one.opening(os.open), getpid=lambda: NOBODY, **calls),
        patch.multiple(Journal, **records),
        patch.object(fs, "_renameat2", rename),
    ):
        try:
            yield one
        except Killed:
            assert one.struck
