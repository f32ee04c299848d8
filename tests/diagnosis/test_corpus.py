"""Real mail in a healthy layout has no problems except those of the files themselves."""

from __future__ import annotations

import email.utils
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsurgeon.diagnosis.severity import Severity
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.index.rows import ProblemRow
from mailsurgeon.survey.open_spool import open_spool
from mailsurgeon.survey.run import run_survey

from ..planting.corpus import WHY_SKIPPED, have_corpus, messages, unpack
from ..planting.oracle import facts, likeness

pytestmark = pytest.mark.skipif(not have_corpus(), reason=WHY_SKIPPED)
OTHERS_AT_MOST = 20
_YEARS_AGO = 1_000_000_000


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(tmp_path_factory.mktemp("corpus"))


def _survey(root: Path, index_path: Path) -> list[ProblemRow]:
    index = Index.open(index_path)
    try:
        result = run_survey(open_spool(root), index)
        assert result.messages == sum(1 for _ in _filed(root))
        return list(index.problems())
    finally:
        index.close()


def _header_time(content: bytes) -> float:
    """The first date that parses of the topmost Received and the Date; else some past time."""
    header = email.message_from_bytes(content)
    for value in (str(header.get("Received", "")).rpartition(";")[2], str(header.get("Date", ""))):
        try:
            return email.utils.parsedate_to_datetime(value.strip()).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return _YEARS_AGO


def _lay(corpus: Path, root: Path) -> dict[str, bytes]:
    """Every source a folder, the first one INBOX; right names, times and uidlists.

    Gives for each message, named as the manifest does, where it lies in the spool.
    """
    laid: dict[str, bytes] = {}
    records: dict[Path, list[str]] = defaultdict(list)
    first = ""
    for number, path in enumerate(messages(corpus), 1):
        first = first or path.parent.name
        folder = root if path.parent.name == first else root / f".{path.parent.name}"
        content = path.read_bytes()
        sizes = f",S={len(content)},W={facts(content).virtual}"
        base = f"{_YEARS_AGO + number}.M{number}P7.host{sizes}"
        if folder not in records:
            for part in ("cur", "new", "tmp"):
                (folder / part).mkdir(parents=True)
        file = folder / ("new" if number % 5 == 0 else "cur") / base
        file = file if number % 5 == 0 else file.with_name(f"{base}:2,S")
        file.write_bytes(content)
        time = _header_time(content)
        os.utime(file, (time, time))
        laid[f"{path.parent.name}/{path.name}"] = os.fsencode(file.relative_to(root))
        records[folder].append(f"{len(records[folder]) + 1} :{base}\n")
    for folder, lines in records.items():
        header = f"3 V1300000000 N{len(lines) + 1} G{len(lines):032x}\n"
        (folder / "dovecot-uidlist").write_text(header + "".join(lines))
    return laid


def _shared_in_manifest(corpus: Path, laid: dict[str, bytes]) -> set[bytes]:
    """The messages whose Message-ID, as the manifest has it, another one bears too."""
    groups: dict[str, list[bytes]] = defaultdict(list)
    text = (corpus / "MANIFEST.tsv").read_text("utf-8", "surrogateescape")
    for line in text.splitlines()[1:]:
        _half, source, file, *_, message_id = line.split("\t")
        path = laid.get(f"{source}/{file}")
        if path is not None and message_id.strip():
            groups[message_id.strip().lower()].append(path)
    return {path for group in groups.values() if len(group) > 1 for path in group}


def _copies(root: Path) -> dict[bytes, str]:
    """By path, what the bytes say of messages that share a Message-ID: `warning` or `info`."""
    groups: dict[bytes, list[tuple[bytes, bytes]]] = defaultdict(list)
    for path in _filed(root):
        content = path.read_bytes()
        truth = facts(content)
        if truth.message_id and not truth.mbox and not truth.not_mail:
            key = truth.message_id.lower()
            groups[key].append((os.fsencode(path.relative_to(root)), content))
    found: dict[bytes, str] = {}
    for group in groups.values():
        for path, content in group if len(group) > 1 else []:
            folder = os.path.dirname(os.path.dirname(path))
            here = {
                likeness(content, other)
                for where, other in group
                if where != path and os.path.dirname(os.path.dirname(where)) == folder
            }
            found[path] = "warning" if here & {"identical", "same-body"} else "info"
    return found


def _filed(root: Path) -> Iterator[Path]:
    for part in ("cur", "new"):
        for directory in root.rglob(part):
            yield from (path for path in directory.iterdir() if path.is_file())


def _judge(
    name: str, root: Path, found: list[ProblemRow], capsys: pytest.CaptureFixture[str]
) -> set[bytes]:
    """Duplicates are as the bytes say, and little else is above info; the rest is listed.

    Gives back the paths of all duplicates.
    """
    told = {row.path: Severity(row.severity).word for row in found if row.code == "duplicate-id"}
    others = [row for row in found if row.severity > Severity.INFO and row.code != "duplicate-id"]
    counts = Counter(f"{row.code} ({Severity(row.severity).word})" for row in found)
    with capsys.disabled():
        print(f"\n{name}: {sum(1 for _ in _filed(root)):,} messages, {len(others)} problems above")
        print("  info besides duplicates; " + ", ".join(f"{c} {n:,}" for c, n in counts.items()))
        for row in others:
            print(f"  {row.code} {os.fsdecode(row.path)}: {_proof(root, row.path)}")
    assert told == _copies(root)
    assert len(others) <= OTHERS_AT_MOST
    return set(told)


def _proof(root: Path, path: bytes) -> str:
    """The line that proves it: the first that is not blank."""
    file = root / os.fsdecode(path)
    if not file.is_file():
        return "a directory"
    lines = [line for line in file.read_bytes().split(b"\n") if line.strip()]
    return repr(lines[0][:100]) if lines else "nothing but blank lines"


@pytest.mark.soak
def test_real_mail_has_only_its_own_problems(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "spool"
    laid = _lay(corpus, root)
    told = _judge("real mail", root, _survey(root, tmp_path / "index.db"), capsys)
    assert told == _shared_in_manifest(corpus, laid)


@pytest.mark.parametrize(
    "tree",
    [
        "GENERATED-courier-imap",
        "GENERATED-dovecot-2.3.19.1",
        "GENERATED-mbsync-1.4.4/near",
        "GENERATED-mbsync-1.4.4/far",
        "GENERATED-mbsync-1.4.4-killed-mid-sync/near",
        "GENERATED-mbsync-1.4.4-killed-mid-sync/far",
    ],
)
def test_trees_made_by_servers_have_only_their_own_problems(
    tree: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = corpus / "_trees" / tree
    _judge(tree, root, _survey(root, tmp_path / "index.db"), capsys)
