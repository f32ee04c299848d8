"""The program's reading of a message's bytes against a second, slow one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from mailsurgeon.maildir.message import Content, Traits, analyse

from .corpus import WHY_SKIPPED, have_corpus, messages, unpack
from .mail import SHAPES, letter
from .oracle import Facts, facts

_TOKENS = (
    b"\n", b"\r\n", b"\r", b"\n\n", b"\r\n\r\n", b"\n\r\n", b" ", b"\t", b":", b"From ", b">From ",
    b"From a Mon Jan 1 00:00:00 2018\n", b"\n\nFrom a 1:22\nTo: b\n", b"Message-ID: <x@y>\n",
    b"message-id:\n <a@b>\n", b"Message-ID:", b"<", b">", b"--b--", b"\n--b--\n", b"--b--  \r\n",
    b"Content-Type: multipart/mixed; boundary=b\n", b"\0", b"\xff", b"Subject :x\n", b"\x0b\n",
    b"=?utf-8?B?x?=", b"=?utf-8?Q?=", b"=?no-such?B?eA==?=",
)  # fmt: skip


def _of_the_program(content: Content, truth: Facts) -> dict[str, object]:
    traits = content.traits
    found: dict[str, object] = {
        "is mail": bool(traits & Traits.MAIL),
        "mbox": bool(traits & Traits.MBOX),
        "not mail": not traits & (Traits.FIRST_FIELD | Traits.KNOWN_FIELD),
        "from line": bool(traits & Traits.FROM_LINE),
        "header cut": bool(traits & Traits.HEADER_CUT),
        "header only": bool(traits & Traits.HEADER_ONLY),
        "message id": (content.message_id or "").casefold(),
        "size": content.size,
        "W": content.virtual_size,
    }
    if not truth.odd_type:
        found["multipart"] = bool(traits & Traits.MULTIPART)
        found["closed"] = bool(traits & Traits.CLOSED)
    return found


def _of_the_oracle(truth: Facts) -> dict[str, object]:
    identity = (truth.message_id or b"").decode("utf-8", "backslashreplace")
    found: dict[str, object] = {
        "is mail": truth.is_mail,
        "mbox": truth.mbox,
        "not mail": truth.not_mail,
        "from line": truth.from_line,
        "header cut": truth.header_cut,
        "header only": truth.header_only,
        "message id": identity.replace("\0", "\\x00").casefold(),
        "size": truth.size,
        "W": truth.virtual,
    }
    if not truth.odd_type:
        found["multipart"], found["closed"] = truth.multipart, truth.closed
    return found


def _differences(data: bytes, pieces: list[bytes]) -> Iterator[str]:
    truth = facts(data)
    found, wanted = _of_the_program(analyse(pieces), truth), _of_the_oracle(truth)
    for key, value in found.items():
        if value != wanted[key]:
            yield f"{key}: {value!r}, the oracle says {wanted[key]!r}: {data[:300]!r}"


def _mutated(random: Random, data: bytes) -> bytes:
    """The message cut, with pieces taken out and others put in."""
    text = bytearray(data)
    if random.random() < 0.5:
        del text[random.randrange(len(text) + 1) :]
    for _ in range(random.randrange(5)):
        at = random.randrange(min(len(text), random.choice((20, 300, 100_000))) + 1)
        if random.random() < 0.7:
            text[at : at + random.choice((0, 0, 1, 5))] = random.choice(_TOKENS)
        else:
            del text[at : at + random.randrange(1, 40)]
    return bytes(text)


def _in_pieces(random: Random, data: bytes) -> list[bytes]:
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(4)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _compare(random: Random, files: list[bytes], times: int) -> None:
    wrong: Counter[str] = Counter()
    for _ in range(times):
        data = _mutated(random, random.choice(files))
        wrong.update(_differences(data, _in_pieces(random, data)))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("seed", range(4))
def test_mutations_of_healthy_mail_are_read_alike(seed: int) -> None:
    random = Random(seed)
    made = [
        shape(random, letter(random, b"<%d@planted.example>" % number, 1_500_000_000))
        for number, (name, shape) in enumerate(SHAPES.items())
        if name not in ("big", "long-line")
    ]
    _compare(random, made, 800)


@pytest.mark.skipif(not have_corpus(), reason=WHY_SKIPPED)
@pytest.mark.soak
def test_real_mail_and_its_mutations_are_read_alike(tmp_path: Path) -> None:
    random = Random(7)
    files = [path.read_bytes() for path in messages(unpack(tmp_path))]
    wrong = [line for data in files for line in _differences(data, _in_pieces(random, data))]
    assert not wrong, "\n".join(wrong)
    _compare(random, [data for data in files if len(data) < 20_000], 2000)
