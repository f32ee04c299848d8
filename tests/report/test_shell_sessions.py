"""Random sessions as scripts: run on a copy, each does what the program did to the spool."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.journals.commands import Command, places_of, run
from tests.journals.stories import OTHERS, Spool
from tests.journals.trees import Picture, look, picture

pytestmark = pytest.mark.soak

SESSIONS, COMMANDS = 20, 7
FOLDERS = ("", ".Sent", ".A", ".A.B")
CODES = ("size-mismatch", "bad-flags", "uidlist-damaged", "bad-permissions", "bad-date", "empty",
         "duplicate-id", "missing-subdir", "name-clash", "bad-name")  # fmt: skip


def damaged(mail: Path, chance: random.Random, server: str) -> None:
    """A spool with a bit of everything, and the lists of one server."""
    spool = Spool(mail)
    number = 1_300_000_000
    for folder in FOLDERS:
        spool.folder(folder, mode=chance.choice((0o700, 0o750)))
        bases: list[bytes] = []
        for _ in range(chance.randrange(2, 7)):
            number += 1
            base = f"{number}.M{number % 97}.host" + chance.choice(("", ",S=9", ",S=9,W=8"))
            info = chance.choice((":2,", ":2,S", ":2,SF", ":2,Fab", ":2,ba", ""))
            place = f"{folder}/{chance.choice(('cur', 'cur', 'cur', 'new', '.'))}/{base}{info}"
            text = chance.choice((b"Text.", b"Text.", b"Caf\xc3\xa9."))
            made = spool.mail(place, text) if chance.random() < 0.9 else spool.put(place, b"")
            if chance.random() < 0.2:
                made.chmod(0o602)
            if chance.random() < 0.2:
                os.utime(made, (1_500_000_000, 1_500_000_000))
            if chance.random() < 0.7:
                bases.append(base.encode())
        (lists_of_dovecot if server == "dovecot" else lists_of_courier)(
            spool, folder, bases, chance
        )
    if chance.random() < 0.5:
        spool.put("maildirsize", b"1000000S\n20000 200\n")
    (spool.root / ".A.B" / "tmp").rmdir()
    if os.geteuid() == 0:
        for path in (mail, *mail.rglob("*")):
            os.chown(path, *OTHERS)


def lists_of_dovecot(spool: Spool, folder: str, bases: list[bytes], chance: random.Random) -> None:
    place = spool.dovecot(folder, *bases, first=chance.randrange(1, 9))
    lines = place.read_bytes().splitlines(keepends=True)
    odd = chance.random()
    if odd < 0.2:
        lines.append(lines[-1])
    elif odd < 0.3:
        lines.insert(1, b"0 :zero\0\xff\\n%s\n")
    elif odd < 0.4:
        lines.append(b"9 :torn")
    spool.put(f"{folder}/dovecot-uidlist", b"".join(lines), 0o640)
    names = chance.sample([b"Work", b"Home", b"Zebra", b"$Forwarded"], chance.randrange(5))
    if names:
        text = b"".join(b"%d %s\n" % one for one in enumerate(names))
        spool.put(f"{folder}/dovecot-keywords", text, 0o640)


def lists_of_courier(spool: Spool, folder: str, bases: list[bytes], chance: random.Random) -> None:
    place = spool.courier(folder, *bases)
    if chance.random() < 0.3:
        place.write_bytes(place.read_bytes() + b"0 zero\n0 zero\n")
    if bases and chance.random() < 0.7:
        entries = b"".join(b"%s:%d\n" % (base, chance.randrange(2)) for base in bases[::2])
        spool.put(f"{folder}/courierimapkeywords/:list", b"Work\nHome\n\n" + entries, 0o644)
        for name in bases[1::2]:
            spool.put(f"{folder}/courierimapkeywords/{name.decode()}", b"Zebra\n", 0o644)


def command(spool: Path, chance: random.Random) -> str:
    """Something that an operator might do next."""
    messages = [path for part in ("cur", "new") for path in spool.rglob(f"{part}/*")]
    one = str(chance.choice(messages)) if messages else ""
    to = chance.choice(("INBOX", "Sent", "A", "A.B"))
    return chance.choice((
        "fix SPOOL --yes",
        "fix SPOOL --yes " + " ".join(f"--only {code}" for code in chance.sample(CODES, 3)),
        f"file SPOOL {one} --to {to} --yes",
        f"file SPOOL {one} --to {to} --yes",
        f"flags SPOOL {one} --set FS --yes",
        f"quarantine add SPOOL {one} --yes",
        "undo SPOOL --yes",
        "undo SPOOL --yes",
        "redo SPOOL --yes",
    ))  # fmt: skip


@pytest.mark.parametrize("server", ["dovecot", "courier"])
@pytest.mark.parametrize("seed", range(SESSIONS))
def test_the_script_of_a_random_session_does_the_same(
    seed: int, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in places_of(tmp_path).items():
        monkeypatch.setenv(name, value)
    chance = random.Random(f"{seed} {server}")
    (tmp_path / "mail").mkdir()
    damaged(tmp_path / "mail", chance, server)
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(tmp_path / "mail"), str(copy)], check=True)
    spool = tmp_path / "mail" / "Maildir"
    lines: list[str] = []
    for _ in range(COMMANDS):
        lines.append(command(spool, chance))
        assert run(tmp_path, Command(lines[-1]))[0] < 2, lines
    code, script = run(tmp_path, Command("log SPOOL --format sh"))
    assert code == 0
    ended = subprocess.run(
        ["sh", "-s", str(copy / "Maildir"), str(copy / ".Maildir.quarantine")],
        input=os.fsencode(script), capture_output=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, b""), (lines, script)
    assert shown(copy) == shown(tmp_path / "mail"), (lines, script)


def shown(mail: Path) -> Picture:
    """All but directories of the quarantine, of which a script leaves empty ones, and the times of
    servers' lists."""
    return {
        path: one[:-1] if "/courierimap" in path or "/dovecot-" in path else one
        for path, one in picture(look(mail)).items()
        if not path.startswith(".Maildir.quarantine") or len(one) > 2
    }
