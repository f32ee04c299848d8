"""Everything this computer says that decides about mail, as one object that is handed in.

A program makes one `Host` where it begins and hands it to whatever opens, surveys, plans or
changes a spool. Modules are loaded when their question is first asked: the command line and the
screen start without them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from mailsurgeon.host import doveconf
from mailsurgeon.maildir.config import dovecot_config
from mailsurgeon.maildir.config.dovecot_config import ConfigBlock, SpoolLocation
from mailsurgeon.maildir.server_files import COURIER

if TYPE_CHECKING:
    from mailsurgeon.host.auto_expunge import Expiry
    from mailsurgeon.host.processes import Processes

MOUNTS = "/proc/self/mountinfo"
PROC = b"/proc"


class Host:
    """Answers for one computer; Dovecot, which may take seconds, is asked once at most.

    `ask_dovecot` gives Dovecot's configuration, None where there is none. The rest are paths:
    Courier's settings, the kernel's list of mounts, and its directory of processes. Usable from
    several threads. Pickled, it becomes the host of the process that reads it.
    """

    def __init__(
        self,
        *,
        ask_dovecot: Callable[[], ConfigBlock | None] = doveconf.configuration,
        courier: bytes = COURIER.config,
        mounts: str = MOUNTS,
        proc: bytes = PROC,
    ) -> None:
        self._ask_dovecot = ask_dovecot
        self._courier = courier
        self._mounts = mounts
        self._proc = proc

    @classmethod
    def this(cls) -> Host:
        """The computer this runs on. For where a program begins; all else is handed one."""
        return cls()

    def __reduce__(self) -> tuple[Callable[[], Host], tuple[()]]:
        return _of_this_process, ()

    @cached_property
    def dovecot(self) -> ConfigBlock | None:
        """Dovecot's configuration; None where there is none, or it does not say. The first who
        asks may wait for it some seconds."""
        return self._ask_dovecot()

    def pop3_uidl_is_name(self) -> bool:
        """Whether POP3 UIDLs are made of file names; no other format depends on the name."""
        known = self.dovecot
        return known is not None and dovecot_config.uidl_format_is_name(known)

    def location_of(self, root: bytes, owner: int) -> SpoolLocation | None:
        """Where Dovecot keeps the lists and indexes of a spool: see `doveconf.location_in`."""
        known = self.dovecot
        return None if known is None else doveconf.location_in(known, root, owner)

    def expiry(self) -> Expiry:
        """How long the servers keep what is in a folder. Courier's settings are read each time."""
        from mailsurgeon.host.auto_expunge import Expiry, courier_settings

        return Expiry(self.dovecot, courier_settings(self._courier))

    def shared_file_system(self, root: bytes) -> str:
        """The type of a file system that others may change, at or below `root`; empty when there is
        none: see `mounts.shared_file_system`."""
        from mailsurgeon.host.mounts import shared_file_system

        return shared_file_system(root, self._mounts)

    @cached_property
    def processes(self) -> Processes:
        """The processes; looked at anew with each question."""
        from mailsurgeon.host.processes import Processes

        return Processes(self._proc)


def _of_this_process() -> Host:
    """What a `Host` is read back as: lists of processes and mounts hold for one computer alone."""
    return Host.this()
