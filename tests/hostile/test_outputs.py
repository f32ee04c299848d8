"""Hostile text in every format of every command: on a terminal, in exports, in the shell script."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.hostile.spool import HostileSpool
from tests.hostile.stream import Stream
from tests.hostile.terminal import PROGRAM, Terminal
from tests.hostile.test_terminal import journal_text
from tests.support.protects import protects

pytestmark = pytest.mark.process

EVIL = "Fevi\x1b]0;x\x07\x9b\u202e\u200b[/x]"


class Command(NamedTuple):
    """A command and the fields its output shows; S stands for the spool, M for a message."""

    words: str
    fields: str = ""
    answers: bytes = b""
    json: bool = False


COMMANDS = (
    Command("scan S -v", "Fspo Ffol Fmut Fnam Fsym Ffif Fnot Fnom"),
    Command("scan S --quick -q", "Fspo Fnot"),
    Command("scan S --format json", "Fspo Ffol Fmut Fnam Fsym Fnot", json=True),
    Command("scan S --format jsonl", "Ffol Fmut Fnam Fsym", json=True),
    Command("scan S --format csv", "Ffol Fmut Fnam Fsym", json=True),
    Command("scan S --folder EVIL", "Fevi"),
    Command("scan S --only EVIL", "Fevi"),
    Command("scan S/EVIL", "Fspo Fevi"),
    Command("scan S --EVIL", "Fevi"),
    Command("scan S --jobs EVIL", "Fevi"),
    Command("EVIL", "Fevi"),
    Command("explain EVIL", "Fevi"),
    Command("verify S --folder EVIL"),
    Command("fix S --dry-run", "Ffol Fnam"),
    Command("fix S --dry-run -v", "Ffol Fnam"),
    Command("fix S --dry-run --format json", "Ffol Fmut Fnam", json=True),
    Command("fix S EVIL", "Fevi Fspo"),
    Command("fix S --only linked", "Fsym Ffif", b"n\n"),
    Command("fix S", "Ffol Fnam", b"n\n"),
    Command("quarantine add S M --yes -v", "Fspo"),
    Command("fix S", "Ffol Fnam Fspo", b"y\n"),
    Command("file S S/EVIL", "Fevi"),
    Command("flags S S --set EVIL", "Fevi"),
    Command("quarantine list S", "Fnam Fspo"),
    Command("quarantine list S --format json", "Fnam Fspo", json=True),
    Command("quarantine restore S EVIL", "Fevi"),
    Command("quarantine purge S --older-than 0 --dry-run", "Fnam"),
    Command("log S --format md", "Fspo Ffol Fnam Ffro"),
    Command("log S --format json", "Fspo Fsum Fses Ffol Fnam", json=True),
    Command("log S --format html", "Fspo Fsum Fses Fuse Fver Frea Feff Fhos Ffol Fnam Fsub Ffro"),
    Command("log S --format sh", ""),
    Command("log S --session EVIL", "Fevi Fses"),
    Command("log S --output S/EVIL", "Fspo"),
    Command("log S --output /nowhere/EVIL", "Fevi"),
    Command("undo S --dry-run", "Fnam"),
    Command("undo S --dry-run --format json", "Fnam", json=True),
    Command("undo S --all --dry-run", "Fsum"),
    Command("undo S --all --dry-run --format json", "Fsum", json=True),
    Command("undo S --yes --format json", "", json=True),
    Command("redo S --yes", "Fspo"),
    Command("scan S --state-dir S/EVIL", "Ffol"),
    Command("fix S --quarantine S/EVIL --yes", "Fspo"),
)  # fmt: skip


def words_of(command: Command, spool: HostileSpool) -> list[bytes]:
    """The command line, with the paths of this spool and, where it is hostile, hostile words."""
    evil = os.fsencode(EVIL if spool.hostile else "Fevitame")
    named = {b"S": spool.root, b"M": spool.message(50)}
    words = [
        named.get(word) or word.replace(b"S/", spool.root + b"/").replace(b"EVIL", evil)
        for word in command.words.encode().split()
    ]
    if b"--state-dir" not in words and words[0] not in (b"explain", evil):
        words += [b"--state-dir", spool.state]
    return words


def output(command: Command, spool: HostileSpool) -> bytes:
    """All that a command sends to its terminal."""
    terminal = Terminal(words_of(command, spool), os.fsencode(spool.place), (200, 50))
    try:
        if command.answers:
            terminal.until(b"[y/N] ")
            os.write(terminal.master, command.answers)
        terminal.end()
    finally:
        terminal.close()
    return terminal.seen


@protects(
    "no text of others reaches a terminal raw", where="text.py, tui/terminal/control_filter.py"
)
def test_no_text_of_others_reaches_the_terminal_raw_in_any_format(tmp_path: Path) -> None:
    def session(hostile: bool) -> list[Stream]:
        (place := tmp_path / str(hostile)).mkdir()
        spool = HostileSpool(place, hostile)
        os.symlink(b"/", os.path.join(spool.root, b"Fnot" + spool.texts[0]))
        journal_text(spool)
        # All that the program has of its own to draw is drawn by these.
        commands = COMMANDS if hostile else [COMMANDS[0], *(one for one in COMMANDS if one.answers)]
        return [Stream(output(command, spool)) for command in commands]

    with ThreadPoolExecutor(2) as pool:
        hostile, harmless = pool.map(session, (True, False))
    own = {kind for stream in harmless for kind in stream.kinds}
    assert {kind for kind in own if not kind.startswith("CSI")} <= {"CRLF", "C0 0d", "C0 0a"}
    shown = 0
    wrong: list[Any] = []
    for command, stream in zip(COMMANDS, hostile, strict=True):
        then = "\\u001b" if command.json else "\\x1b"
        absent = [name for name in command.fields.split() if name + then not in stream.text]
        raw = (set(stream.kinds) - own) | stream.foreign
        # A name that holds a line feed and goes on in a line of its own could say anything there.
        broken = re.findall(r"^Flin.*", stream.text, re.MULTILINE)
        fault = re.findall(r"Traceback|a fault of.*", stream.text)
        if absent or raw or broken or fault:
            wrong.append((command.words, absent, raw, broken, fault, stream.text[-3000:]))
        shown += stream.text.count(then)
    assert not wrong, "\n".join(map(str, wrong))
    print(f"{len(COMMANDS)} commands, {shown:,} hostile texts shown, 0 raw bytes")
    assert shown > 1000


# Exports


def exported(spool: HostileSpool, form: str) -> str:
    """The session log of a spool in one form."""
    words = [*PROGRAM, "log", spool.root, "--format", form, "--state-dir", spool.state]
    ended = subprocess.run(words, capture_output=True, check=True, env=surroundings(spool))
    return ended.stdout.decode("utf-8", "surrogateescape")


def surroundings(spool: HostileSpool) -> dict[str, str]:
    home = os.fsdecode(spool.place)
    return {**os.environ, "HOME": home, "XDG_CACHE_HOME": home + "/cache"}


def repair(spool: HostileSpool, *words: str) -> None:
    """All of `fix --yes`."""
    common = ["--yes", "-q", "--state-dir", spool.state, "--jobs", "1"]
    ended = subprocess.run(
        [*PROGRAM, "fix", spool.root, *words, *common], env=surroundings(spool), check=False
    )
    assert ended.returncode in (0, 1)


class _Page(HTMLParser):
    """Everything in a page that is no text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(" ".join([tag, *(f"{name}={value}" for name, value in attrs)]))

    def handle_comment(self, data: str) -> None:
        self.found.add(f"comment {data}")

    def unknown_decl(self, data: str) -> None:
        self.found.add(f"declaration {data}")

    def handle_pi(self, data: str) -> None:
        self.found.add(f"instruction {data}")


