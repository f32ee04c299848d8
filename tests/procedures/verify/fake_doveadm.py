"""A stand-in for doveadm: says what a test wants it to say, on the shadow that it is shown."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

_SCRIPT = """\
#!{python}
import glob, json, os, signal, sys, time
words = sys.argv[1:]
home = os.environ["HOME"]
user = os.environ["USER"]
def say(text, stream=sys.stdout):
    stream.write(text)
    stream.flush()
def complain(text):
    say("doveadm(" + user + "): " + text + "\\n", sys.stderr)
def files():
    return sorted(glob.glob(home + "/m/cur/*") + glob.glob(home + "/m/new/*"))
def rows(number=True):
    os.makedirs(home + "/c/.INBOX", exist_ok=True)
    with open(home + "/c/.INBOX/dovecot-uidlist", "w") as uidlist:
        uidlist.write("3 V1 N1000 G" + "0" * 32 + "\\n")
        for uid, path in enumerate(files(), 1):
            uidlist.write(str(uid) + " :" + os.path.basename(path).split(":")[0] + "\\n")
    say("user\\tuid\\tsize.virtual\\n")
    for uid, path in enumerate(files(), 1):
        say(user + "\\t" + str(uid) + "\\t100\\n")
def config():
    say("# {version}: conf\\n")
def listing():
    say(json.dumps([{{"mailbox": name}} for name in {folders!r}]))
def fetch():
    rows()
{behaviour}
commands = {{"config": config, "mailbox": listing, "fetch": fetch}}
next(commands[word] for word in words if word in commands)()
"""


def install(
    place: Path, behaviour: str = "", *, version: str = "2.3.19.1", folders: tuple[str, ...] = ()
) -> Path:
    """Writes `doveadm` into the directory `place`, which belongs on PATH; `behaviour` may define
    `config`, `listing` or `fetch` anew. Every folder of the spool but INBOX must be in `folders`.
    """
    place.mkdir(exist_ok=True)
    program = place / "doveadm"
    text = _SCRIPT.format(
        python=sys.executable, version=version, folders=["INBOX", *folders], behaviour=behaviour
    )
    program.write_text(text)
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return program
