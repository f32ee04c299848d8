"""`--help`: every page folds well, shows common options once, and its examples work."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from mailsurgeon.cli.help_pages import PAGES
from mailsurgeon.cli.program import COMMANDS
from mailsurgeon.procedures.demo import build_sample
from tests.cli.conftest import Outcome, Run

CHANGES = ("fix", "file", "flags", "undo", "redo", "add", "restore", "purge")
SCREENS = ("demo",)
COMMON = ("--state-dir", "--journal", "--layout", "--tmp-age", "--scheduler", "--verbose")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sample(tmp_path_factory.mktemp("sample"))


def page(run: Run, words: str) -> str:
    shown = run(*words.split(), "--help")
    assert (shown.code, shown.err) == (0, "")
    return shown.out


def examples(text: str) -> list[str]:
    """The commands of a page's examples, without what they do."""
    part = text.partition("Examples:\n")[2].partition("\n\n")[0]
    lines = [line.strip() for line in part.splitlines()]
    return [re.split(r" {2,}", line)[0] for line in lines if line.startswith("mailsurgeon")]


def test_every_command_has_a_page() -> None:
    below = {f"quarantine {word}" for word in ("list", "add", "restore", "purge")}
    assert set(PAGES) == {"", *COMMANDS, *below}


@pytest.mark.parametrize("words", PAGES)
def test_a_page_folds_at_80_columns_and_has_examples(
    run: Run, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = page(run, words)
    assert max(map(len, text.splitlines())) <= 80
    assert not any(line != line.rstrip() for line in text.splitlines())
    assert len(examples(text)) == len(PAGES[words].examples) > 0
    assert text.startswith(" ".join(f"Usage: mailsurgeon {words}".split()))


def test_common_options_are_explained_once_with_defaults(run: Run) -> None:
    whole = page(run, "")
    part = whole.partition("Options of every command:\n")[2]
    for option in COMMON:
        assert re.search(rf"^  (-., )?{option}\b", part, re.MULTILINE)
    assert len(re.findall("Default: ", " ".join(part.split()))) >= 9
    for words in set(PAGES) - {"", "explain", "quarantine"}:
        text = page(run, words)
        named = text.partition("Options of every command, which mailsurgeon --help explains:")[2]
        assert set(COMMON) <= set(named.split()), words
        assert not re.search(r"^  --state-dir", text, re.MULTILINE)


@pytest.mark.parametrize("words", PAGES)
def test_every_example_works(
    run: Run, words: str, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(sample.parent, tmp_path / "home", symlinks=True, ignore=_special)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MAIL", raising=False)
    monkeypatch.chdir(tmp_path)
    if words in ("undo", "redo", "quarantine restore"):
        put_away = ".Archives.Backup-2019"
        assert run("quarantine", "add", "~/Maildir".replace("~", str(tmp_path / "home")), put_away,
                   "--yes").code == 0  # fmt: skip
    if words == "redo":
        assert run("undo", tmp_path / "home" / "Maildir", "--yes").code == 0
    before = sorted(os.walk(tmp_path / "home"))
    for line in examples(page(run, words)):
        ended = _example(run, line.replace("/var/vmail", str(tmp_path / "home")))
        assert ended.code in (0, 1), f"{line}: {ended.err}"
        assert "not " not in ended.err, f"{line}: {ended.err}"
    assert sorted(os.walk(tmp_path / "home")) == before


def _special(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(directory, name).is_fifo()]


def _example(run: Run, line: str) -> Outcome:
    """Runs an example as a shell would call it, with --dry-run if it would change something."""
    program, *words = [os.path.expanduser(word) for word in shlex.split(line)]
    assert program == "mailsurgeon"
    if any(word in CHANGES for word in words[:2]) and "--help" not in words and "help" not in words:
        words.append("--dry-run")
    opens_a_screen = not words or words[0] in SCREENS or os.path.isdir(words[0])
    if not opens_a_screen:
        ended = run(*words)
        cannot = ("belongs to root", "doveadm")  # what verify may say on this computer
        if words[0] == "verify" and any(reason in ended.err for reason in cannot):
            return Outcome(0, "", "")
        return ended
    ended = run(*words)
    assert (ended.code, "the screen needs a terminal" in ended.err) == (2, True)
    return Outcome(0, "", "")
