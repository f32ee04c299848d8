"""Compressed and encrypted mail: what the scan says of it, and what Dovecot does with it."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tests.planting.packing import lz4
from tests.servers.support.dovecot import Dovecot
from tests.servers.support.operator import Operator

pytestmark = pytest.mark.servers

PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "lz4": lz4,
}
RANDOM = random.Random(5)
TEXT = b"From: a@example.org\nMessage-ID: <1@example.org>\n\n" + b"".join(
    b"%020d\n" % RANDOM.getrandbits(64) for _ in range(300)
)
CASES: dict[str, Callable[[bytes], bytes]] = {
    "whole": lambda packed: packed,
    "cut": lambda packed: packed[: len(packed) // 2],
    "cut at its end": lambda packed: packed[:-1],
    "cut near its start": lambda packed: packed[:20],
    "NULs for its end": lambda packed: packed[:300] + bytes(len(packed) - 300),
    "NULs after it": lambda packed: packed + bytes(600),
    "words after it": lambda packed: packed + b"words",
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_dovecot_fails_to_unpack_is_said_to_be_broken_and_nothing_else(
    dovecot: Dovecot, operator: Operator, packing: str
) -> None:
    with dovecot.configuration.open("a") as file:
        file.write("mail_plugins = zlib\n")
    paths = {
        dovecot.put(
            f"cur/{1_300_000_000 + place}.M1P1.host:2,S", damage(PACKINGS[packing](TEXT))
        ).name: name
        for place, (name, damage) in enumerate(CASES.items())
    }
    outcome = operator.run("scan", dovecot.spool, "--format", "json")
    found = json.loads(outcome.out)["problems"]
    broken = {paths[Path(row["path"]).name] for row in found if row["code"] == "broken-packing"}
    failing: set[str] = set()
    for uid, name in enumerate(paths.values(), 1):
        answer = dovecot.run("fetch", "text", "mailbox", "INBOX", "uid", str(uid))
        if answer.code:
            failing.add(name)
    assert broken == failing
    assert "whole" not in broken and "cut" in broken
