"""How long the servers of this host keep what is in a folder."""

from __future__ import annotations

from dataclasses import dataclass

from mailsurgeon.host import doveconf
from mailsurgeon.host.files import read_small
from mailsurgeon.maildir.config import courier_config, dovecot_config
from mailsurgeon.maildir.config.dovecot_config import ConfigBlock

COURIER_SETTINGS = b"/etc/courier/imapd"
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Expiry:
    """What the servers' configurations say, as far as they can be read."""

    dovecot: ConfigBlock | None = None
    courier: str = ""

    @classmethod
    def of_this_host(cls) -> Expiry:
        """Reads Courier's settings and asks Dovecot for its own."""
        settings = read_small(COURIER_SETTINGS, _LARGEST) or b""
        return cls(doveconf.configuration(), settings.decode("utf-8", "replace"))

    def of(self, name: str) -> tuple[str, float]:
        """Who deletes from the folder `name` by age, and after how many days; else empty, 0."""
        if self.dovecot is not None:
            days = dovecot_config.autoexpunge_days(self.dovecot, name)
            if days is not None:
                return "Dovecot (autoexpunge)", days
        days = courier_config.emptytrash_days(self.courier, name)
        return ("", 0.0) if days is None else ("Courier (IMAP_EMPTYTRASH)", days)
