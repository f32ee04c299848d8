"""The native reader never says anything else than the one in Python."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsurgeon.diagnosis.facts import FolderFacts
from tests.planting.combine import build_spool
from tests.support.protects import protects
from tests.survey.native.both import Both
from tests.survey.native.mail import (
    BODIES,
    DATE,
    FIELDS,
    HEADERS,
    INFOS,
    NAMES,
    USUAL,
    mutated,
    named,
)

pytestmark = [
    protects(
        "the native reader says what the one in Python says",
        where="survey/native/reader.py",
        seen="any text and name, and spools with planted damage, read by both",
    )
]
_ONE_DIRECTORY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


@pytest.fixture
def cur(tmp_path: Path) -> Path:
    """An empty directory `cur`."""
    made = tmp_path / "cur"
    made.mkdir()
    return made


def write(place: Path, name: bytes, data: bytes, *, mtime: float = DATE, mode: int = 0o600) -> None:
    """Writes a message into the directory."""
    path = os.path.join(os.fsencode(place), name)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)
    os.utime(path, ns=(int(mtime * 1e9), int(mtime * 1e9)))


def compare(both: Both, place: Path, folder: FolderFacts | None = None) -> list[bytes]:
    """Compares the readers on all files of a directory; returns what the native one has taken."""
    path = os.fsencode(place)
    names = sorted(os.listdir(path))
    return both.agree(os.path.dirname(path), os.path.basename(path), names, folder)


def alone(both: Both, place: Path, name: bytes, data: bytes, **options: float) -> bool:
    """Whether the native reader takes this message, as the only one in the directory."""
    for other in os.listdir(place):
        os.unlink(place / other)
    write(place, name, data, **options)  # type: ignore[arg-type]
    return compare(both, place) == [name]


NAME = b"%d.M1.host:2,S" % DATE


@pytest.mark.parametrize("data", [*USUAL, *(mail.replace(b"\n", b"\r\n") for mail in USUAL[:3])])
def test_usual_mail_is_taken(both: Both, cur: Path, data: bytes) -> None:
    assert alone(both, cur, NAME, data)


@_ONE_DIRECTORY
@given(
    st.lists(st.sampled_from(HEADERS), max_size=8), st.sampled_from(BODIES), st.booleans(),
    st.sampled_from((0, 1, 2, 3, None)),
)  # fmt: skip
def test_of_any_text_both_say_the_same(
    both: Both, cur: Path, parts: list[bytes], body: bytes, crlf: bool, usual: int | None
) -> None:
    head = b"" if usual is None else USUAL[usual].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    data = b"".join(parts) + head + b"\n" * bool(head) + body
    alone(both, cur, NAME, data.replace(b"\n", b"\r\n") if crlf else data)


@_ONE_DIRECTORY
@given(
    st.sampled_from(NAMES) | st.binary(min_size=1, max_size=30), st.sampled_from(FIELDS),
    st.sampled_from(INFOS), st.sampled_from(USUAL), st.sampled_from(("cur", "new")),
    st.sampled_from((None, {}, {b"x": (1, 1)})),
)  # fmt: skip
def test_of_any_name_both_say_the_same(
    both: Both,
    tmp_path: Path,
    base: bytes,
    fields: bytes,
    info: bytes,
    data: bytes,
    subdir: str,
    sizes: dict[bytes, tuple[int, int]] | None,
) -> None:
    place = tmp_path / subdir
    place.mkdir(exist_ok=True)
    for other in os.listdir(place):
        os.unlink(place / other)
    name = named(base, fields, info, data).replace(b"/", b"").replace(b"\0", b"")[:255]
    if name in (b"", b".", b".."):
        return
    write(place, name, data)
    compare(both, place, None if sizes is None else FolderFacts(sizes=sizes, owner=(0, 0)))


@_ONE_DIRECTORY
@given(
    st.sampled_from((0, 86_399, 86_400, 86_401, 365 * 86_400, 365 * 86_400 + 1, 10**9, 9e9, 1e10)),
    st.booleans(), st.sampled_from((0.0, 0.5)), st.sampled_from(NAMES[:3]),
    st.sampled_from((0o600, 0o644, 0o666, 0o000, 0o602, 0o200)),
)  # fmt: skip
def test_of_any_time_and_mode_both_say_the_same(
    both: Both, cur: Path, apart: float, before: bool, part: float, base: bytes, mode: int
) -> None:
    mtime = DATE + (-apart if before else apart) + part
    alone(both, cur, base + b":2,S", USUAL[0], mtime=mtime, mode=mode)


@pytest.mark.parametrize("seed", range(2))
def test_of_damaged_mail_both_say_the_same(both: Both, cur: Path, seed: int) -> None:
    chance = random.Random(seed)
    damage(both, cur, chance, 300)


def damage(both: Both, place: Path, chance: random.Random, count: int) -> None:
    """Compares the readers on so many damaged messages."""
    for other in os.listdir(place):
        os.unlink(place / other)
    for number in range(count):
        data = mutated(chance)
        info = chance.choice(INFOS) if chance.random() < 0.1 else b":2,S"
        base = b"%d.M%dP1.host" % (DATE + chance.choice((0, 90_000)), number)
        write(place, named(base, chance.choice(FIELDS[:4]), info, data), data)
    taken = compare(both, place)
    assert count / 10 < len(taken) < count


@pytest.mark.parametrize("seed", range(2))
def test_of_planted_damage_both_say_the_same(both: Both, tmp_path: Path, seed: int) -> None:
    planted(both, tmp_path / "spool", seed)


def planted(both: Both, root: Path, seed: int) -> None:
    """Compares the readers on every directory of a spool with planted damage."""
    build_spool(os.fsencode(root), seed)
    taken = 0
    for path, _, names in os.walk(os.fsencode(root)):
        if os.path.basename(path) in (b"cur", b"new"):
            directory = os.path.relpath(path, os.fsencode(root))
            taken += len(both.agree(os.fsencode(root), directory, sorted(names)))
    assert taken
