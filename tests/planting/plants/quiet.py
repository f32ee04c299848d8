"""Things in cur and new that are never messages, and are not reported."""

from __future__ import annotations

from ..mail import plain
from ..spool import Build
from ..truth import Planted
from .registry import Sow, family


def _quiet(name: bytes, content: bytes | None) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.new_folder()
        place = build.random.choice((b"cur", b"new"))
        build.write(folder.at(place, name), plain(build.letter()) if content is None else content)
        return []

    return sow


family(
    {
        "quiet.keep": _quiet(b".keep", b""),
        "quiet.gitkeep": _quiet(b".gitkeep", b""),
        "quiet.nfs_mail": _quiet(b".nfs0000000000abcdef00000001", None),
        "quiet.nfs": _quiet(b".nfs0000000000abcdef00000002", b"\x01\x02"),
        "quiet.swap_file": _quiet(b".1300000000.M1P1.host.swp", b"b0VIM 8.2" + bytes(40)),
        "quiet.ds_store": _quiet(b".DS_Store", b"\0\0\0\1Bud1"),
        "quiet.dot_words": _quiet(b".plan", b"Out for lunch.\n"),
    }
)
