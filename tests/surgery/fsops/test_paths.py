"""A folder may be called like a path in the quarantine; it is never taken for one."""

from __future__ import annotations

import pytest

from mailsurgeon.surgery.fsops.paths import (
    QuarantinePath,
    numbered,
    parent_of,
    read_path,
    spelled,
)

STORED = QuarantinePath.of(7, b".Old/cur/a")


@pytest.mark.parametrize(
    "path",
    [b"cur/a", b"", STORED, QuarantinePath.of(None, b"cur/a"), b"quarantine:1/cur/a",
     b"quarantine:", b"quarantine:x", b"quarantine:@/a"],
)  # fmt: skip
def test_every_path_is_read_as_it_was_spelled(path: bytes) -> None:
    again = read_path(spelled(path))
    assert again == path
    assert isinstance(again, QuarantinePath) == isinstance(path, QuarantinePath)


def test_a_path_in_the_quarantine_knows_its_parts() -> None:
    assert STORED == b"quarantine:7/.Old/cur/a"
    assert (STORED.operation, STORED.relative) == (7, b".Old/cur/a")
    assert STORED.inside == b"7/.Old/cur/a"
    assert parent_of(STORED) == QuarantinePath.of(7, b".Old/cur")
    assert isinstance(parent_of(STORED), QuarantinePath)
    assert parent_of(b"quarantine:1/cur/a") == b"quarantine:1/cur"
    assert not isinstance(parent_of(b"quarantine:1/cur/a"), QuarantinePath)


def test_the_operation_gets_its_number_later() -> None:
    assert numbered(QuarantinePath.of(None, b"cur/a"), 3) == b"quarantine:3/cur/a"
    assert numbered(b"quarantine:@/cur/a", 3) == b"quarantine:@/cur/a"
    assert numbered(None, 3) is None


def test_rows_of_earlier_versions_are_read_as_paths_in_the_quarantine() -> None:
    assert isinstance(read_path(b"quarantine:1/cur/a"), QuarantinePath)
    assert not isinstance(read_path(b"quarantine:x/cur/a"), QuarantinePath)
