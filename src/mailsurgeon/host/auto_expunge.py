"""How long the servers of this host keep messages in a folder."""

from __future__ import annotations

from dataclasses import dataclass

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.config import courier_config, dovecot_config
from mailsurgeon.maildir.config.dovecot_config import ConfigBlock

_LARGEST = 1 << 20  # bytes; a larger file of Courier's settings counts as unreadable


@dataclass(frozen=True, slots=True)
class Expiry:
    """The servers' settings: Dovecot's as blocks, None without any; Courier's as text."""

    dovecot: ConfigBlock | None = None
    courier: str = ""

    def of(self, name: str) -> tuple[str, float]:
        """The server that deletes old messages from the folder `name`, and their age in days; empty
        and 0 if none does."""
        if self.dovecot is not None:
            days = dovecot_config.autoexpunge_days(self.dovecot, name)
            if days is not None:
                return "Dovecot (autoexpunge)", days
        days = courier_config.emptytrash_days(self.courier, name)
        return ("", 0.0) if days is None else ("Courier (IMAP_EMPTYTRASH)", days)


def courier_settings(path: bytes) -> str:
    """The text of Courier's settings at `path`; empty if the file is missing or unreadable."""
    return (read_small(path, _LARGEST) or b"").decode("utf-8", "replace")
