"""Messages for a generated spool: headers of many lines, and bodies cut from a stock of text."""

from __future__ import annotations

import base64
import math
import random
from email.utils import formatdate
from functools import cache

HOST = "marcos"
_MEDIAN = 4_000  # bytes of a message
_SPREAD = 1.2  # of the logarithm of the size: gives a mean of about 8.5 KB
_STOCK = 1 << 20  # bytes of text to cut bodies from
_WORDS = (  # noqa: SIM905 (a list of sixty literals is harder to read)
    "the a of and to in that it is was for on with as by at from this we you not be have are or"
    " will can may if which when there what who where how them would could meeting draft invoice"
    " library release patch branch table window neighbour Thursday Friday weekend numbers report"
    " error warning build archive folder message server Größe schön été naïve señor"
).split()
_PEOPLE = (
    "Anna Berg <anna.berg@example.org>", '"Kern, Paul" <paul.kern@example.net>',
    "=?utf-8?q?J=C3=BCrgen_Lindqvist?= <jl@example.com>", "root@marcos.example.org (Cron Daemon)",
    "The build service <builds@lists.example.org>", "marta@example.net",
    "=?iso-8859-1?q?Andr=E9_Dupont?= <andre@example.fr>", "Lee <lee@example.com>",
)  # fmt: skip
_SUBJECTS = (
    "Re: transition of the libraries (%d)", "Photos of the weekend, part %d", "Invoice 2012-%d",
    "Cron <root@marcos> run-parts /etc/cron.daily %d", "[build] report %d", "Minutes, item %d",
    "=?utf-8?b?UsO8Y2ttZWxkdW5nIHp1bSBFbnR3dXJm?= %d", "Re: Re: agenda for the\n meeting %d",
    "=?utf-8?q?Gr=C3=B6=C3=9Fe_der_Ordner?=\n =?utf-8?q?_im_Archiv?= %d",
)  # fmt: skip
_CASES = (str, str, str, str.lower, str.upper)  # of header names; most are as in the RFC


