"""Messages that bear one Message-ID, and files that bear one base name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ..mail import Letter, Mail, join, plain
from ..spool import Build, Draft
from ..truth import Expected, Planted, all_of, expected, text
from .places import misfiled
from .registry import Sow, family, plant

Order = tuple[Any, ...]


def body(content: bytes) -> bytes:
    """What follows the header block, CRLF read as LF; for content of one kind of line end."""
    return content.replace(b"\r\n", b"\n").partition(b"\n\n")[2]


def likeness(one: Draft, other: Draft) -> str:
    """How close two files of one Message-ID are."""
    if one.content == other.content:
        return "identical"
    same = body(one.content) == body(other.content) and body(one.content).strip()
    return "same-body" if same else "different"


def duplicates(build: Build, drafts: list[Draft], kept_by_clash: bytes = b"") -> list[Expected]:
    """The truth of filed (or misfiled) drafts that share a Message-ID with one another alone."""

    def order(draft: Draft) -> Order:
        filed = draft.place in (b"cur", b"new")
        uid = draft.folder.uid(draft.base) if filed else float("inf")
        age = build.age([draft.path])[0]
        clash = draft.path != kept_by_clash
        return (draft.trashed, not filed, clash, uid, draft.place != b"cur", *age)

    found: list[Expected] = []
    for draft in drafts:
        others = [other for other in drafts if other is not draft]
        here = [other for other in others if other.folder is draft.folder]
        twins = [other for other in here if likeness(draft, other) == "identical"]
        alike = {likeness(draft, other) for other in others}
        here_alike = {likeness(draft, other) for other in here}
        kept = min([draft, *twins], key=order)
        left = (
            kept.trashed
            or kept is draft
            or (draft.place in (b"cur", b"new") and kept.place not in (b"cur", b"new"))
        )
        severity = "warning" if here_alike & {"identical", "same-body"} else "info"
        found.append(
            expected(
                "duplicate-id", draft.path, severity, None if left else "quarantine",
                message_id=lambda value, mid=draft.mail.message_id: same_id(value, mid),
                copies=len(drafts),
                others=all_of([text(other.path) for other in others], 20),
                same_folder=bool(here),
                content=next(w for w in ("identical", "same-body", "different") if w in alike),
                identical_here=all_of([text(twin.path) for twin in twins], 20),
            )
        )  # fmt: skip
    return found


def same_id(found: object, message_id: bytes) -> bool:
    """Message-IDs are compared without case; messages that have none have null."""
    if not message_id:
        return found is None
    return isinstance(found, str) and found.casefold() == message_id.decode().casefold()


Variant = Callable[[Letter], bytes]


def _relayed(letter: Letter) -> bytes:
    """Came by another way: one field more, the same body."""
    return b"X-Relay: b.planted.example\n" + plain(letter)


def _crlf(letter: Letter) -> bytes:
    return b"X-Relay: c.planted.example\r\n" + plain(letter, b"\r\n")


def _only_ends_differ(letter: Letter) -> bytes:
    return plain(letter, b"\r\n")


def _edited(letter: Letter) -> bytes:
    return plain(letter) + b"-- \nA list's footer.\n"


def _blank_body(letter: Letter) -> bytes:
    return join([*letter.fields(), b"", b"", b"  "])


def _blank_body_relayed(letter: Letter) -> bytes:
    return b"X-Relay: d.planted.example\n" + _blank_body(letter)


def _with_id(field: Callable[[bytes], bytes]) -> Variant:
    def make(letter: Letter) -> bytes:
        lines = letter.fields(without="Message-ID")
        lines.insert(1, field(letter.message_id))
        return join([*lines, b"", *letter.text])

    return make


_folded = _with_id(lambda one: b"Message-ID:\n " + one)
_upper = _with_id(lambda one: b"MESSAGE-ID: " + one.upper())
_comment = _with_id(lambda one: b"Message-Id: (from the relay) " + one + b" (really)")
_tabbed = _with_id(lambda one: b"message-id:\t" + one + b"  ")
_two_fields = _with_id(
    lambda one: b"Message-ID: " + one + b"\nMessage-ID: <second@planted.example>"
)
_bare = _with_id(lambda one: b"Message-ID: " + one.strip(b"<>"))
_bare_folded = _with_id(lambda one: b"Message-ID:\n  " + one.strip(b"<>") + b" ")


def _group(*variants: tuple[Variant, int]) -> Sow:
    """Copies of one letter; each variant with the number of the folder it lies in."""

    def sow(build: Build) -> Planted:
        folders = [build.new_folder(mails=4, private=True), build.folder(), build.folder()]
        letter = build.letter()
        drafts = []
        for variant, number in variants:
            place = build.random.choice((b"cur", b"cur", b"new"))
            draft = build.draft(folders[number], build.of(letter, variant(letter)), place=place)
            build.put(draft)
            drafts.append(draft)
        extra = [
            expected("header-only", draft.path, "info", None)
            for draft in drafts
            if not body(draft.content)
        ]
        return lambda: duplicates(build, drafts) + extra

    return sow


def _bare_group(build: Build) -> Planted:
    """IDs without angle brackets are compared as they stand."""
    folder = build.new_folder(private=True)
    letter = build.letter()
    drafts = []
    for variant in (_bare, _bare_folded):
        content = variant(letter)
        message = Mail(content, letter.message_id.strip(b"<>"), letter.date)
        draft = build.draft(folder, message)
        build.put(draft)
        drafts.append(draft)
    return lambda: duplicates(build, drafts)


family(
    {
        "copies.identical": _group((plain, 0), (plain, 0)),
        "copies.identical_three": _group((plain, 0), (plain, 0), (plain, 0)),
        "copies.identical_elsewhere": _group((plain, 0), (plain, 1)),
        "copies.identical_shared_folder": _group((plain, 1), (plain, 1)),
        "copies.identical_three_folders": _group((plain, 0), (plain, 1), (plain, 2)),
        "copies.two_and_two": _group((plain, 0), (plain, 0), (plain, 1), (plain, 1)),
        "copies.two_pairs_here": _group((plain, 0), (plain, 0), (_edited, 0), (_edited, 0)),
        "copies.same_body": _group((plain, 0), (_relayed, 0)),
        "copies.same_body_elsewhere": _group((plain, 0), (_relayed, 1)),
        "copies.same_body_crlf": _group((plain, 0), (_crlf, 0)),
        "copies.only_line_ends": _group((plain, 0), (_only_ends_differ, 0)),
        "copies.different": _group((plain, 0), (_edited, 0)),
        "copies.different_elsewhere": _group((plain, 0), (_edited, 1)),
        "copies.blank_bodies": _group((_blank_body, 0), (_blank_body_relayed, 0)),
        "copies.blank_identical": _group((_blank_body, 0), (_blank_body, 0)),
        "copies.mixed": _group((plain, 0), (plain, 0), (_relayed, 0), (_edited, 0)),
        "copies.mixed_folders": _group((plain, 0), (plain, 1), (_relayed, 1), (_edited, 2)),
        "copies.different_here_identical_there": _group((plain, 0), (_edited, 0), (plain, 1)),
        "copies.folded_id": _group((plain, 0), (_folded, 0)),
        "copies.upper_id": _group((plain, 0), (_upper, 0)),
        "copies.comment_id": _group((_comment, 0), (_folded, 1)),
        "copies.tabbed_id": _group((_tabbed, 0), (_upper, 1), (plain, 2)),
        "copies.two_id_fields": _group((plain, 0), (_two_fields, 0)),
        "copies.many": _group(*[(plain, number % 2) for number in range(46)]),
        "copies.no_brackets": _bare_group,
    }
)


@plant()
def header_only_copies(build: Build) -> Planted:
    """No bodies: not the same body, but the same bytes."""
    folder = build.new_folder(private=True)
    letter = build.letter()
    drafts = [build.draft(folder, build.of(letter, join(letter.fields()))) for _ in range(2)]
    for draft in drafts:
        build.put(draft)
    heads = [expected("header-only", draft.path, "info", None) for draft in drafts]
    return lambda: duplicates(build, drafts) + heads


@plant()
def without_id(build: Build) -> Planted:
    """Messages without an ID are duplicates if they are identical, and only then."""
    folder = build.new_folder(private=True)
    letter = build.letter()
    content = join([*letter.fields(without="Message-ID"), b"", *letter.text])
    drafts = [build.draft(folder, Mail(content, b"", letter.date)) for _ in range(2)]
    other = build.draft(folder, Mail(content + b".", b"", letter.date))
    for draft in (*drafts, other):
        build.put(draft)
    found = [expected("no-message-id", draft.path, "info", None) for draft in (*drafts, other)]
    return lambda: [*found, *duplicates(build, drafts)]


@plant()
def hard_links(build: Build) -> Planted:
    """Dovecot copies by a hard link: one inode in two folders."""
    here, there = build.new_folder(private=True), build.new_folder(private=True)
    message = build.mail("lf")
    drafts = [build.draft(here, message), build.draft(there, message)]
    for draft in drafts:
        draft.mtime = draft.mail.date
    build.put(drafts[0])
    os.link(build.full(drafts[0].path), build.full(drafts[1].path))
    there.drafts.append(drafts[1])
    return lambda: duplicates(build, drafts)


@plant()
def junk_and_empty_are_none(build: Build) -> Planted:
    """No mail has no Message-ID to share."""
    folder = build.new_folder(private=True)
    message = build.mail("lf")
    draft = build.draft(folder, message)
    junk = build.draft(folder, build.of(build.letter(), b"words\n\n" + message.content))
    build.put(draft)
    build.put(junk)
    return [expected("not-mail", junk.path, "warning", "quarantine")]


@plant(layout="maildir++")
def nested_below_inbox(build: Build) -> Planted:
    """Misfiled below INBOX: filed only by name, but it still is a copy of one in its folder."""
    inbox = build.folder(inbox=True)
    message = build.mail("lf")
    filed = build.draft(inbox, message)
    stray = build.draft(inbox, message, place=b"attic%d" % build.number())
    build.put(filed)
    build.put(stray)
    return lambda: [misfiled(stray, "nested", None, None), *duplicates(build, [filed, stray])]


# Name clashes


def clash(build: Build, drafts: list[Draft]) -> tuple[list[Expected], bytes]:
    """The truth of files of one folder with one base name, and the path of the one kept."""

    living = [draft.content for draft in drafts if not draft.trashed]

    def order(draft: Draft) -> Order:
        doomed = draft.trashed and draft.content in living
        return (doomed, draft.place != b"cur", *build.age([draft.path])[0])

    kept = min(drafts, key=order)
    found = []
    for draft in drafts:
        others = all_of(text(other.path) for other in drafts if other is not draft)
        same = draft.content == kept.content and not kept.trashed
        remedy = "quarantine" if same else "rename"
        remedy = None if draft is kept else remedy
        found.append(expected("name-clash", draft.path, "critical", remedy, others=others))
    return found, kept.path


def _clash(*files: tuple[str, str], same: bool = False, uids: bool = False) -> Sow:
    """Files with one base name, each with its place and flags; `same`: with the same bytes."""

    def sow(build: Build) -> Planted:
        folder = build.folder(colon=True)
        message = build.mail("lf")
        drafts: list[Draft] = []
        for place, info in files:
            draft = build.draft(folder, message if same else build.mail("lf"))
            draft.place, draft.info = place.encode(), info.encode()
            if not same:
                draft.with_s = draft.with_w = False
            if drafts:
                draft.stem, draft.tail = drafts[0].stem, drafts[0].tail
                draft.mtime = draft.mail.date
            elif not uids:
                draft.tail = b""
            drafts.append(draft)
            build.put(draft)

        def truth() -> list[Expected]:
            found, kept = clash(build, drafts)
            if same:
                found += duplicates(build, drafts, kept)
            if uids and folder.style.uids:
                # Who loses the name gets a new one, without `,U=`: the other keeps both.
                found += [
                    expected("uid-clash", path, "error", None if path == kept else "rename")
                    for path in (draft.path for draft in drafts)
                ]
            return found

        return truth

    return sow


family(
    {
        "copies.clash_new_cur": _clash(("cur", ":2,S"), ("new", "")),
        "copies.clash_cur_younger": _clash(("new", ""), ("cur", ":2,S")),
        "copies.clash_new_with_flags": _clash(("cur", ":2,S"), ("new", ":2,F")),
        "copies.clash_in_cur": _clash(("cur", ":2,S"), ("cur", ":2,RS")),
        "copies.clash_in_cur_other_order": _clash(("cur", ":2,S"), ("cur", ":2,")),
        "copies.clash_in_new": _clash(("new", ":2,S"), ("new", "")),
        "copies.clash_three": _clash(("cur", ":2,S"), ("new", ""), ("cur", ":2,FS")),
        "copies.clash_twins": _clash(("cur", ":2,S"), ("new", ""), same=True),
        "copies.clash_twins_in_cur": _clash(("cur", ":2,S"), ("cur", ":2,R"), same=True),
        "copies.clash_with_uid": _clash(("cur", ":2,S"), ("new", ""), uids=True),
        "copies.clash_with_uid_in_cur": _clash(("cur", ":2,S"), ("cur", ":2,"), uids=True),
    }
)


@plant()
def same_base_other_folder(build: Build) -> Planted:
    """One base name in two folders is what a copy by a server looks like."""
    here, there = build.new_folder(private=True), build.new_folder(private=True)
    one, other = build.draft(here), build.draft(there)
    other.stem, other.mtime = one.stem, other.mail.date
    build.put(one)
    build.put(other)
    return []


@plant()
def same_base_in_tmp(build: Build) -> Planted:
    """tmp/ is no place a clash is judged in."""
    folder = build.new_folder(private=True)
    filed = build.draft(folder)
    fresh = build.draft(folder, build.mail("lf"), place=b"tmp")
    fresh.stem, fresh.mtime = filed.stem, build.now - 60
    build.put(filed)
    build.put(fresh)
    return [expected("in-tmp", fresh.path, "info", None, stale=False)]
