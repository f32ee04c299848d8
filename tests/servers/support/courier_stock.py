"""Spools of many messages, and what every client sees of them, with Courier."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from tests.servers.support.courier import KEYWORDS as KEYWORD_FILES
from tests.servers.support.courier import UIDLIST, Courier
from tests.servers.support.imap import ImapSession
from tests.servers.support.owned import Owner
from tests.servers.support.served import Box, Mail, Reading, Served, What, digest
from tests.servers.support.stock import KEYWORDS, SHARES, Stock, flags_of, received, write

_MESSAGE = re.compile(
    rb"\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE \"([^\"]+)\""
    rb"(?: BODY\[\] \{(\d+)\}\r\n)?"
)


class CourierStock(Stock):
    """Keywords are kept beside the names here, by base name, and shown by name."""

    server: Courier
    list_name = UIDLIST
    before_base = " "
    keywords_in_names = False
    dates_unreadable = False

    def relist(self, mailbox: str, bases: Mapping[str, str]) -> None:
        """In the keywords too: all entries into the one list of them, under the new names."""
        super().relist(mailbox, bases)
        place = self.server.spool / self.folder(mailbox) / KEYWORD_FILES
        for path in list(place.iterdir()):
            if path.name == ":list":
                text = path.read_text()
                for old, new in bases.items():
                    text = text.replace(f"\n{old}:", f"\n{new}:")
                self.server.replace(path, text.encode())
            else:
                ahead = re.match(r"(\.\d+\.)?", path.name)
                assert ahead
                base = path.name.removeprefix(ahead[0])
                path.rename(path.with_name(ahead[0] + bases.get(base, base)))

    def look(self, reading: Reading, *, old_dates: bool = False) -> Served:  # noqa: ARG002
        """No two readings: Courier keeps nothing but its list. `none`: texts are not read."""
        with self.server.imap() as session:
            served = {
                mailbox: self._box(session, mailbox, texts=reading != "none")
                for mailbox in self._mailboxes(session)
            }
        assert self.server.errors() == []
        return served

    @staticmethod
    def _mailboxes(session: ImapSession) -> list[str]:
        lines = session.must('LIST "" "*"').lines
        names = [line.split()[-1].strip(b'"').decode() for line in lines]
        return [name.removeprefix("INBOX.") for name in names]

    def _box(self, session: ImapSession, mailbox: str, *, texts: bool) -> Box:
        name = inside(mailbox)
        status = session.must(f"STATUS {name} (UIDVALIDITY)").lines[0]
        session.must(f"SELECT {name}")
        mails = {uid: Mail(what, ()) for uid, what in _fetched(session, texts=texts)}
        return Box(status.rpartition(b" ")[2].strip(b")\r\n").decode(), mails)

    def moved(self, home: Path, owner: Owner, spool: str = "Maildir") -> CourierStock:
        return CourierStock(Courier(home, owner, spool=spool), self.count)


def inside(mailbox: str) -> str:
    """A mailbox by the name that Courier has for it."""
    return mailbox if mailbox == "INBOX" else f"INBOX.{mailbox}"


def _fetched(session: ImapSession, *, texts: bool) -> Iterator[tuple[int, What]]:
    items = "FLAGS INTERNALDATE BODY.PEEK[]" if texts else "FLAGS INTERNALDATE"
    for line in session.must(f"UID FETCH 1:* ({items})").lines:
        match = _MESSAGE.match(line)
        assert match, line
        flags = frozenset(match[2].decode().split()) - {"\\Recent"}
        when = datetime.strptime(match[3].decode().strip(), "%d-%b-%Y %H:%M:%S %z")
        text = line[match.end() : match.end() + int(match[4])] if match[4] else None
        body = "" if text is None else digest(text)
        yield int(match[1]), What(flags, received(int(when.timestamp())), body)


def build(server: Courier, count: int) -> CourierStock:
    """Writes the messages, has the server give each its UID, and sets the keywords as a client."""
    stock = CourierStock(server, count)
    server.create("INBOX.Sent", "INBOX.Archives")
    for mailbox in SHARES:
        write(stock, mailbox)
        numbers = stock.numbers(mailbox)
        with server.imap() as session:
            session.must(f"SELECT {inside(mailbox)}")
            found = session.must("UID SEARCH ALL").lines
            assert sorted(_numbers(found)) == list(range(1, len(numbers) + 1))
            order = _order(server, mailbox)
            for keyword in KEYWORDS[mailbox]:
                uids = [
                    str(order[stock.filename(mailbox, number).partition(":")[0]])
                    for number in numbers
                    if keyword in flags_of(mailbox, number)
                ]
                if uids:
                    session.must(f"UID STORE {','.join(uids)} +FLAGS.SILENT ({keyword})")
    return stock


def _order(server: Courier, mailbox: str) -> dict[str, int]:
    folder = "" if mailbox == "INBOX" else f".{mailbox}"
    return {base: uid for uid, base in server.listed(folder).items()}


def _numbers(lines: Iterable[bytes]) -> list[int]:
    return [int(one) for line in lines if b"SEARCH" in line for one in line.split()[2:]]
