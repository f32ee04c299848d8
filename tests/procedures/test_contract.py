"""The details of every kind of problem, key by key and type by type, as JSON has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.facts import FolderFacts, MessageFacts
from mailsurgeon.diagnosis.message_rules import unreadable
from mailsurgeon.procedures.demo import CLOCK_AHEAD, build_sample
from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import Options, open_spool
from mailsurgeon.survey.run import run_survey

Check = Callable[[Any], bool]


def text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def yes_or_no(value: Any) -> bool:
    return isinstance(value, bool)


def maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def some(check: Check, most: int = 1_000_000) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= most and all(map(check, value))


def one_of(*values: object) -> Check:
    return lambda value: value in values


def pair(value: Any) -> bool:
    return some(number)(value) and len(value) == 2 and value[0] != value[1]


def put_right(value: Any) -> bool:
    kinds = {"mode": text, "owner": number, "group": number}
    return set(value) == set(kinds) and all(check(value[key]) for key, check in kinds.items())


PACKINGS = ("gzip", "bzip2", "xz", "zstd", "lz4", "encrypted")
CONTRACT: dict[str, dict[str, Check]] = {
    "name-clash": {"others": some(text)},
    "size-mismatch": {},
    "misfiled": {
        "where": one_of("folder-root", "nested"), "target": maybe(text), "copy_of": maybe(text),
    },
    "in-tmp": {
        "age_seconds": number, "stale": yes_or_no, "open_by": maybe(some(number)),
        "complete": maybe(yes_or_no), "copy_of": maybe(text),
    },
    "empty": {},
    "truncated": {"reason": text},
    "broken-packing": {"packing": one_of(*PACKINGS), "reason": text},
    "not-mail": {"looks_like": text},
    "bad-flags": {"info": lambda value: isinstance(value, str), "should_be": text},
    "bad-name": {"reason": text},
    "unknown-keyword": {"letters": text},
    "duplicate-id": {
        "message_id": maybe(text), "copies": number, "others": some(text, 20),
        "same_folder": yes_or_no, "content": one_of("identical", "same-body", "different"),
        "identical_here": some(text, 20),
    },
    "uid-clash": {"uid": number},
    "header-only": {},
    "no-message-id": {},
    "from-line": {},
    "bad-date": {"mtime": number, "header_date": maybe(number), "name_date": maybe(number)},
    "unreadable": {"errno": number},
    "linked": {"kind": one_of("symlink", "fifo", "socket", "device", "directory")},
    "missing-subdir": {"missing": some(one_of("cur", "new", "tmp"))},
    "nested-folder": {"becomes": text},
    "bad-folder-name": {"reason": text, "becomes": maybe(text)},
    "stray-directory": {},
    "foreign-store": {
        "kind": one_of("dbox", "mdbox", "thunderbird", "mh", "mbox", "nnmaildir"),
        "messages": maybe(number),
    },
    "backup-folder": {"because": one_of("name", "content"), "elsewhere": number},
    "packed": dict.fromkeys((*PACKINGS, "twice"), number),
    "bad-permissions": {"mode": text, "owner": number, "group": number, "should_be": put_right},
    "uidlist-damaged": {"reason": text, "lines": some(number)},
    "keywords-damaged": {"reason": text, "lines": some(number)},
    "big-uid": {"highest": number},
    "wrong-quota": {"reason": text},
    "sync-state-damaged": {"reason": text},
    "stale-lock": {"pid": number, "age_seconds": number},
    "bloated-index": {"bytes": number},
}  # fmt: skip
SOMETIMES: dict[str, dict[str, Check]] = {
    "size-mismatch": {"S": pair, "W": pair, "in": one_of("uidlist")},
    "bad-folder-name": {"merge": text},
    "linked": {"own": yes_or_no},
    "wrong-quota": {"bytes": pair, "messages": some(number)},
}
BESIDE = {
    "name-clash": {"kept"}, "duplicate-id": {"kept", "living"}, "uid-clash": {"kept"},
    "misfiled": {"trashed_copy"}, "in-tmp": {"trashed_copy"}, "packed": {"plugins"},
    "unreadable": {"error"}, "backup-folder": {"messages"}, "uidlist-damaged": {"count"},
    "keywords-damaged": {"count"},
}  # fmt: skip
"""Keys beyond the contract; a new one is named here."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The details of the sample spool's problems by code."""
    home: Path = tmp_path_factory.mktemp("contract")
    options = Options(clock_ahead=CLOCK_AHEAD)
    index = Index.open(home / "index")
    run_survey(open_spool(build_sample(home / "sample"), options), index, options)
    details: dict[str, list[dict[str, Any]]] = {}
    for row in index.problems():
        details.setdefault(row.code, []).append(json.loads(json.dumps(dict(row.detail))))
    index.close()
    # Root may read what no one else may: its sample has no such file.
    refused = unreadable(MessageFacts("cur", b"1:2,", "file", 1, 0, errno=13), FolderFacts())
    assert refused
    details.setdefault("unreadable", [refused.detail])
    return details


def test_every_kind_has_its_contract() -> None:
    assert set(CONTRACT) == set(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_the_details_keep_the_contract(found: dict[str, list[dict[str, Any]]], code: str) -> None:
    assert found[code]
    for detail in found[code]:
        for key, check in CONTRACT[code].items():
            assert check(detail[key]), (key, detail)
        for key, check in SOMETIMES.get(code, {}).items():
            assert key not in detail or check(detail[key]), (key, detail)
        known = {*CONTRACT[code], *SOMETIMES.get(code, ()), *BESIDE.get(code, ())}
        assert set(detail) <= known, detail


def test_a_wrong_size_names_only_what_is_wrong(found: dict[str, list[dict[str, Any]]]) -> None:
    assert all({"S", "W"} & set(detail) for detail in found["size-mismatch"])
