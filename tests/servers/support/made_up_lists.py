"""Made-up uidlists: what disks, editors, scripts and hostile users may leave of one."""

from __future__ import annotations

import random

NAMES = ("m1", "m2", "m3", "m4")
"""The base names of the messages that are there."""

_GUID = b"95a46f0f611e026b631f000083ecc375"
_HEADERS = (
    b"3 V1636000000 N500",
    b"3 V1636000000 N500 G" + _GUID,
    b"3 V1636000000 N500 G" + _GUID.upper(),
    b"3 V1636000000   N500 ",
    b"3 V7 V1636000000 N1 N500",
    b"3 V1636000000 N500 Pfuture Z",
    b"3 V1636000000 N500 G" + _GUID + b"\r",
    b"3 V1636000000 N500\0rest",
    b"1 1636000000 500",
    b"1 1636000000 500 more words",
    b"1  1636000000\t500",
    b"1 +1636000000 500x",
    b"1 4294967303 500",
)
_BAD_HEADERS = (
    b"", b"3", b"2 V1636000000 N500", b"3  V1636000000 N500", b"3 V1636000000", b"3 N500",
    b"3 V0 N500", b"3 V1636000000 N0", b"3 V4294967296 N500", b"3 V1636000000 N4294967296",
    b"3 V1636000000 N500 G" + _GUID[1:], b"3 V1636000000 N500 Gx" + _GUID[1:],
    b"3 V+1636000000 N500", b"3 V1636000000x N500", b"1 1636000000x 500", b"1 1636000000",
    b"1 4294967296 500", b"\0", b" 3 V1636000000 N500", b"3 V N500", b"3\tV1636000000 N500",
)  # fmt: skip
_FIELDS = (b"Gg", b"Pp", b"P", b"O7", b"Zz:", b"9", b"x1", b"-", b"G/s", b"W", b"m2")


def made_up_list(chance: random.Random) -> bytes:
    """One list; most have one or two oddities, some very many."""
    header = chance.choice(_HEADERS if chance.random() < 0.9 else _BAD_HEADERS)
    version = 1 if header.startswith(b"1") else 3
    odd = chance.choice((0.0, 0.1, 0.3, 0.6))
    uid = 0
    lines = [header]
    for _ in range(chance.randrange(8)):
        uid += chance.randrange(1, 9)
        lines.append(_record(chance, uid, version, odd))
    if chance.random() < 0.1:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    if chance.random() < 0.1:
        chance.shuffle(lines)
    text = b"\n".join(lines) + b"\n"
    if chance.random() < 0.1:
        text = text[: chance.randrange(len(text) + 1)]
    if chance.random() < 0.1:
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice((b"\0" * 9, b"\n", b" ", b"\r\n")) + text[place + 3 :]
    return text


def _record(chance: random.Random, uid: int, version: int, odd: float) -> bytes:
    def is_odd() -> bool:
        return chance.random() < odd / 4

    number = b"%d" % uid
    if is_odd():
        number = chance.choice((
            b"0", b"", b"-1", b"x", b"00%d" % uid, b"%d" % (uid + 2**32), b"4294967296",
            b"4294967295", b"%d" % (uid + 10**40), b"+%d" % uid, b"%d\t" % uid, b" %d" % uid,
        ))  # fmt: skip
    base = chance.choice(NAMES).encode()
    if is_odd():
        base = chance.choice((
            b"", b"a/b", b" " + base, base + b" ", b"gone", b":" + base, base + b"\0rest",
            b"\0" + base, base + b" :" + base, base + b"\r", b"\r", b"\xff\xfe",
        ))  # fmt: skip
    blank = b"  " if is_odd() else b" "
    if version == 1:
        return number + blank + base + (b"\r" if is_odd() else b"")
    fields = [chance.choice(_FIELDS) for _ in range(chance.choice((0, 0, 0, 1, 2)))]
    colon = b"" if is_odd() else b":"
    words = b"".join(field + (b"  " if is_odd() else b" ") for field in fields)
    return number + blank + words + colon + base + (b"\r" if is_odd() else b"")