def tokens(found: list[Token]) -> list[Token]:
    """All tokens of a text, those inside of others too."""
    return [one for token in found for one in (token, *tokens(token.children or []))]


@protects(
    "a name is no markup, link or shell",
    where="tui/widgets/folder_tree.py, report/log/page.py, report/log/markdown.py,"
    " report/shell_script.py",
)
def test_the_exports_hold_no_markup_but_their_own(tmp_path: Path) -> None:
    spool = HostileSpool(tmp_path, hostile=True)
    journal_text(spool)
    repair(spool)
    page = _Page()
    page.feed(exported(spool, "html"))
    page.close()
    own = r"""
        html lang=en|head|meta charset=utf-8|title|style|body|header|main|section|nav|footer|h[1234]
        |meta name=viewport content=width=device-width, initial-scale=1
        |meta name=color-scheme content=light dark|meta name=referrer content=no-referrer
        |meta http-equiv=Content-Security-Policy content=default-src 'none';[^<>]*
        |p|p class=(brand|note)|dl|dt|dd|div|ul|ul class=(tiles|clients|steps)|ol|li|b|i|em|small
        |section class=session|article id=op-\d+ class=(applied|undone|partial|failed|interrupted)
        |li class=(done|undone|refused|planned)|strong|mark|code|bdi|a href=\#op-\d+
        |table|caption|tr|td|td class=refused|th scope=(row|col)|time datetime=[\dTZ:-]+
    """
    allowed = re.compile(re.sub(r"\n\s*", "", own))
    assert {one for one in page.found if not allowed.fullmatch(one)} == set()
    assert page.found >= {"article id=op-1 class=applied", "li class=done", "mark", "bdi"}
    text = exported(spool, "md")
    assert text.count("Fnam") > 100
    kinds = tokens(MarkdownIt("commonmark", {"html": True}).parse(text))
    found = {token.type.removesuffix("_open").removesuffix("_close") for token in kinds}
    assert found - {"strong"} == {  # of a refused step
        "heading", "inline", "text", "paragraph", "bullet_list", "list_item", "code_inline",
        "code_block", "softbreak", "hr",
    }  # fmt: skip
    # What many programs make links of without being told to.
    plain = [token.content for token in kinds if token.type == "text"]
    assert [one for one in plain if re.search(r"@|:/|www\.", one)] == []


