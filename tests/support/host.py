"""Hosts that say what a test wants them to."""

from __future__ import annotations

from collections.abc import Callable, Collection

from mailsurgeon.host.host import Host
from mailsurgeon.host.processes import Processes, Started, Users
from mailsurgeon.maildir.config.dovecot_config import ConfigBlock, read_configuration

NOWHERE = b"/nonexistent"


class FakeHost(Host):
    """A computer without servers, whatever the one the tests run on has.

    `dovecot`: what its `doveconf -n` prints; `ask_dovecot`: called instead. `courier`: the path of
    Courier's settings. `shared`: the type of a file system that others may change, on which every
    spool lies. `tool`: a sync tool at work on every spool; `users`: who has every spool open.
    Without these two its processes are those of the computer, sync tools aside.
    """

    def __init__(
        self,
        *,
        dovecot: str | None = None,
        ask_dovecot: Callable[[], ConfigBlock | None] | None = None,
        courier: bytes = NOWHERE,
        shared: str = "",
        tool: Started | None = None,
        users: Users | None = None,
    ) -> None:
        known = None if dovecot is None else read_configuration(dovecot.encode())
        super().__init__(ask_dovecot=ask_dovecot or (lambda: known), courier=courier)
        self._shared = shared
        self.processes = FakeProcesses(tool, users)

    def shared_file_system(self, root: bytes) -> str:
        return self._shared or super().shared_file_system(root)


class FakeProcesses(Processes):
    """The processes of this computer, but for the answers given."""

    def __init__(self, tool: Started | None = None, users: Users | None = None) -> None:
        super().__init__()
        self._tool, self._users = tool, users

    def at_work(self, names: Collection[bytes], root: bytes, owner: int) -> Started | None:
        del names, root, owner
        return self._tool

    def users_of(self, root: bytes) -> Users:
        return super().users_of(root) if self._users is None else self._users
