"""A locale that is not UTF-8 changes no byte of a name, a keyword or a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.protects import protects

pytestmark = pytest.mark.process
UE = "ü".encode()
BASE = b"1672653602.M1P1.h" + UE + b",S=%d"
MAIL = b"From: ann@example.org\nMessage-ID: <1@x>\nSubject: hello\n\nText.\n"


def environment(tmp_path: Path, locale: str) -> dict[str, str]:
    """An environment in which names are not UTF-8 for Python."""
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    for place in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        kept[place] = str(tmp_path / place)
    if locale == "C":
        return {**kept, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    places = tmp_path / "locales"
    places.mkdir()
    localedef = shutil.which("localedef")
    if localedef is None or subprocess.run(
        [localedef, "-i", "en_US", "-f", "ISO-8859-1", places / locale], capture_output=True
    ).returncode not in (0, 1):
        pytest.skip("no such locale can be made here")
    return {**kept, "LC_ALL": locale, "LOCPATH": str(places)}


def mailsurgeon(environ: dict[str, str], *words: bytes | str) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-m", "mailsurgeon"]
    ended = subprocess.run([*program, *words], env=environ, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended


@protects(
    "names are the same bytes under every locale",
    where="cli/utf8_mode.py",
    seen="failed with the folder, the keyword and the record in other bytes",
)
@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
def test_bytes_stay_what_they_are(tmp_path: Path, locale: str) -> None:
    environ = environment(tmp_path, locale)
    root = os.fsencode(tmp_path / "Maildir")
    for folder in (b"", b".A", b"B" + UE):
        for name in (b"cur", b"new", b"tmp"):
            os.makedirs(os.path.join(root, folder, name), 0o700)

    def write(path: bytes, content: bytes) -> None:
        Path(os.fsdecode(os.path.join(root, path))).write_bytes(content)

    def read(path: bytes) -> bytes:
        return Path(os.fsdecode(os.path.join(root, path))).read_bytes()

    header = b"3 V1672653600 N3 G0123456789abcdef0123456789abcdef\n"
    write(b"dovecot-uidlist", header + b"1 :1672653601.M1P1.h\n2 :" + BASE % 99 + b"\n")
    write(b"dovecot-keywords", b"0 gr" + UE + b"n\n")
    write(b".A/dovecot-uidlist", header)
    write(b".A/maildirfolder", b"")
    write(b"cur/1672653601.M1P1.h:2,Sa", MAIL)
    write(b"cur/" + BASE % 99 + b":2,S", MAIL.replace(b"<1", b"<2"))
    write(b"B" + UE + b"/cur/1672653603.M1.h:2,S", MAIL.replace(b"<1", b"<3"))
    common = [root, "--layout", "maildir++", "--yes"]
    mailsurgeon(environ, "file", common[0], b"cur/1672653601.M1P1.h:2,Sa", "--to", "A", *common[1:])
    mailsurgeon(environ, "fix", common[0], "--only", "size-mismatch", *common[1:])
    shown = mailsurgeon(environ, "fix", common[0], "--only", "nested-folder", *common[1:])
    assert read(b".A/dovecot-keywords") == b"0 gr" + UE + b"n\n"
    right = BASE % len(MAIL)
    assert read(b"dovecot-uidlist").endswith(b" :" + right + b"\n")
    assert read(b"cur/" + right + b":2,S")
    assert b"nested" not in shown.stderr
    assert sorted(name for name in os.listdir(root) if name.startswith(b".")) == [
        b".A", b".B" + UE,
    ]  # fmt: skip
    for _ in range(3):
        mailsurgeon(environ, "undo", *common[:1], "--yes")
    assert read(b"dovecot-keywords") == b"0 gr" + UE + b"n\n"
    assert read(b"dovecot-uidlist").endswith(b"2 :" + BASE % 99 + b"\n")
    assert os.path.isdir(os.path.join(root, b"B" + UE, b"cur"))
