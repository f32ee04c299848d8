"""Mail for the two readers: pieces of headers and names, usual and odd, and a way to damage it."""

from __future__ import annotations

import random

DATE = 1_300_000_000  # Sun, 13 Mar 2011 07:06:40 UTC

USUAL = (
    b"Return-Path: <a@example.org>\nReceived: from a by b\n\tfor <c@example.org>;"
    b" Sun, 13 Mar 2011 07:06:40 +0000 (UTC)\nReceived: by z; never\nDate: never\n"
    b"From: Anna Berg <anna@example.org>\nSubject: hello\n there\nMessage-ID: <1@example.org>\n"
    b"References: <0@example.org>\n\nText.\nMore.\n",
    b"RECEIVED: x;\n\tSun, 13 Mar 2011 08:06:40 +0100\nReceived-SPF: pass;\nfrom : =?utf-8?q?a?=\n"
    b"message-id:\n <2@example.org>\nsubject:\n\nText",
    b"Received-SPF: none\nfrom-x: no\nFROM: b@example.org\nMESSAGE-ID\t: <3@EXAMPLE.org>\n"
    b"Date: 13 Mar 2011 02:06:40 -0500\n\n\n",
    b"Message-ID: <4@example.org>\r\nFrom: c@example.org\r\nSubject: a\r\n\tb\r\n"
    b"Date: Sun, 13 Mar 2011 07:06:40 -0000\r\n\r\nText.\r\nA lone feed\nand\r a lone return\r\n",
)  # fmt: skip
"""Messages that the native reader takes."""

HEADERS = (
    b"From: a@example.org\n", b"FROM: B <b@example.org>\n", b"from : c@example.org\n",
    b"From-X: d\n", b"Fro: e\n", b"Subject: one\n", b"subject:\n", b"Subject: a\n two\n\tthree\n",
    b"Subject: \xff\xfe\n", b"Subject: \x00\n", b"Subject: " + b"long " * 400 + b"\n",
    b"Message-ID: <1@example.org>\n", b"message-id:\n\t<2@example.org> x\n", b"Message-Id: <>\n",
    b"Message-ID: < 3@example.org >\n", b"Message-ID: bare\n", b"Message-ID: <a@b> <c@d>\n",
    b"Message-ID: <\xc3\xa4@b>\n", b"Message-ID: <%s>\n" % (b"x" * 998),
    b"Message-ID: <%s>\n" % (b"x" * 999), b"Message-ID:<5@example.org>\x0b\x0c\r\r\n",
    b"Date: Sun, 13 Mar 2011 07:06:40 +0000\n", b"Date: 13 Mar 11 7:06 GMT\n", b"Date: never\n",
    b"Date: Sun,  13 Mar 2011 07:06:40 +0000\n", b"Date: 13 Mar 2011 07:06:40 GMT\n",
    b"Date: Son, 13 Mar 2011 07:06:40 +0000\n", b"Date: 13 Mai 2011 07:06:40 +0000\n",
    b"Received: from x by y;\n\tSun, 13 Mar 2011 06:06:40 -0130 (CET)\n", b"Received: by z\n",
    b"Received: a; b; 13 Mar 2011 07:06:40 +0000\n", b"Received: a; 32 Jan 2011 25:61:61 +9999\n",
    b"Received: x;\n\n", b"Received: ; 29 Feb 2012 07:06:40 +0000\n", b"Received:\n",
    b"Received: y; 13 Mar 2011 07:06:40 +0000 (a b)\n", b"Received : ; 1 Jan 1000 00:00:00 +0000\n",
    b"Received: z; 13 Mar 2999 07:06:40 +0000 (%s)\n" % (b"x" * 61), b"Received-SPF: pass\n",
    b"Received: t; 13 Mar 2011 07:06:40 +0000\n \n", b"X-Odd : y\n", b" folded: on\n",
    b"no field\n", b"\n", b"\r\n", b"\r", b"\n\r\n", b"From here on\n", b">From there\n", b":\n",
    b" ", b"\0", b"BZh9: x\n", b"\t\n",
)  # fmt: skip
"""Parts of headers."""

BODIES = (
    b"\nText.\n", b"\n", b"", b"\n\n", b"\r\nText.\r\n", b"\nx", b"\n" + b"y\n" * 300,
    b"\n" + b"z\r\n" * 300, b"\nText.\n\0", b"\n" + bytes(600), b"\n\r" * 40, b"\nText.\r",
)  # fmt: skip

NAMES = (
    b"%d.M1P2.host" % DATE, b"%d.host" % (DATE - 86_401), b"1.host", b"12345678901.host", b"host",
    b".dot", b"99999999999999", b"%d.", b"%d." % DATE, b"%d.ho\xffst" % DATE, b"%d.a%%2CS" % DATE,
    b"%d.h2,S" % DATE, b"%d.h!2,S" % DATE, b"%d.\x7f" % DATE, b"%d.\n" % DATE,
    b"%d.%s" % (DATE, b"x" * 180), b"%d.%s" % (DATE, b"x" * 210),
)  # fmt: skip
FIELDS = (
    b"", b",S=SIZE", b",S=SIZE,W=VIRTUAL", b",W=VIRTUAL", b",W=VIRTUAL,S=SIZE", b",S=1", b",S=",
    b",S=0SIZE,W=0VIRTUAL", b",S=SIZE,W=1", b",S=SIZE,U=12", b",U=12,FMD5=0f9a", b",FMD5=xyz",
    b",FMD5=", b",X=1", b",S=SIZE,S=SIZE", b",U=", b",S=9999999999999999999", b",",
)  # fmt: skip
INFOS = (
    b"", b":2,", b":2,S", b":2,FRS", b":2,SR", b":2,Sab", b":2,Sba", b":2,Saa", b":2,SS", b":1,",
    b":2", b":", b":2,S,x", b":2,DFPRSTaz", b":2,s:2,S", b";2,S", b"!2,S", b":2,\xff", b":2,S.eml",
)  # fmt: skip


def named(base: bytes, fields: bytes, info: bytes, data: bytes) -> bytes:
    """A name in which SIZE and VIRTUAL are those of this message."""
    virtual = len(data) + data.count(b"\n") - data.count(b"\r\n")
    fields = fields.replace(b"SIZE", b"%d" % len(data)).replace(b"VIRTUAL", b"%d" % virtual)
    return base + fields + info


_BYTES = (b"\0", b"\n", b"\r", b"\r\n", b" ", b"\t", b":", b";", b",", b"<", b">", b"\x7f", b"\xff")
_WORDS = (b"\nFrom: ", b"\nDate: ", b"\nReceived: ", b"\nSubject: ", b"\nMessage-ID: ", b"\n\n")


def mutated(chance: random.Random) -> bytes:
    """A usual message in which one or a few bytes differ."""
    data = bytearray(chance.choice(USUAL))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        what = chance.random()
        if what < 0.3:
            data[at : at + 1] = chance.choice(_BYTES)
        elif what < 0.5:
            data[at:at] = chance.choice(_BYTES)
        elif what < 0.6:
            data[at:at] = chance.choice(_WORDS)
        elif what < 0.75:
            del data[at : at + chance.choice((1, 1, 2, 10))]
        elif what < 0.85:
            data[at : at + 1] = bytes((chance.randrange(256),))
        elif what < 0.95:
            end = at + chance.randrange(80)
            data[at:at] = data[at:end]
        else:
            data[at : at + 1] = data[at : at + 1].swapcase()
    return bytes(data)
