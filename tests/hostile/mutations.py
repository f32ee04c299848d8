"""Mail that was damaged by chance, repeatably, and mail that was made to break its readers."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable, Iterator

import zstandard

from tests.hostile.text import chunks

OWN = (
    b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC?=\r\n"
    b"Message-ID: <1@example.org>\r\nDate: Tue, 06 Mar 2012 02:13:20 +0000\r\n\r\nText.\r\n",
    b"Received: from a by b; Tue, 06 Mar 2012 02:13:20 +0000\nFrom: a@example.org\nSubject: x\n"
    b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n'
    b"Content-Type: text/plain; charset=iso-8859-1\n"
    b"Content-Transfer-Encoding: quoted-printable\n\n=E4\n--b\nContent-Type:"
    b' image/png; name="a.png"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n',
    b"From ann@example.org Sat Jan  3 01:05:34 1998\nFrom: ann@example.org\nSubject: m\n\nText.\n",
    gzip.compress(b"From: ann@example.org\nSubject: packed\n\n" + b"Text.\n" * 200),
)  # fmt: skip

Change = Callable[[random.Random, bytearray], None]


def flip(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.randint(1, 20)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def cut(chance: random.Random, data: bytearray) -> None:
    del data[chance.randrange(len(data)) :]


def drop(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randint(1, 400)]


def repeat(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    data[start:start] = data[start : start + chance.randint(1, 200)] * chance.randint(1, 50)


def nuls(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    data[start:start] = b"\0" * chance.randint(1, 300)


def evil(chance: random.Random, data: bytearray) -> None:
    start = chance.randrange(len(data))
    data[start:start] = chance.choice(chunks())


def feeds(chance: random.Random, data: bytearray) -> None:
    old, new = chance.choice([(b"\r\n", b"\n"), (b"\n", b"\r\n"), (b"\n", b"\r"), (b"\n", b"")])
    data[:] = data.replace(old, new)


WORDS = (
    b"=?utf-8?b?", b"=?x?q?=?=", b"?=", b"=?utf-7?q?+2AA-?=", b"charset=zlib_codec", b"boundary=",
    b"Content-Type: multipart/mixed\n", b"Content-Transfer-Encoding: x-uuencode\n", b"\nFrom ",
    b"Message-ID: <", b"Date: 99999999999\n", b"Content-Type: message/rfc822\n\n", b"--b\n", b"\"",
    b";" * 50, b"filename*0*=utf-8''%ff;", b"(((", b"<<<<", b":,S=99999999999999999999:2,", b"\n\n",
)  # fmt: skip


def words(chance: random.Random, data: bytearray) -> None:
    for _ in range(chance.randint(1, 5)):
        start = chance.randrange(len(data))
        data[start:start] = chance.choice(WORDS)


CHANGES: tuple[Change, ...] = (flip, cut, drop, repeat, nuls, evil, feeds, words)


def mutated(sources: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """So many damaged messages; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(sources))
        for _ in range(chance.randint(1, 3)):
            if data:
                chance.choice(CHANGES)(chance, data)
        yield bytes(data)


def names(count: int, seed: int) -> Iterator[bytes]:
    """File names of messages, most of them hostile; each of its own."""
    chance = random.Random(seed)
    infos = (b":2,S", b":2,SR", b"", b":2,", b";2,S", b":1,x", b":2,SzA", b"%3A2%2CS", b":2,S:2,F")
    for number in range(count):
        base = b"16%08d.M%dP1.host" % (number, number)
        extra = chance.choice(
            (b"", b",S=1", b",S=99999999999999999999", b",W=0,S=", b",U=4294967296", b"\n",
             b"\x1b[2J", b"\xff\xfe", chance.choice(chunks()).replace(b"/", b"_"), b"x" * 999)
        )  # fmt: skip
        info = chance.choice(infos)
        yield (base + extra)[: 255 - len(info)] + info


HEAD = b"From: ann@example.org\nSubject: made\nMessage-ID: <made@example.org>\n"
DEEP = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000)
)
BOMB = 600 << 20  # bytes: more than what a message may unpack to


def zeros(pack: Callable[[], object], size: int = BOMB) -> bytes:
    """What `size` zeros after a header are packed to by an object with `compress` and `flush`."""
    packer = pack()
    piece = bytes(1 << 20)
    parts = [packer.compress(HEAD + b"\n")]  # type: ignore[attr-defined]
    parts += [packer.compress(piece) for _ in range(size >> 20)]  # type: ignore[attr-defined]
    return b"".join([*parts, packer.flush()])  # type: ignore[attr-defined]


def _gzip() -> object:
    """zlib's object with gzip's frame."""
    return zlib.compressobj(1, wbits=31)


def made(*, full: bool) -> dict[str, bytes]:
    """Messages made to break their readers, by name; `full` adds bombs that take long to make."""
    gz = zeros(_gzip)
    slow = {"xz": zeros(lzma.LZMACompressor), "bzip2": zeros(bz2.BZ2Compressor)} if full else {}
    return slow | {
        "headers": HEAD + b"".join(b"X-%d: y\n" % n for n in range(100_000)) + b"\nText.\n",
        "same-headers": HEAD + b"A: b\n" * 100_000 + b"\nText.\n",
        "long-line": HEAD + b"X-Long: " + b"a" * (10 << 20) + b"\n\nText.\n",
        "long-subject": b"Subject: " + b"=?utf-8?q?=1b?= " * 600_000 + b"\nFrom: a@b\n\nText.\n",
        "deep": HEAD + DEEP + b"\nText.\n",
        "deep-long": HEAD + DEEP + b"\nText.\n" * 100_000,
        "deep-forward": HEAD + b"Content-Type: message/rfc822\n\n" * 10_000,
        "wide": HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
        "boundary": HEAD + b'Content-Type: multipart/mixed; boundary="' + b"b" * 70_000 + b'"\n\n--'
        + b"b" * 70_000 + b"\n\nText.\n",
        "parameters": HEAD + b"Content-Type: multipart/mixed; " + b"a=b;" * 60_000 + b"\n\nText.\n",
        "quotes": HEAD + b'Content-Type: multipart/mixed; a="' + b'\\";' * 80_000 + b"\n\nText.\n",
        "continued": HEAD + b"Content-Disposition: attachment; "
        + b"".join(b"filename*%d*=%%41;" % n for n in range(12_000)) + b"\n\nText.\n",
        "addresses": HEAD + b"To: " + b"a <b@c>, " * 28_000 + b"\n\nText.\n",
        "comments": HEAD + b"To: " + b"(" * 200_000 + b"\n\nText.\n",
        "folded": b"Subject: " + b"\n " * 100_000 + b"\nFrom: a@b\n\nText.\n",
        "charsets": HEAD + b"X: =?zlib_codec?b?eJw=?= =?idna?q?x?= =?hex?q?4?= =?utf-7?q?+2AA-?=\n"
        b"Content-Type: text/plain; charset=unicode_escape\n\n\\ud800",
        "nul": bytes(100_000),
        "gzip": gz,
        "gzip-gzip": gzip.compress(gz),
        "zstd": zeros(lambda: zstandard.ZstdCompressor().compressobj()),
        "gzip-members": gzip.compress(b"") * 20_000,
    }  # fmt: skip
