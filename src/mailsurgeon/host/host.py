"""All facts about this computer that matter for a spool, in one object.

A program creates one `Host` when it starts, and passes it to the functions that open, survey, plan
or change a spool. Methods import their modules on first use, to keep start-up fast.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.server_files import COURIER

if TYPE_CHECKING:
    from mailsurgeon.host.auto_expunge import Expiry
    from mailsurgeon.host.mounts import FileSystems
    from mailsurgeon.host.processes import Processes
    from mailsurgeon.maildir.config.dovecot_config import ConfigBlock, SpoolLocation

MOUNTS = "/proc/self/mountinfo"
PROC = b"/proc"


class Host:
    """The facts about one computer. Dovecot's configuration is read at most once, since that may
    take seconds.

    `ask_dovecot` returns Dovecot's configuration, None without one (`doveconf.configuration` by
    default). The other arguments are paths: of Courier's settings, of the kernel's list of mounts,
    and of its directory of processes. Several threads may use one `Host`. Unpickling one in another
    process gives that process's own host.
    """

    def __init__(
        self,
        *,
        ask_dovecot: Callable[[], ConfigBlock | None] | None = None,
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
        """The computer that this program runs on. Only the start of a program should call this;
        other code receives a `Host` as an argument."""
        return cls()

    def __reduce__(self) -> tuple[Callable[[], Host], tuple[()]]:
        return _of_this_process, ()

    @cached_property
    def dovecot(self) -> ConfigBlock | None:
        """Dovecot's configuration; None if it is missing or cannot be read. The first use may take
        some seconds."""
        if self._ask_dovecot is not None:
            return self._ask_dovecot()
        from mailsurgeon.host.doveconf import configuration

        return configuration()

    def pop3_uidl_is_name(self) -> bool:
        """Whether Dovecot makes POP3 UIDLs from file names. Its other formats do not depend on the
        name."""
        known = self.dovecot
        if known is None:
            return False
        from mailsurgeon.maildir.config.dovecot_config import uidl_format_is_name

        return uidl_format_is_name(known)

    def location_of(self, root: bytes, owner: int) -> SpoolLocation | None:
        """The directories in which Dovecot keeps the lists and indexes of the spool at `root`, None
        when unknown; see `doveconf.location_in`."""
        known = self.dovecot
        if known is None:
            return None
        from mailsurgeon.host.doveconf import location_in

        return location_in(known, root, owner)

    def plugins_for(self, root: bytes, owner: int) -> frozenset[str] | None:
        """The mail plugins of the Dovecot that serves the spool at `root`; None when its
        configuration cannot be read, or names other locations only."""
        known = self.dovecot
        if known is None:
            return None
        from mailsurgeon.maildir.config import dovecot_config

        serves = dovecot_config.names_no_location(known) or self.location_of(root, owner)
        return dovecot_config.plugins(known) if serves else None

    def has_dovecots_mail(self) -> bool:
        """Whether Dovecot is configured here to serve Maildirs at all."""
        known = self.dovecot
        if known is None:
            return False
        from mailsurgeon.maildir.config.dovecot_config import locations

        return bool(locations(known))

    def expiry(self) -> Expiry:
        """How long the servers keep messages. Reads Courier's settings at every call."""
        from mailsurgeon.host.auto_expunge import Expiry, courier_settings

        return Expiry(self.dovecot, courier_settings(self._courier))

    def shared_file_system(self, root: bytes) -> str:
        """The type of a file system at or below `root` that others may change; empty without one.
        See `mounts.shared_file_system`."""
        from mailsurgeon.host.mounts import shared_file_system

        return shared_file_system(root, self._mounts)

    def notmuch_databases(self, root: bytes, owner: int) -> list[bytes]:
        """The databases of notmuch that index the spool at `root`, which belongs to the user id
        `owner`; see `notmuch.notmuch_databases`."""
        from mailsurgeon.host.notmuch import notmuch_databases

        return notmuch_databases(root, owner)

    def file_systems(self, root: bytes) -> FileSystems:
        """The file systems in the tree below `root`, as they are mounted now."""
        from mailsurgeon.host.mounts import FileSystems

        return FileSystems(root, self._mounts)

    @cached_property
    def machine(self) -> str:
        """The id of this installation, machine-id(5); empty if it has none."""
        known = read_small(b"/etc/machine-id", 100) or b""
        return known.decode("ascii", "replace").strip()

    @cached_property
    def processes(self) -> Processes:
        """The processes of this computer. Each of its methods reads /proc again."""
        from mailsurgeon.host.processes import Processes

        return Processes(self._proc)


def _of_this_process() -> Host:
    """The result of unpickling a `Host`: processes and mounts differ from computer to computer."""
    return Host.this()
