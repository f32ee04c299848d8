"""Which programs stop at a problem: the values of the catalogue's field `stops`.

What they do was seen with Dovecot 2.3.19 and mbsync 1.4.4 where it says so.
"""

from __future__ import annotations

from typing import NamedTuple


class Stoppage(NamedTuple):
    """Which programs stop at a problem, as long as it is there.

    `server`: an IMAP server breaks off there, or cannot open the folder, and so does a sync through
    that server. `sync`: a program that syncs the Maildir itself (mbsync) stops there. `surely`:
    whoever comes there does; else only some programs or versions, or only under some settings.
    `reading`: only where servers read a message, in cur or new.
    """

    server: bool = False
    sync: bool = False
    surely: bool = False
    reading: bool = False

    @property
    def any(self) -> bool:
        """Whether some program may stop."""
        return self.server or self.sync


NOWHERE = Stoppage()
READERS_STOP = Stoppage(server=True, surely=True, reading=True)
"""Dovecot ends the connection, or answers with an error, whenever a client reads this message;
mbsync, as its client, then gives the folder up, at each run."""
READERS_MAY_STOP = Stoppage(server=True, reading=True)
SERVERS_MAY_STOP = Stoppage(server=True)
SYNC_STOPS = Stoppage(sync=True, surely=True)
"""mbsync gives up the folder (“duplicate UID”, “UID is beyond highest assigned UID”)."""
SYNC_MAY_STOP = Stoppage(sync=True)
ALL_MAY_STOP = Stoppage(server=True, sync=True)
