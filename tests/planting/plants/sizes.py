"""`,S=` and `,W=` that lie: alone, together, in the uidlist, on every line end, compressed."""

from __future__ import annotations

from ..packing import PACKINGS
from ..spool import Build, Draft
from ..truth import Expected, Planted, expected
from .registry import Sow, family, plant

SIZED = (b"cur", b"cur", b"new")


def mismatch(draft: Draft, remedy: str | None = "fix-size") -> Expected:
    """The truth of a draft whose sizes lie as `s_off` and `w_off` say."""
    wrong = {}
    if draft.with_s and draft.s_off:
        wrong["S"] = [draft.size + draft.s_off, draft.size]
    if draft.with_w and draft.w_off:
        wrong["W"] = [draft.virtual + draft.w_off, draft.virtual]
    right = {key: (lambda found: found == "(no such key)") for key in "SW" if key not in wrong}
    return expected("size-mismatch", draft.path, "error", remedy, **wrong, **right)


def _off(build: Build) -> int:
    return build.random.choice((-7, -1, 1, 2, 13, 1000))


def _lying(shape: str, which: str) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.folder()
        draft = build.draft(folder, build.mail(shape), place=build.random.choice(SIZED))
        draft.with_s, draft.with_w = "S" in which, "W" in which
        if "s" in which:
            draft.with_s = True  # right, beside a W that is not
        draft.s_off = _off(build) if "S" in which else 0
        draft.w_off = _off(build) if "W" in which else 0
        build.put(draft)
        return [mismatch(draft)]

    return sow


family(
    {
        f"sizes.{which}_{shape}": _lying(shape, which)
        for shape in ("lf", "crlf", "mixed", "multipart", "no-final-newline", "eight-bit", "big")
        for which in ("S", "W", "SW", "sW")
    }
)


def _packed(kind: str, wrong: bool) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.folder()
        message = build.mail(build.random.choice(("lf", "crlf", "nested", "big")))
        draft = build.draft(folder, message)
        draft.plain, draft.content = message.content, PACKINGS[kind](message.content)
        draft.with_s, draft.with_w = True, build.random.random() < 0.7
        if not wrong:
            build.put(draft)
            return []
        draft.s_off = _off(build)
        draft.w_off = _off(build) if draft.with_w else 0
        build.put(draft)
        return [mismatch(draft)]

    return sow


family({f"sizes.{kind}_right": _packed(kind, False) for kind in PACKINGS})
family({f"sizes.{kind}_wrong": _packed(kind, True) for kind in PACKINGS})


def _physical(kind: str) -> Sow:
    """The name has the size of the packed file: what a careless repair leaves."""

    def sow(build: Build) -> Planted:
        message = build.mail("big")
        draft = build.draft(build.folder(), message)
        draft.plain, draft.content = message.content, PACKINGS[kind](message.content)
        draft.with_s, draft.with_w = True, False
        draft.s_off = len(draft.content) - draft.size
        build.put(draft)
        return [mismatch(draft)]

    return sow


family({f"sizes.{kind}_physical": _physical(kind) for kind in PACKINGS})


@plant()
def second_s(build: Build) -> Planted:
    """Two `,S=`, the first right: the second does not count, but the name is bad."""
    draft = build.draft(build.folder())
    draft.with_s, draft.with_w = True, False
    draft.tail += b",S=%d" % build.random.choice((draft.size, 5))
    build.put(draft)
    return [expected("bad-name", draft.path, "warning", "rename")]


@plant()
def second_w(build: Build) -> Planted:
    """Two `,W=`, and the first lies."""
    draft = build.draft(build.folder())
    draft.with_s, draft.with_w, draft.w_off = True, True, _off(build)
    draft.tail += b",W=%d" % draft.virtual
    build.put(draft)
    return [mismatch(draft), expected("bad-name", draft.path, "warning", "rename")]


@plant()
def first_s_lies(build: Build) -> Planted:
    """Two `,S=`, and the first lies."""
    draft = build.draft(build.folder(), build.mail(closed=True))
    draft.with_s, draft.with_w, draft.s_off = True, False, _off(build)
    draft.tail += b",S=%d" % draft.size
    build.put(draft)
    return [mismatch(draft), expected("bad-name", draft.path, "warning", "rename")]


@plant()
def size_of_zero(build: Build) -> Planted:
    """`,S=0` on a message that is there."""
    draft = build.draft(build.folder(), build.mail("lf"))
    draft.with_s, draft.with_w = True, False
    draft.s_off = -draft.size
    build.put(draft)
    return [mismatch(draft)]