class Composer:
    """Writes messages; everything random comes from `rng`. `small`: 600 to 900 bytes each."""

    def __init__(self, rng: random.Random, *, small: bool = False) -> None:
        self.rng = rng
        self.small = small
        self._text = _text_stock()
        self._packed = _packed_stock()

    def message(self, identity: str, seconds: int, kind: str = "") -> bytes:
        """One message with LF line ends; `identity` makes its Message-ID, `kind` its oddity."""
        rng = self.rng
        multipart = not self.small and kind != "header-only" and rng.random() < 0.4
        boundary = f"=_{identity}.{rng.getrandbits(40):010x}" if multipart else ""
        if self.small:
            lines = self._small_header(identity, seconds, kind)
        else:
            lines = self._header(identity, seconds, kind, boundary)
        case = rng.choice(_CASES)
        if case is not str:
            lines = [_recased(line, case) for line in lines]
        header = ("\n".join(lines) + "\n").encode()
        if kind == "header-only":
            return header + b"\n"
        wanted = max(self._size(kind) - len(header), 60)
        body = self._multipart(boundary.encode(), wanted) if multipart else self._cut(wanted)
        whole = header + b"\n" + body
        return whole.replace(b"\n", b"\r\n") if kind == "crlf" else whole

    def _size(self, kind: str) -> int:
        if kind == "huge":
            return self.rng.randint(2_200_000, 9_000_000)
        if self.small:
            return self.rng.randint(600, 900)
        size = math.exp(self.rng.gauss(math.log(_MEDIAN), _SPREAD))
        return min(int(size), 2_000_000)

    def _header(self, identity: str, seconds: int, kind: str, boundary: str) -> list[str]:
        rng = self.rng
        date = formatdate(seconds, localtime=False)
        lines = [f"Return-Path: <bounce-{identity}@lists.example.org>", "X-Original-To: paul"]
        for hop in range(rng.randint(2, 5)):
            lines += [
                f"Received: from mx{hop}.example.org (mx{hop}.example.org [192.0.2.{20 + hop}])",
                f"\tby relay{hop + 1}.example.org (Postfix) with ESMTPS id {rng.getrandbits(44):X}",
                f"\tfor <paul.kern@example.net>; {date}",
            ]
        if rng.random() < 0.5:
            lines.append("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org;")
            start = rng.randrange(len(self._packed) - 400) // 77 * 77
            packed = self._packed[start : start + 77 * rng.randint(2, 4)].decode()
            lines += [f"\t{line}" for line in packed.splitlines()]
        lines += [
            f"Date: {date}",
            f"From: {rng.choice(_PEOPLE)}",
            "To: paul.kern@example.net",
            f"Subject: {rng.choice(_SUBJECTS) % rng.randrange(10_000)}",
        ]
        if kind != "no-id":
            lines.append(f"Message-ID: <{identity}.{seconds}@lists.example.org>")
        if rng.random() < 0.5:
            lines += [f"References: <{rng.getrandbits(60):x}@lists.example.org>",
                      f" <{rng.getrandbits(60):x}@lists.example.org>"]  # fmt: skip
        lines += ["MIME-Version: 1.0"]
        if boundary:
            lines += ["Content-Type: multipart/mixed;", f'\tboundary="{boundary}"']
        else:
            lines += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
        if rng.random() < 0.6:
            lines += ["List-Id: Talk <talk.lists.example.org>", "Precedence: list",
                      "List-Unsubscribe: <https://lists.example.org/talk/leave>,",
                      " <mailto:talk-leave@lists.example.org>"]  # fmt: skip
        lines += [f"X-Spam-Score: {rng.random():.2f}", "X-Mailer: Post 4.2", "Status: RO"]
        return lines

    def _small_header(self, identity: str, seconds: int, kind: str) -> list[str]:
        rng = self.rng
        date = formatdate(seconds, localtime=False)
        lines = [
            f"Received: from mx.example.org by {HOST} with SMTP; {date}",
            f"Date: {date}",
            f"From: {rng.choice(_PEOPLE)}",
            "To: paul.kern@example.net",
            f"Subject: {rng.choice(_SUBJECTS) % rng.randrange(10_000)}",
        ]
        if kind != "no-id":
            lines.append(f"Message-ID: <{identity}.{seconds}@lists.example.org>")
        return lines

    def _cut(self, length: int) -> bytes:
        """Whole lines of the stock, about so many bytes."""
        text = self._text
        start = text.index(b"\n", self.rng.randrange(len(text) // 2)) + 1
        if length > len(text) // 2 - 200:
            return text[start:] + text * (length // len(text)) + b"\n"
        return text[start : text.index(b"\n", start + length) + 1]

    def _multipart(self, boundary: bytes, length: int) -> bytes:
        first = self._cut(min(length // 2, 20_000))
        packed = self._packed
        wanted = length - len(first)
        start = self.rng.randrange(len(packed) // 2) // 77 * 77
        second = (packed[start:] + packed * (wanted // len(packed)))[: wanted // 77 * 77 + 77]
        return (
            b"This is a message of several parts.\n\n--" + boundary
            + b"\nContent-Type: text/plain; charset=utf-8\n\n" + first + b"\n--" + boundary
            + b"\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n"
            + second + b"\n--" + boundary + b"--\n"
        )  # fmt: skip


def _recased(line: str, case: type[str]) -> str:
    name, colon, value = line.partition(": ")
    if not colon or line[0] in " \t":
        return line
    return case(name) + colon + value


@cache
def _text_stock() -> bytes:
    rng = random.Random("text")
    lines: list[str] = []
    length = 0
    while length < _STOCK:
        line = " ".join(rng.choices(_WORDS, k=rng.choice((0, 6, 9, 11, 12, 13, 14))))
        lines.append(line)
        length += len(line) + 1
    return ("\n".join(lines) + "\n").encode()


@cache
def _packed_stock() -> bytes:
    return base64.encodebytes(random.Random("packed").randbytes(_STOCK // 77 * 57))
