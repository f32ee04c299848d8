"""Where a real mail server is, and a spool that it and mailsurgeon can both reach.

Without the server's programs these tests are skipped, by name; with MAILSURGEON_REQUIRE_SERVERS=1
they fail.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from tests.servers.support.courier import Courier
from tests.servers.support.courier import missing as courier_missing
from tests.servers.support.dovecot import DOVEADM, IMAP, Dovecot
from tests.servers.support.operator import Operator
from tests.servers.support.owned import Owner, plain_user

REQUIRED = os.environ.get("MAILSURGEON_REQUIRE_SERVERS") == "1"


def _missing() -> str:
    if DOVEADM is None:
        return "doveadm is not installed (Debian: dovecot-core)"
    if not IMAP.exists():
        return f"{IMAP} is not installed (Debian: dovecot-imapd)"
    return ""


@pytest.fixture(autouse=True)
def server_programs(request: pytest.FixtureRequest) -> None:
    """Skips, or fails, a test that has no server to ask: Dovecot, where it names no other."""
    missing = courier_missing() if "courier" in request.fixturenames else _missing()
    if missing:
        leave_out(missing)


def leave_out(missing: str) -> NoReturn:
    """Skips a test for what is missing; fails it where the servers are required."""
    if REQUIRED:
        pytest.fail(f"{missing}, and MAILSURGEON_REQUIRE_SERVERS asks for it", pytrace=False)
    pytest.skip(missing)


def program(name: str, package: str) -> str:
    """The path of a program that a test cannot do without."""
    return shutil.which(name) or leave_out(f"{name} is not installed (Debian: {package})")


@pytest.fixture
def owner() -> Owner:
    return plain_user()


@pytest.fixture
def home(owner: Owner, tmp_path: Path) -> Iterator[Path]:
    """The home of the owner. pytest's own directories are closed to all but root."""
    if os.geteuid() == owner.uid and os.geteuid() != 0:
        yield tmp_path
        return
    place = Path(tempfile.mkdtemp(prefix="mailsurgeon-servers-"))
    os.chown(place, owner.uid, owner.gid)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def dovecot(home: Path, owner: Owner) -> Dovecot:
    """INBOX and Sent, empty, in the ordinary layout."""
    return prepared(Dovecot(home, owner))


def prepared(server: Dovecot) -> Dovecot:
    """The mail root made, with INBOX and Sent."""
    server.create("Sent")
    server.fetch("flags")
    return server


@pytest.fixture
def courier(home: Path, owner: Owner, request: pytest.FixtureRequest) -> Iterator[Courier]:
    """INBOX and Sent, empty; an indirect parameter is the quota."""
    with closing(Courier(home, owner, quota=getattr(request, "param", ""))) as server:
        server.create("INBOX.Sent")
        yield server


@pytest.fixture
def operator(home: Path, owner: Owner) -> Operator:
    """The user who runs the tests: root on a mail host, or the owner of the mail."""
    return Operator(home, Owner(os.geteuid(), os.getegid()), owner)


@pytest.fixture
def as_owner(home: Path, owner: Owner) -> Operator:
    """The owner of the mail, where he can reach this Python."""
    one = Operator(home, owner, owner)
    try:
        reached = one.run("--version").code == 0
    except PermissionError:
        reached = False
    if not reached:
        pytest.skip(f"{sys.executable} and what it imports are closed to uid {owner.uid}")
    return one
