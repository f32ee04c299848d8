"""Where notmuch keeps the databases that index a spool."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsurgeon.host.notmuch import notmuch_databases
from mailsurgeon.maildir.config.notmuch_config import NotmuchDatabase, notmuch_database

HOME = b"/home/ann"
MAIL = b"/home/ann/mail"


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("[database]\npath=/home/ann/mail\n", (MAIL, MAIL + b"/.notmuch/xapian")),
        ("[database]\npath=mail\n", (MAIL, MAIL + b"/.notmuch/xapian")),
        ("[database]\npath = ~/mail\n", (MAIL, MAIL + b"/.notmuch/xapian")),
        ("# x\n[database]\npath=/db\nmail_root=/m\n[new]\ntags=a;b\n", (b"/m", b"/db/xapian")),
        ("[database]\nmail_root=/mail\n", None),
        ("[user]\nname=%x\n", None),
        ("no settings at all", None),
        ("", None),
    ],
)  # fmt: skip
def test_settings_name_the_mail_and_the_database(
    settings: str, found: tuple[bytes, bytes] | None
) -> None:
    wanted = None if found is None else NotmuchDatabase(*found)
    assert notmuch_database(settings, HOME) == wanted


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("NOTMUCH_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mail" / "work").mkdir(parents=True)
    return tmp_path


def database(path: Path) -> bytes:
    path.mkdir(parents=True)
    return os.fsencode(path)


def found(home: Path) -> list[bytes]:
    return notmuch_databases(os.fsencode(home / "mail" / "work"), os.geteuid())


def test_a_database_in_the_spool_or_above_it_is_found(home: Path) -> None:
    assert found(home) == []
    above = database(home / "mail" / ".notmuch" / "xapian")
    assert found(home) == [above]
    inside = database(home / "mail" / "work" / ".notmuch" / "xapian")
    assert found(home) == [inside, above]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_a_stranger_s_database_above_is_not_waited_for(home: Path) -> None:
    above = database(home / ".notmuch" / "xapian")
    os.chown(above, 61_234, 61_234)
    assert found(home) == []


@pytest.mark.parametrize("where", ["environment", "home", "profile"])
def test_settings_lead_to_a_database_elsewhere(
    home: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "environment": home / "settings",
        "home": home / ".notmuch-config",
        "profile": home / ".config" / "notmuch" / "default" / "config",
    }[where]
    settings.parent.mkdir(parents=True, exist_ok=True)
    if where == "environment":
        monkeypatch.setenv("NOTMUCH_CONFIG", str(settings))
    settings.write_text(f"[database]\npath=db\nmail_root={home}/mail\n")
    elsewhere = database(home / "db" / "xapian")
    assert found(home) == [elsewhere]
    settings.write_text(f"[database]\npath=db\nmail_root={home}/other\n")
    assert found(home) == []
