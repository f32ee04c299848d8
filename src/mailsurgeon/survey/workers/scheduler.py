"""Connects to the scheduler of a Dask cluster, by a library that few have and that says much.

The library has no types: a client of it is `Any`.
"""

from __future__ import annotations

import importlib
import logging
import re
import threading
import warnings
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from mailsurgeon.errors import MailsurgeonError
from mailsurgeon.text import visible

CONNECT_SECONDS = 5.0

_ADDRESS = re.compile(r"(?:tcp|tls)://(?:\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+):([0-9]{1,5})")
_NOISY = re.compile(r"(distributed|tornado|dask|bokeh|asyncio)(\.|$)")


class ClusterError(MailsurgeonError):
    """The cluster cannot be used; the message names its scheduler."""


def checked_address(address: str) -> str:
    """The address of a scheduler; raises MailsurgeonError when it is none."""
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match[1]) < 65536:
        raise MailsurgeonError(
            f"--scheduler {visible(address)}: not an address of a scheduler; give tcp://HOST:8786"
        )
    return address


def client_of(address: str) -> Any:
    """A client of the scheduler at this address.

    Raises MailsurgeonError for what is no address, ClusterError when no scheduler answers there or
    the library is missing.
    """
    checked_address(address)
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise ClusterError(
            f"--scheduler {address}: needs a library that is not installed;"
            " pip install 'mailsurgeon[cluster]'"
        ) from error
    _be_quiet()
    try:
        client = _client(distributed, address)
    except Exception as error:  # its type depends on what else listens at that address
        raise ClusterError(
            f"{address}: no scheduler answers there within {CONNECT_SECONDS:.0f} s; look whether it"
            " runs, and at the port"
        ) from error
    _be_quiet()
    return client


def _client(distributed: Any, address: str) -> Any:
    """A client of the scheduler. It is made in a thread, because the library waits without end for
    a scheduler that does not answer, whatever timeout it is given."""
    made: Future[Any] = Future()

    def make() -> None:
        try:
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            finish(made, client)
        except BaseException as error:
            finish(made, error=error)

    threading.Thread(target=make, daemon=True).start()
    return made.result(1.2 * CONNECT_SECONDS)


def _be_quiet() -> None:
    """Keeps the library's messages from the terminal; this program reports what matters."""
    warnings.filterwarnings("ignore", module=r"(distributed|dask|tornado)(\.|$)")
    for name in ["asyncio", *logging.root.manager.loggerDict]:
        if _NOISY.match(name):
            logger = logging.getLogger(name)
            logger.handlers[:] = [logging.NullHandler()]
            logger.propagate = False


def finish(future: Future[Any], result: object = None, error: BaseException | None = None) -> None:
    """Gives a future its result or error, unless it was cancelled meanwhile."""
    with suppress(InvalidStateError):
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