NASTY = (
    b"it's", b'"q"', b"$(touch canary)", b"`touch canary`", b"-rf", b"--", b"a b", b"new\nline",
    b";touch canary;", b"&& touch canary", b"\\", b"*?[a]", b"~", b"#", b"$HOME", b"\xff\n",
    b"%s%n", b"!x",
    b"-n\x1b", b"|touch canary", b"> canary", b"(", b"\x1b'$(touch canary)", b"\x7f`id`\n\n",
    b"'\"'\"'", b"\n", b"\ntouch canary\n", b"-e\\c", "\u202e".encode(), b"=x", b"a=b",
)  # fmt: skip


def picture(root: bytes) -> dict[bytes, tuple[Any, ...]]:
    """Every name below a directory: mode, bytes and, of mail, its time."""
    seen: dict[bytes, tuple[Any, ...]] = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            what: tuple[Any, ...] = (stat.S_IFMT(status.st_mode),)
            if stat.S_ISREG(status.st_mode):
                what += (Path(os.fsdecode(path)).read_bytes(),)
                what += (status.st_mtime_ns,) if b"uidlist" not in name else ()
            seen[os.path.relpath(path, root)] = what
    return seen


@protects(
    "a name is no markup, link or shell",
    where="tui/widgets/folder_tree.py, report/log/page.py, report/log/markdown.py,"
    " report/shell_script.py",
)
def test_the_script_does_the_same_on_a_copy_and_nothing_else(tmp_path: Path) -> None:
    spool = HostileSpool(tmp_path, hostile=True)
    body = b"From: a@example.org\nSubject: x\nMessage-ID: <%d.%d@example.org>\n\nText.\n"
    lines = [b"3 V1 N900 G00000000000000000000000000000000"]
    for number, name in enumerate(NASTY):
        base = b"%s16001%05d.M1P1.h%s" % (name, number, name)
        for kind, path in enumerate((b"%s:2,S", b"cur/%s:2,SR", b"cur/%s,S=9:2,S")):
            full = os.path.join(spool.root, path % (b"%d" % kind).join((base, b"")))
            with open(full, "wb") as file:
                file.write(body % (number, kind))
        if b"\n" not in name:
            lines.append(b"%d :%s1" % (number + 1, base))
    for number, name in enumerate(NASTY):
        for part in (b"cur", b"new", b"tmp"):
            os.makedirs(os.path.join(spool.root, b".q%d" % number + name.replace(b".", b""), part))
        place = os.path.join(spool.root, b".q%d" % number + name.replace(b".", b""))
        os.rmdir(os.path.join(place, b"new"))
        with open(os.path.join(place, b"1600300000.M%dP1.h:2,S" % number), "wb") as file:
            file.write(body % (number, 9))
    with open(os.path.join(spool.root, b"dovecot-uidlist"), "wb") as file:
        file.write(b"\n".join(lines) + b"\n")
    copy, kept = os.path.join(spool.outer, b"copy"), os.path.join(spool.outer, b"kept")
    subprocess.run(["cp", "-a", "--", spool.root, copy], check=True)
    repair(spool)
    repair(spool, "--only", "bad-name", "--only", "linked", "--only", "empty", "--max", "10000")
    script = exported(spool, "sh").encode("utf-8", "surrogateescape")
    path = tmp_path / "script.sh"
    path.write_bytes(script)
    subprocess.run(["sh", "-n", path], check=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    around = sorted(os.listdir(spool.outer))
    os.mkdir(kept)
    shell = shutil.which("dash") or "sh"
    environment = {"PATH": os.environ["PATH"], "HOME": str(elsewhere)}
    ended = subprocess.run(
        [shell, path, copy, kept], capture_output=True, cwd=elsewhere, env=environment, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert picture(copy) == picture(spool.root)
    quarantine = os.path.join(spool.outer, b".Maildir.quarantine")
    stored = picture(quarantine)
    del stored[b"IDENTITY"]  # which is the program's own
    assert picture(kept) == stored
    assert os.listdir(elsewhere) == []
    assert sorted(os.listdir(spool.outer)) == sorted([*around, b"kept"])
    moved = script.count(b"\nmv -n ")
    print(f"{moved} moves, {script.count(b'| edit_uidlist')} edits of a uidlist: the same tree")
    assert moved > 100
