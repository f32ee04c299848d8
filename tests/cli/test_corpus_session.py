"""A whole session on real mail: damaged in many ways, scanned, repaired, and all of it undone."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from ..planting.corpus import WHY_SKIPPED, have_corpus, messages, unpack
from .conftest import Below, Run, Tree

pytestmark = [pytest.mark.soak, pytest.mark.skipif(not have_corpus(), reason=WHY_SKIPPED)]

PLAIN = ("size-mismatch", "misfiled", "in-tmp", "bad-flags", "name-clash", "missing-subdir")
ASKED_FOR = (
    "empty", "not-mail", "linked", "bad-name", "uid-clash", "nested-folder", "backup-folder",
    "duplicate-id", "bad-date",
)  # fmt: skip
INFOS = (":2,SRF", ":2,SS", "", ";2,S", ":1,S", ":2,FS:2,S", ":2,", "2,RS", "%3A2%2CFS")


class Yard:
    """A Dovecot spool where most messages are damaged, each kind of damage in turn."""

    def __init__(self, root: Path) -> None:
        self.tree = Tree(root)
        self.records: dict[str, list[str]] = defaultdict(list)
        self.number = 0
        self.folder = ""

    def lay(self, source: str, content: bytes) -> str:
        """Lays one message down; gives the name of what was done to it."""
        damages = list(DAMAGES)
        if source not in self.records:
            self.tree.folder(source)
        self.folder = source
        self.number += 1
        name = damages[self.number % len(damages)]
        DAMAGES[name](self, content)
        return name

    def base(self, content: bytes, s: int = 0, w: int = 0, tail: str = "") -> str:
        """A base name whose sizes are off by `s` and `w`."""
        size = len(content)
        virtual = size + content.count(b"\n") - content.count(b"\r\n")
        stem = f"{1_200_000_000 + self.number}.M{self.number}P7.host"
        return f"{stem},S={size + s},W={virtual + w}{tail}"

    def file(self, base: str, content: bytes, info: str = ":2,S", fields: str = "") -> None:
        """A message in cur/, with its record."""
        self.put(f"cur/{base}{info}", content)
        known = base if ":" in info or not info else base + info
        self.records[self.folder].append(f"{fields}:{known}")

    def put(self, path: str, content: bytes, mode: int = 0) -> None:
        path = os.path.join(self.folder, path)
        self.tree.add(path, content)
        full = self.tree.root / path
        mtime = 1_200_000_000_123_456_789 + self.number * 1_000_000_007
        os.utime(full, ns=(mtime, mtime))
        full.chmod(mode or (0o600, 0o640, 0o644)[self.number % 3])

    def finish(self) -> None:
        """The lists of UIDs, and the damage of folders."""
        for folder, lines in self.records.items():
            text = f"3 V1300000000 N{len(lines) + 1} G{len(lines):032x}\n"
            text += "".join(f"{uid} {line}\n" for uid, line in enumerate(lines, 1))
            (self.tree.root / folder / "dovecot-uidlist").write_text(text, "latin-1")
        sources = sorted(self.records)
        nested = self.tree.folder(f"{sources[2]}/2012")
        (nested / "cur" / "1300000000.M1P1.host:2,S").write_bytes(b"From: a@b.example\n\nText.\n")
        (nested / "dovecot-uidlist").write_text("3 V1 N2 Pab\n1 :1300000000.M1P1.host\n")
        self.tree.folder(".Sent.bak")
        self.tree.add(".Sent.bak/cur/1300000001.M1P1.host:2,S")
        self.tree.folder(".empty")
        (self.tree.root / ".empty" / "tmp").rmdir()
        (self.tree.root / ".empty" / "cur" / "1300000002.M1P1.host:2,S").symlink_to("nowhere")


def _twins(yard: Yard, content: bytes) -> None:
    base = yard.base(content)
    yard.file(base, content)
    yard.put(f"new/{base}", content)


def _clash(yard: Yard, content: bytes) -> None:
    base = f"{1_200_000_000 + yard.number}.M{yard.number}P7.host"
    yard.file(base, content)
    yard.put(f"new/{base}", b"X-Other: yes\n" + content)


def _stray_copy(yard: Yard, content: bytes) -> None:
    base = yard.base(content)
    yard.file(base, content)
    yard.put(f"{base}x:2,F", content)


def _late_copy(yard: Yard, content: bytes) -> None:
    yard.file(yard.base(content), content)
    yard.put(f"tmp/{1_200_000_000 + yard.number}.M1P{yard.number}.host", content)


def _two_uids(yard: Yard, content: bytes) -> None:
    yard.file(yard.base(content, tail=",U=7"), content)


DAMAGES: dict[str, Callable[[Yard, bytes], None]] = {
    "healthy": lambda yard, text: yard.file(yard.base(text), text),
    "unread": lambda yard, text: yard.put(f"new/{yard.base(text)}", text),
    "small S": lambda yard, text: yard.file(yard.base(text, s=-7), text),
    "large S": lambda yard, text: yard.file(yard.base(text, s=700), text, ":2,Sab"),
    "wrong W": lambda yard, text: yard.file(yard.base(text, w=-3), text),
    "both": lambda yard, text: yard.file(yard.base(text, 5, 5, ",X=1"), text, ":2,SRD"),
    "listed S": lambda yard, text: yard.file(f"{yard.number}.M1P7.host", text, fields="S3 "),
    "folder root": lambda yard, text: yard.put(f"{yard.base(text)}:2,FS", text),
    "nested": lambda yard, text: yard.put(f"old/{yard.base(text, s=2)}", text),
    "flags": lambda yard, text: yard.file(
        yard.base(text), text, INFOS[yard.number // len(DAMAGES) % len(INFOS)]
    ),
    "leftover": lambda yard, text: yard.put(f"tmp/{yard.base(text)}", text),
    "late copy": _late_copy,
    "empty leftover": lambda yard, _text: yard.put(f"tmp/{yard.number}.M1P1.host", b""),
    "cut leftover": lambda yard, text: yard.put(f"tmp/{yard.base(text)}", text[: len(text) // 2]),
    "empty": lambda yard, text: yard.file(yard.base(text), b""),
    "cut": lambda yard, text: yard.file(yard.base(text), text[: len(text) // 3]),
    "twins": _twins,
    "clash": _clash,
    "stray copy": _stray_copy,
    "two UIDs": _two_uids,
    "long name": lambda yard, text: yard.file(yard.base(text, tail="y" * 180), text),
    "control": lambda yard, text: yard.put(f"cur/\x1b[31m{yard.base(text)}:2,S", text),
    "not UTF-8": lambda yard, text: yard.put(f"cur/caf\udce9{yard.base(text, s=1)}:2,S", text),
}


@pytest.fixture
def yard(tmp_path: Path) -> tuple[Yard, Counter[str]]:
    yard = Yard(tmp_path / "mail" / "Maildir")
    corpus = unpack(tmp_path)
    laid: Counter[str] = Counter()
    for path in messages(corpus):
        source = "" if path.parent.name.startswith("sisimai") else f".{path.parent.name}"
        laid[yard.lay(source, path.read_bytes())] += 1
    yard.finish()
    return yard, laid


def test_real_mail_damaged_repaired_and_given_back(
    yard: tuple[Yard, Counter[str]], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    tree, laid = yard[0].tree, yard[1]
    before = tree.picture()
    found = run("scan", tree, "--format", "json")
    assert (found.code, found.err) == (1, "")
    problems = found.json["totals"]["problems"]
    assert set(PLAIN) <= set(problems), problems
    assert tree.picture() == before

    limit = ("--max", "100000", "--yes", "--format", "json")
    done: Counter[str] = Counter()
    report = run("fix", tree, *limit)
    assert report.err == ""
    assert report.json["refused"] == []
    done.update(report.json["done"])
    repaired = tree.picture()
    assert contents(repaired) <= contents(before), "bytes of messages were edited"
    assert contents(Below(tree.root.parent).picture()) == contents(before), "mail was lost"
    again = run("fix", tree, "--dry-run", "--format", "json")
    assert again.json["plan"]["acts"] == []

    for code in ASKED_FOR:
        report = run("fix", tree, "--only", code, *limit)
        assert report.err == "", code
        assert report.json["refused"] == [], code
        done.update(report.json["done"])
    only = [word for code in ASKED_FOR for word in ("--only", code)]
    again = run("fix", tree, *only, "--dry-run", "--format", "json")
    assert again.json["plan"]["acts"] == []
    assert contents(Below(tree.root.parent).picture()) == contents(before), "mail was lost"

    undone = run("undo", tree, "--all", "--yes", "--format", "json")
    assert (undone.code, undone.err) == (0, "")
    after = tree.picture()
    assert differences(before, after) == []
    with capsys.disabled():
        print(f"\n{laid.total():,} real messages, laid in {len(laid)} ways; problems: {problems}")
        print(f"  done: {dict(done)}; {len(undone.json['operations'])} operations undone,"
              f" {len(after):,} paths as before")  # fmt: skip


def contents(picture: dict[bytes, tuple[object, ...]]) -> Counter[object]:
    """The bytes of all files but servers' lists and the id of the quarantine."""
    return Counter(
        what[1]
        for path, what in picture.items()
        if len(what) > 1 and b"uidlist" not in path and not path.endswith(b"/IDENTITY")
    )


def differences(
    before: dict[bytes, tuple[object, ...]], after: dict[bytes, tuple[object, ...]]
) -> list[bytes]:
    """The paths that are not as they were."""
    return sorted(path for path in before | after if before.get(path) != after.get(path))
