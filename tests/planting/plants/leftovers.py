"""Files left in tmp/: old and fresh, whole and cut, alone and as copies of filed mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..mail import Mail, join, multipart, plain
from ..packing import PACKINGS
from ..spool import Build, Draft, Folder
from ..truth import Expected, Planted, any_of, expected, near, text
from .places import misfiled
from .registry import Sow, family, plant

HOUR = 3600


def leftover(
    build: Build,
    message: Mail,
    *,
    hours: float = 0,
    sized: bool = False,
    folder: Folder | None = None,
) -> Draft:
    """A file in tmp/ that was begun so long ago (some days when no time is given), unwritten."""
    draft = build.draft(folder or build.folder(), message, place=b"tmp")
    hours = hours or build.random.choice((37, 50, 24 * 90))
    draft.mtime = build.now - hours * HOUR
    draft.stem = b"%d.M7P%d.host.example" % (int(draft.mtime) - 5, build.number())
    draft.tail, draft.with_s, draft.with_w = b"", sized, False
    return draft


def in_tmp(build: Build, draft: Draft, remedy: str | None, **detail: Any) -> Expected:
    """The truth of a file in tmp/; stale when it is over 36 hours old."""
    named = int(draft.stem.split(b".")[0]) if draft.stem.split(b".")[0].isdigit() else 0
    age = build.now - max(draft.mtime, named)
    stale = age > 36 * HOUR
    return expected(
        "in-tmp", draft.path, "error" if stale else "info", remedy if stale else None,
        stale=stale, age_seconds=near(age, 600), **detail,
    )  # fmt: skip


def _one(build: Build, draft: Draft, remedy: str | None, **detail: Any) -> Planted:
    build.put(draft)
    return [in_tmp(build, draft, remedy, **detail)]


@plant()
def whole_by_size(build: Build) -> Planted:
    draft = leftover(build, build.mail(), sized=True)
    return _one(build, draft, "file", complete=True, copy_of=None)


@plant()
def whole_by_boundary(build: Build) -> Planted:
    draft = leftover(build, build.mail("multipart"))
    return _one(build, draft, "file", complete=True, copy_of=None)


@plant()
def maybe_whole(build: Build) -> Planted:
    """A single part without a size in its name: nobody can know; it is not cut."""
    draft = leftover(build, build.mail("lf"))
    return _one(build, draft, "file", complete=None, copy_of=None)


@plant()
def maybe_whole_no_newline(build: Build) -> Planted:
    """Only a header block without its last newline shows a cut."""
    draft = leftover(build, build.mail("no-final-newline"))
    return _one(build, draft, "file", complete=None)


@plant()
def longer_than_named_and_closed(build: Build) -> Planted:
    """The size is wrong, so the closing boundary decides."""
    draft = leftover(build, build.mail("multipart"), sized=True)
    draft.s_off = -9
    return _one(build, draft, "file", complete=True)


@plant()
def cut_by_size(build: Build) -> Planted:
    """Even a closed multipart: the name says there was more."""
    shape = build.random.choice(("multipart", "lf", "crlf"))
    draft = leftover(build, build.mail(shape), sized=True)
    draft.s_off = 3000
    return _one(build, draft, "quarantine", copy_of=None)


@plant()
def cut_single_by_size(build: Build) -> Planted:
    draft = leftover(build, build.mail("no-final-newline"), sized=True)
    draft.s_off = 1
    return _one(build, draft, "quarantine", complete=False)


@plant()
def cut_by_boundary(build: Build) -> Planted:
    draft = leftover(build, build.mail("unclosed"))
    return _one(build, draft, "quarantine", complete=False)


@plant()
def cut_by_boundary_longer_than_named(build: Build) -> Planted:
    draft = leftover(build, build.mail("unclosed"), sized=True)
    draft.s_off = -9
    return _one(build, draft, "quarantine", complete=False)


@plant()
def unclosed_with_right_size(build: Build) -> Planted:
    """The size is right: it came like that."""
    draft = leftover(build, build.mail("unclosed"), sized=True)
    return _one(build, draft, "file", complete=True)


@plant()
def cut_in_header(build: Build) -> Planted:
    letter = build.letter()
    message = build.of(letter, join(letter.fields()) + b"X-Mailer: some")
    return _one(build, leftover(build, message), "quarantine", complete=False)


@plant()
def empty_old(build: Build) -> Planted:
    draft = leftover(build, replace(build.mail(), content=b""))
    found = _one(build, draft, "quarantine", copy_of=None)
    assert isinstance(found, list)
    return [*found, expected("empty", draft.path, "error", "quarantine")]


@plant()
def empty_fresh(build: Build) -> Planted:
    """A delivery begins with 0 bytes."""
    draft = leftover(build, replace(build.mail(), content=b""), hours=1)
    return _one(build, draft, None)


@plant()
def empty_old_that_lies(build: Build) -> Planted:
    """Files in tmp/ bear nothing but `in-tmp` and `empty`."""
    draft = leftover(build, replace(build.mail(), content=b""), sized=True)
    draft.s_off = 500
    found = _one(build, draft, "quarantine", complete=False)
    assert isinstance(found, list)
    return [*found, expected("empty", draft.path, "error", "quarantine")]


@plant()
def no_mail(build: Build) -> Planted:
    draft = leftover(build, replace(build.mail(), content=b"#!/bin/sh\necho %d\n" % build.number()))
    return _one(build, draft, None, copy_of=None)


@plant()
def mbox(build: Build) -> Planted:
    """Not mail, by definition."""
    line = b"From ada@planted.example Mon Jan  1 00:00:00 2018\n"
    content = b"\n".join(line + plain(build.letter()) for _ in range(2))
    return _one(build, leftover(build, replace(build.mail(), content=content)), None)


@plant()
def full_of_problems(build: Build) -> Planted:
    """From the future, without an ID, with a bad name and flags: all of it kept quiet."""
    letter = build.letter()
    content = join([*letter.fields(without="Message-ID"), b"", *letter.text])
    draft = leftover(build, build.of(letter, content))
    draft.tail, draft.info = b"\tx", b":2,SF"
    draft.mode = 0o666
    return _one(build, draft, "file", complete=None)


def _age(hours: float) -> Sow:
    def sow(build: Build) -> Planted:
        draft = leftover(build, build.mail("lf"), hours=hours)
        return _one(build, draft, "file")

    return sow


family(
    {
        "leftovers.hours_35": _age(35.5),
        "leftovers.hours_37": _age(36.5),
        "leftovers.minutes": _age(0.2),
    }
)


@plant()
def old_name_fresh_file(build: Build) -> Planted:
    draft = leftover(build, build.mail("lf"), hours=2)
    draft.stem = b"1100000000.M7P%d.host.example" % build.number()
    return _one(build, draft, "file")


@plant()
def fresh_name_old_file(build: Build) -> Planted:
    draft = leftover(build, build.mail("lf"), hours=900)
    draft.stem = b"%d.M7P%d.host.example" % (int(build.now) - HOUR, build.number())
    return _one(build, draft, "file")


@plant()
def name_without_seconds(build: Build) -> Planted:
    draft = leftover(build, build.mail("lf"))
    draft.stem = b"upload-%d" % build.number()
    return _one(build, draft, "file")


# Beside filed mail


def _beside(build: Build, kind: str, *, elsewhere: bool = False) -> Planted:
    folder = build.folder()
    letter = build.letter()
    draft = leftover(build, build.of(letter, plain(letter)), folder=folder)
    more = b"And one line more.\n" if kind == "different" else b""
    home = build.folder() if elsewhere else folder
    filed = build.draft(home, build.of(letter, plain(letter) + more))
    filed.place = build.random.choice((b"cur", b"new"))
    filed.info = b"" if filed.place == b"new" else filed.info
    build.put(filed)
    if kind == "identical" and filed.trashed:
        return _one(build, draft, "file", copy_of=None, trashed_copy=text(filed.path))
    if kind == "identical":
        return _one(build, draft, "quarantine", copy_of=text(filed.path))
    return _one(build, draft, None, copy_of=None)


@plant()
def copy_of_filed(build: Build) -> Planted:
    return _beside(build, "identical")


@plant()
def copy_of_filed_elsewhere(build: Build) -> Planted:
    return _beside(build, "identical", elsewhere=True)


@plant()
def other_text_of_filed(build: Build) -> Planted:
    """The same Message-ID, other bytes: nobody can say which is the good one."""
    return _beside(build, "different")


@plant()
def cut_of_filed(build: Build) -> Planted:
    """The delivery that failed before the one that came through."""
    letter = build.letter()
    whole = multipart(letter)
    folder = build.folder()
    build.put(build.draft(folder, build.of(letter, whole)))
    draft = leftover(build, build.of(letter, whole[:-40]), folder=folder)
    return _one(build, draft, "quarantine", complete=False, copy_of=None)


@plant()
def copy_of_filed_without_id(build: Build) -> Planted:
    """Identical is identical, with an ID or without."""
    letter = build.letter()
    content = join([*letter.fields(without="Message-ID"), b"", *letter.text])
    folder = build.folder()
    filed = build.draft(folder, build.of(letter, content))
    build.put(filed)
    draft = leftover(build, build.of(letter, content), folder=folder)
    copy = {"trashed_copy" if filed.trashed else "copy_of": text(filed.path)}
    found = _one(build, draft, "file" if filed.trashed else "quarantine", **copy)
    assert isinstance(found, list)
    return [*found, expected("no-message-id", filed.path, "info", None)]


@plant()
def copy_of_two_filed(build: Build) -> Planted:
    here, there = build.new_folder(private=True), build.new_folder(private=True)
    message = build.mail("crlf")
    filed = [build.draft(folder, message) for folder in (here, there)]
    for one in filed:
        build.put(one)
    draft = leftover(build, message, folder=here)
    living = [one for one in filed if not one.trashed]
    key = "copy_of" if living else "trashed_copy"
    copy = {key: any_of(text(one.path) for one in living or filed)}
    found = _one(build, draft, "quarantine" if living else "file", **copy)
    assert isinstance(found, list)
    return [
        *found,
        *(
            expected("duplicate-id", one.path, "info", None, content="identical", copies=2)
            for one in filed
        ),
    ]


def _identical(number: int, filed: bool) -> Sow:
    """Of several identical leftovers the first by path is filed."""

    def sow(build: Build) -> Planted:
        folder = build.folder()
        message = build.mail("lf")
        drafts = [leftover(build, message, folder=folder) for _ in range(number)]
        for draft in drafts:
            build.put(draft)
        home = build.draft(folder, message) if filed else None
        if home:
            build.put(home)
        put_away = home is not None and not home.trashed
        drafts.sort(key=lambda draft: draft.path)
        return [
            in_tmp(build, draft, "quarantine" if put_away or place else "file")
            for place, draft in enumerate(drafts)
        ]

    return sow


family(
    {
        "leftovers.identical_pair": _identical(2, False),
        "leftovers.identical_three": _identical(3, False),
        "leftovers.identical_and_filed": _identical(2, True),
    }
)


@plant()
def fresh_copy_of_filed(build: Build) -> Planted:
    """Being delivered this minute: nothing is proposed."""
    folder = build.folder()
    message = build.mail("lf")
    build.put(build.draft(folder, message))
    return _one(build, leftover(build, message, hours=1, folder=folder), None)


@plant()
def copy_of_misfiled(build: Build) -> Planted:
    """Misfiled is not filed."""
    folder = build.new_folder(private=True)
    message = build.mail("lf")
    stray = build.draft(folder, message, place=b"")
    build.put(stray)
    found = _one(build, leftover(build, message, folder=folder), "file", copy_of=None)
    assert isinstance(found, list)
    return [*found, misfiled(stray, "folder-root", folder.name, "file")]


@plant()
def identical_in_two_folders(build: Build) -> Planted:
    """The first by path of all the spool."""
    message = build.mail("lf")
    drafts = [leftover(build, message, folder=build.new_folder(private=True)) for _ in range(2)]
    for draft in drafts:
        build.put(draft)
    drafts.sort(key=lambda draft: draft.path)
    return [in_tmp(build, drafts[0], "file"), in_tmp(build, drafts[1], "quarantine")]


@plant()
def one_id_two_texts(build: Build) -> Planted:
    """Neither is filed, so neither is a copy."""
    folder = build.folder()
    letter = build.letter()
    drafts = [
        leftover(build, build.of(letter, plain(letter) + more), folder=folder)
        for more in (b"", b"More.\n")
    ]
    for draft in drafts:
        build.put(draft)
    return [in_tmp(build, draft, "file", copy_of=None) for draft in drafts]


@plant()
def id_of_filed_in_other_case(build: Build) -> Planted:
    letter = build.letter()
    upper = letter.message_id.upper()
    content = plain(letter).replace(letter.message_id, upper)
    folder = build.folder()
    build.put(build.draft(folder, build.of(letter, content)))
    return _one(build, leftover(build, build.of(letter, plain(letter)), folder=folder), None)


@plant()
def junk_cut_by_size(build: Build) -> Planted:
    """Cut is cut, mail or not."""
    content = b"%d words and no mail\n" % build.number()
    draft = leftover(build, replace(build.mail(), content=content), sized=True)
    draft.s_off = 50
    return _one(build, draft, "quarantine", complete=False)


@plant()
def packed(build: Build) -> Planted:
    """Looked at unpacked: the closing boundary is there."""
    letter = build.letter()
    draft = leftover(build, build.of(letter, multipart(letter)))
    draft.plain, draft.content = draft.content, PACKINGS["bzip2"](draft.content)
    return _one(build, draft, "file", complete=True)


@plant(layout="maildir++")
def in_nested_folder(build: Build) -> Planted:
    parent = build.new_folder(private=True)
    folder = Folder(parent.at(b"inner"), "inner", parent.style, True)
    for part in (b"cur", b"new", b"tmp"):
        build.directory(folder.at(part))
    found = _one(build, leftover(build, build.mail("lf"), folder=folder), "file")
    assert isinstance(found, list)
    return [*found, expected("nested-folder", folder.path, "error", "lift-folder")]


# Never told


def _quiet(name: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.new_folder()
        build.write(folder.at(b"tmp", name), plain(build.letter()))
        return []

    return sow


family(
    {
        "leftovers.quiet_dot_file": _quiet(b".1234.M1P1.host"),
        "leftovers.quiet_nfs": _quiet(b".nfs0000000012345678"),
        "leftovers.quiet_courier_lock": _quiet(b"courier.lock"),
    }
)
