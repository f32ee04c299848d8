"""How long the servers of this host keep what is in a folder."""

from __future__ import annotations

from dataclasses import dataclass

from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.config import courier_config, dovecot_config
from mailsurgeon.maildir.config.dovecot_config import ConfigBlock

_LARGEST = 1 << 20  # bytes of Courier's settings


@dataclass(frozen=True, slots=True)
class Expiry:
    """What the servers' configurations say: Dovecot's as it was read, Courier's as text."""

    dovecot: ConfigBlock | None = None
    courier: str = ""

    def of(self, name: str) -> tuple[str, float]:
        """Who deletes from the folder `name` by age, and after how many days; else empty, 0."""
        if self.dovecot is not None:
            days = dovecot_config.autoexpunge_days(self.dovecot, name)
            if days is not None:
                return "Dovecot (autoexpunge)", days
        days = courier_config.emptytrash_days(self.courier, name)
        return ("", 0.0) if days is None else ("Courier (IMAP_EMPTYTRASH)", days)


def courier_settings(path: bytes) -> str:
    """Courier's file of settings as text; empty where there is none, or it cannot be read."""
    return (read_small(path, _LARGEST) or b"").decode("utf-8", "replace")
