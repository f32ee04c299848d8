"""Both readers on the same slice: what they say must be the same."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from mailsurgeon.diagnosis.facts import FolderFacts, Moment
from mailsurgeon.survey.index.packed import PackedColumns
from mailsurgeon.survey.index.slice import Slice, SliceResult
from mailsurgeon.survey.native.reader import NativeReader
from mailsurgeon.survey.read import examine as examination
from mailsurgeon.survey.read.examine import examine

COLUMNS = (
    "ids", "names", "sizes", "mtimes", "ctimes", "inodes", "owners", "virtual_sizes", "dates",
    "digests", "message_ids", "senders", "subjects",
)  # fmt: skip


@dataclass(frozen=True)
class Both:
    """The two readers."""

    native: NativeReader
    patch: pytest.MonkeyPatch

    def agree(
        self,
        root: bytes,
        directory: bytes,
        names: Sequence[bytes],
        folder: FolderFacts | None = None,
        now: float | None = None,
    ) -> list[bytes]:
        """Holds the readers to the same result; returns the names that the native one has taken."""
        task = Slice(
            root, directory, os.path.basename(directory).decode(), names, folder or FolderFacts(),
            Moment(time.time() if now is None else now), 7, 100, regular=True, packs=True,
            settled=time.time_ns() * 2,
        )  # fmt: skip
        results = [told(self.examined(task, reader)) for reader in (None, self.native)]
        assert results[0] == results[1]
        return self.taken(task)

    def examined(self, task: Slice, reader: NativeReader | None) -> SliceResult:
        """What `examine` says with this reader."""
        self.patch.setattr(examination, "native_reader", lambda: reader)
        return examine(task)

    def taken(self, task: Slice) -> list[bytes]:
        """The names of the messages that the native reader takes by itself."""
        descriptor = os.open(os.path.join(task.root, task.directory), os.O_RDONLY)
        try:
            found = self.native.read(task, descriptor)
        finally:
            os.close(descriptor)
        if found is None or not found.columns.offsets:
            return []
        left = set(found.left)
        assert left.isdisjoint(found.columns.offsets)
        assert left.union(found.columns.offsets) == set(range(len(task.names)))
        return found.columns.names.split(b"\0")


def told(result: SliceResult) -> dict[str, Any]:
    """All of a result, its packed messages unpacked."""
    told: dict[str, Any] = {
        name: getattr(result, name) for name in SliceResult.__slots__ if name != "packed"
    }
    if result.packed is not None:
        columns = PackedColumns(100, 7, result.packed)
        told |= {name: list(getattr(columns, name)) for name in COLUMNS}
        told["packed"] = result.packed._replace(numbers=b"", texts=b"")
    return told