@plant()
def leading_zeros(build: Build) -> Planted:
    """Digits are digits."""
    draft = build.draft(build.folder(), build.mail("lf"))
    draft.with_s = draft.with_w = False
    draft.tail += b",S=000%d" % draft.size
    build.put(draft)
    return []


@plant()
def no_digits(build: Build) -> Planted:
    """Dovecot reads 0, unless nothing follows."""
    draft = build.draft(build.folder())
    draft.with_s = draft.with_w = False
    draft.tail += b",S="
    build.put(draft)
    if draft.filename.endswith(b",S="):
        return []
    return [expected("size-mismatch", draft.path, "error", "fix-size", S=[0, draft.size])]


def _no_size(text: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        draft = build.draft(build.folder())
        draft.with_s = draft.with_w = False
        draft.tail += text
        build.put(draft)
        return []

    return sow


family(
    {
        "sizes.letters": _no_size(b",S=abc"),
        "sizes.digits_then_letters": _no_size(b",W=12x"),
        "sizes.lower_case": _no_size(b",s=1"),
        "sizes.no_comma": _no_size(b"S=1"),
    }
)


@plant()
def after_the_colon(build: Build) -> Planted:
    """What follows the flags is no size of ours, and left alone."""
    draft = build.draft(build.folder(colon=True), build.mail("lf"))
    draft.with_s = True
    draft.info = b":2,S,a=3"
    build.put(draft)
    return []


def _in_uidlist(key: str) -> Sow:
    def sow(build: Build) -> Planted:
        if build.style.uidlist != b"dovecot-uidlist":
            return []
        draft = build.draft(build.folder(), build.mail(closed=True))
        if not draft.folder.style.uidlist:
            return []
        folder = draft.folder
        draft.with_s = draft.with_w = draft.listed = False
        path = build.put(draft)
        folder.bases.append(draft.base)
        named = {"S": draft.size + 4 * ("S" in key), "W": draft.virtual - 3 * ("W" in key)}
        folder.record_extra[draft.base] = b" ".join(
            letter.encode() + b"%d" % number for letter, number in named.items()
        )
        if not key:
            return []
        actual = {"S": draft.size, "W": draft.virtual}
        wrong = {letter: [named[letter], actual[letter]] for letter in key}
        return [expected("size-mismatch", path, "error", "fix-size", in_="uidlist", **wrong)]

    return sow


family({f"sizes.uidlist_{key or 'right'}": _in_uidlist(key) for key in ("S", "W", "SW", "")})


@plant()
def uidlist_beside_one_field(build: Build) -> Planted:
    """The name has a right S and no W; the record's W lies. Each field is looked up by itself."""
    folder = build.folder()
    if folder.style.uidlist != b"dovecot-uidlist":
        return []
    draft = build.draft(folder, build.mail("lf"))
    draft.with_s, draft.with_w, draft.listed = True, False, False
    build.put(draft)
    folder.bases.append(draft.base)
    folder.record_extra[draft.base] = b"S5 W6"
    detail = {"W": [6, draft.virtual], "in": "uidlist"}
    return [expected("size-mismatch", draft.path, "error", "fix-size", **detail)]


@plant()
def packed_in_uidlist(build: Build) -> Planted:
    """The record has the size unpacked."""
    folder = build.folder()
    if folder.style.uidlist != b"dovecot-uidlist":
        return []
    message = build.mail("big")
    draft = build.draft(folder, message)
    draft.plain, draft.content = message.content, PACKINGS["xz"](message.content)
    draft.with_s = draft.with_w = draft.listed = False
    build.put(draft)
    folder.bases.append(draft.base)
    folder.record_extra[draft.base] = b"S%d W%d" % (draft.size, draft.virtual)
    return []


@plant()
def absurd_size(build: Build) -> Planted:
    """More digits than any number of bytes."""
    draft = build.draft(build.folder(), build.mail("lf"))
    draft.with_s = draft.with_w = False
    named = int("9" * 25)
    draft.tail += b",S=%d" % named
    build.put(draft)
    return [expected("size-mismatch", draft.path, "error", "fix-size", S=[named, draft.size])]


@plant()
def uidlist_beside_name(build: Build) -> Planted:
    """The name has a right size, the record another: the name is what is looked at first."""
    folder = build.folder()
    if folder.style.uidlist != b"dovecot-uidlist":
        return []
    draft = build.draft(folder, build.mail("lf"))
    draft.with_s = draft.with_w = True
    draft.listed = False
    build.put(draft)
    folder.bases.append(draft.base)
    folder.record_extra[draft.base] = b"S5 W6"
    return []
