"""A spool in which every text that others write is hostile, or, to compare with, harmless.

Each field bears a marker of its own, followed by a chunk of hostile text: what is seen on a screen
tells which fields stand on it.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from mailsurgeon.maildir.folder_names import encode_folder
from tests.hostile.text import TAME, chunks
from tests.support.spool import SpoolTree

MTIME = 1_600_000_000_000_000_000
FOLDERS = 12  # of the chunks that also name folders, plain and in modified UTF-7


@dataclass
class HostileSpool:
    """Builds the spool below `place`; `hostile` False puts harmless text everywhere."""

    place: Path
    hostile: bool

    def __post_init__(self) -> None:
        self.texts = [b"\x1b" + chunk for chunk in chunks()] if self.hostile else []
        self.texts = self.texts or [TAME for _ in chunks()]
        outer = b"Fspo" + (b"\x1b]0;spool\x07\xe2\x80\xae[/x]\xff" if self.hostile else TAME)
        self.outer = os.path.join(os.fsencode(self.place), outer)
        self.root = os.path.join(self.outer, b"Maildir")
        self.tree = SpoolTree(self.root)
        self.state = os.path.join(self.outer, b"state")
        for name in self.folders():
            self.tree.folder(name)
        for number, text in enumerate(self.texts):
            self._message(number, text)
        self._lists()

    def folders(self) -> list[bytes]:
        """Paths of folders: INBOX, chunks as they are, which servers cannot open, and chunks in
        modified UTF-7."""
        named = [text.replace(b".", b"_").replace(b"/", b"_") for text in self.texts[:FOLDERS]]
        decoded = [encode_folder("Fmut" + text.decode("utf-8", "replace")) for text in named]
        raw = [b"Ffol%s%d&" % (text, number) for number, text in enumerate(named)]
        coded = [b"%s%d" % (name, number) for number, name in enumerate(decoded)]
        return [b"", *(b"." + name for name in (*raw, *coded))]

    def message(self, number: int) -> bytes:
        """The path of a message: out of order flags in INBOX, or misfiled in a folder."""
        folders = self.folders()
        name = b"16000%05d.M1P1.Fnam" % number + self.texts[number].replace(b"/", b"_")
        name += b"\nFlin" if self.hostile and number % 2 else b""
        folder = folders[number % len(folders)]
        where = os.path.join(b"cur", name + b":2,SR") if not folder else name + b":2,S"
        return os.path.join(folder, where)

    def _message(self, number: int, text: bytes) -> None:
        content = self._content(number, text)
        self.tree.file(self.message(number), content, mtime_ns=MTIME + number)

    def _content(self, number: int, text: bytes) -> bytes:
        word = b"=?utf-8?b?%s?=" if number % 2 else b"%s"

        def put(marker: bytes) -> bytes:
            value = marker + text
            return word % base64.b64encode(value + b"\n") if number % 2 else value

        return b"\n".join(
            (
                b"From: " + put(b"Ffro") + b" <" + b"Fadr" + text + b"@example.org>",
                b"To: " + put(b"Fto") + b" <to@example.org>",
                b'Cc: "Fccc' + text + b'" <cc@example.org>',
                b"Subject: " + put(b"Fsub"),
                b"Message-ID: <Fmid%s%d@example.org>" % (text, number // 2),
                b"Date: Fdat" + text,
                b"Received: from Frec" + text + b" by host; Sat, 1 Jan 2000 00:00:00 +0000",
                b"X-Fxhe: Fxhe" + text,
                b"X-Other: " + put(b"Foth"),
                b"Content-Type: multipart/mixed; boundary=b",
                b"",
                b"--b",
                b"Content-Type: Ftyp" + text + b"/x",
                b'Content-Disposition: attachment; filename="Ffil' + text + b'"',
                b"X-Fhea" + text + b": x",
                b"",
                b"Ftex" + text,
                b"--b--",
                b"",
            )
        )

    def _lists(self) -> None:
        keywords = b"".join(b"%d Fkey%s\n" % pair for pair in enumerate(self.texts[:26]))
        self._write(b"dovecot-keywords", keywords)
        self._write(b"subscriptions", b"V\t2\n\n" + b"\n".join(b"Fscr" + t for t in self.texts))
        damaged = b"3 V1 N9 G%s\n1 Fuid :Fuid%s\nFuid%s\n"
        for number, folder in enumerate(self.folders()[1:4]):
            text = self.texts[number]
            path = os.path.join(folder, b"dovecot-uidlist")
            self._write(path, damaged % (text, text, text))
        # What is no file is not examined, or linked: both say so with its name.
        os.symlink(
            b"Flnk" + self.texts[0], os.path.join(self.root, b"cur", b"Fsym" + self.texts[1])
        )
        os.mkfifo(os.path.join(self.root, b"cur", b"Ffif" + self.texts[2]))
        self._write(b"cur/1.Fnom" + self.texts[3], b"\x7fELF not mail\n")

    def _write(self, path: bytes, data: bytes) -> None:
        self.tree.file(path, data)
