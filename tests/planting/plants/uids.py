"""`,U=` given twice, or above what mbsync has given out."""

from __future__ import annotations

from ..spool import Build, Draft, Folder, Style
from ..truth import Expected, Planted, expected
from .registry import Sow, family, plant


def _mbsync_folder(build: Build, hashes: bool = False) -> Folder:
    """A folder of mbsync's (or offlineimap's), whatever the rest of the spool is."""
    label = f"Synced{build.number()}"
    path = label.encode() if build.style.layout == "fs" else b"." + label.encode()
    style = Style("mbsync", build.style.layout, uids=True, hashes=hashes)
    return build.add_folder(path, label, style, mails=3, private=True)


def _clash(build: Build, drafts: list[Draft], uid: int) -> Planted:
    """Each gets the problem; the file that changed first keeps its UID."""
    for draft in drafts:
        build.put(draft)

    def truth() -> list[Expected]:
        paths = [draft.path for draft in drafts]
        kept = min(zip(build.age(paths), paths, strict=True))[1]
        return [
            expected("uid-clash", path, "error", None if path == kept else "rename", uid=uid)
            for path in paths
        ]

    return truth


def _twice(number: int, hashes: bool, place: bytes = b"cur") -> Sow:
    def sow(build: Build) -> Planted:
        folder = _mbsync_folder(build, hashes)
        drafts = [build.draft(folder) for _ in range(number)]
        for draft in drafts:
            draft.tail = drafts[0].tail
        if place == b"new":
            drafts[-1].place, drafts[-1].info = place, b""
        return _clash(build, drafts, int(drafts[0].tail.split(b",")[1][2:]))

    return sow


family(
    {
        "uids.twice": _twice(2, False),
        "uids.three_times": _twice(3, False),
        "uids.twice_with_hash": _twice(2, True),
        "uids.twice_in_new": _twice(2, False, b"new"),
    }
)


@plant()
def same_uid_other_hash(build: Build) -> Planted:
    """A hash of another folder: offlineimap takes the UID for none of this one."""
    folder = _mbsync_folder(build, True)
    one, other = build.draft(folder), build.draft(folder)
    other.tail = one.tail[:-4] + (b"0000" if one.tail[-4:] != b"0000" else b"1111")
    build.put(one)
    build.put(other)
    return []


@plant()
def same_uid_one_hash(build: Build) -> Planted:
    folder = _mbsync_folder(build, True)
    one, other = build.draft(folder), build.draft(folder)
    other.tail = one.tail[: one.tail.index(b",FMD5=")]
    build.put(one)
    build.put(other)
    return []


@plant()
def same_uid_other_folder(build: Build) -> Planted:
    here, there = _mbsync_folder(build), _mbsync_folder(build)
    for folder in (here, there):
        draft = build.draft(folder)
        draft.tail = b",U=900"
        folder.highest = 900
        build.put(draft)
    return []


def _above(by: int, hashes: bool, place: bytes = b"cur") -> Sow:
    def sow(build: Build) -> Planted:
        folder = _mbsync_folder(build, hashes)
        draft = build.draft(folder, place=place)
        draft.info = draft.info if place == b"cur" else b""
        uid = folder.highest
        build.put(draft)
        folder.highest -= by
        if by <= 0 or hashes:
            return []
        return [expected("uid-clash", draft.path, "error", "rename", uid=uid)]

    return sow


family(
    {
        "uids.above": _above(1, False),
        "uids.above_in_new": _above(1, False, b"new"),
        "uids.equal_to_highest": _above(0, False),
        "uids.above_with_hash": _above(1, True),
    }
)


@plant()
def far_above(build: Build) -> Planted:
    folder = _mbsync_folder(build)
    draft = build.draft(folder)
    draft.tail = b",U=4000000"
    build.put(draft)
    return [expected("uid-clash", draft.path, "error", "rename", uid=4_000_000)]


@plant()
def no_uidvalidity(build: Build) -> Planted:
    """Without the file nothing is known of what was given out."""
    folder = build.new_folder(private=True)
    draft = build.draft(folder)
    draft.tail = b",U=77777"
    build.put(draft)
    return []
