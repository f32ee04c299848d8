"""Readers that do at once what they are asked."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class Readers(Executor):
    """Readers with what other processes would get, and send back; `asked` says what that was."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked.append(args[0])
        done: Future[Any] = Future()
        fn, args = pickle.loads(pickle.dumps((fn, args)))
        done.set_result(pickle.loads(pickle.dumps(fn(*args, **kwargs))))
        return done

    def asked_for(self, kind: type[Any]) -> list[Any]:
        """What was asked for that is of this kind."""
        return [task for task in self.asked if isinstance(task, kind)]
