"""The native reader, compiled once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailsurgeon.survey.native.reader import NativeReader
from tests.support.native import compiled
from tests.survey.native.both import Both


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> NativeReader:
    """The native reader; tests that need it are skipped where there is no C compiler."""
    path = compiled(tmp_path_factory.mktemp("native") / "reader.so")
    if path is None:
        pytest.skip("no C compiler")
    return NativeReader(path)


@pytest.fixture
def both(native: NativeReader) -> Iterator[Both]:
    """Both readers, to be compared."""
    with pytest.MonkeyPatch.context() as patch:
        yield Both(native, patch)
