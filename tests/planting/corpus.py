"""The optional corpus of real mail: found beside the checkout, unpacked where a test says."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus"
_PLACE = Path(os.environ.get("MAILSURGEON_CORPUS", _BESIDE))
ARCHIVE = _PLACE if _PLACE.is_file() else _PLACE / "corpus.tar.xz"
WHY_SKIPPED = f"the corpus of real mail is not at {ARCHIVE} (MAILSURGEON_CORPUS names it)"


def have_corpus() -> bool:
    """Whether there is a corpus to test with."""
    return ARCHIVE.is_file()


def unpack(target: Path) -> Path:
    """Unpacks the corpus below `target`; gives back its directory."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(target, filter="data")
    return target / "corpus"


def messages(corpus: Path) -> list[Path]:
    """The messages of the corpus, by source; not the Maildir trees."""
    sources = sorted(path for path in corpus.iterdir() if path.is_dir() and path.name != "_trees")
    return [path for source in sources for path in sorted(source.iterdir()) if path.is_file()]
