"""One message with several problems at once, none of which hides another."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .mail import Letter, join
from .plants.contents import FROM
from .plants.names import flags
from .plants.places import misfiled
from .plants.sizes import mismatch
from .spool import DAY, Build, Draft
from .truth import Expected, Planted, expected

Told = Callable[[Draft], Expected]


def _content(letter: Letter, random: Random, chosen: set[str]) -> bytes:
    lines = letter.fields(without="Message-ID" if "no-id" in chosen else "")
    eol = random.choice((b"\n", b"\r\n"))
    body = [] if "header-only" in chosen else [b"", *letter.text]
    return (FROM if "from-line" in chosen else b"") + join([*lines, *body], eol)


# What may be wrong, each with what it is about: two about one thing are never put together.
_ABOUT = {
    "S": "S", "W": "W", "SS": "S", "flags": "info", "doubled": "info", "none": "place",
    "new": "place", "misfiled": "place name", "long": "name", "control": "name",
    "future": "date", "early": "date", "name-ahead": "date", "no-id": "id", "from-line": "from",
    "header-only": "body", "mode": "mode",
}  # fmt: skip


def _choose(random: Random) -> set[str]:
    chosen: set[str] = set()
    taken: set[str] = set()
    for name in random.sample(list(_ABOUT), k=len(_ABOUT)):
        about = set(_ABOUT[name].split())
        if not about & taken and len(chosen) < 5:
            chosen.add(name)
            taken |= about
    if "none" in chosen:
        chosen -= {"flags", "doubled"}  # no info, then, to be wrong
    if "misfiled" in chosen:
        chosen -= {"SS"}  # names are judged in cur and new
    return chosen


def compose(build: Build) -> Planted:
    """A message with up to five problems."""
    random = build.random
    chosen = _choose(random)
    folder = build.folder(inbox=False, colon=True)
    letter = build.letter()
    draft = build.draft(folder, build.of(letter, _content(letter, random, chosen)))
    draft.with_s = draft.with_w = True
    found: list[Told] = []
    if "S" in chosen:
        draft.s_off = random.choice((-3, 4, 5000))
    if "W" in chosen:
        draft.w_off = random.choice((-3, 4, 5000))
    if draft.s_off or draft.w_off:
        found.append(mismatch)
    if "SS" in chosen:
        draft.tail += b",S=1"
    _name(draft, chosen, found)
    _place(build, draft, chosen, found)
    _dates(build, draft, chosen, found)
    for name, code in (("no-id", "no-message-id"), ("from-line",) * 2, ("header-only",) * 2):
        if name in chosen:
            found.append(lambda draft, code=code: expected(code, draft.path, "info", None))
    if "mode" in chosen:
        draft.mode = 0o622
        found.append(
            lambda draft: expected("bad-permissions", draft.path, "warning", "fix-permissions")
        )
    build.put(draft)
    return [told(draft) for told in found]


def _name(draft: Draft, chosen: set[str], found: list[Told]) -> None:
    if "flags" in chosen:
        draft.info = b":2,SRR"
        found.append(lambda draft: flags(draft, b":2,RS", info=":2,SRR"))
    if "doubled" in chosen:
        draft.info = b":2,:2,T"
        found.append(lambda draft: flags(draft, b":2,T", info=":2,:2,T"))
    if "long" in chosen:
        draft.stem += b"y" * (215 - len(draft.base))
    if "control" in chosen:
        draft.stem += b"\x08"
    if chosen & {"long", "control", "SS"}:
        found.append(lambda draft: expected("bad-name", draft.path, "warning", "rename"))


def _place(build: Build, draft: Draft, chosen: set[str], found: list[Told]) -> None:
    wrong_info = bool(chosen & {"flags", "doubled"})
    if "none" in chosen:
        draft.info = b""
        found.append(lambda draft: flags(draft, b":2,", info=""))
    if "new" in chosen:
        draft.place = b"new"
        draft.info = draft.info if wrong_info else b""
    if "misfiled" in chosen:
        draft.place = build.random.choice((b"", b"attic"))
        where = "nested" if draft.place else "folder-root"
        target = draft.folder.name
        found.append(lambda draft: misfiled(draft, where, target, "file"))


def _dates(build: Build, draft: Draft, chosen: set[str], found: list[Told]) -> None:
    if "future" in chosen:
        draft.mtime = build.now + 40 * DAY
    if "early" in chosen:
        draft.mtime = draft.mail.date - 400 * DAY
    if "name-ahead" in chosen:
        ahead = int(build.now + 40 * DAY)
        draft.stem = b"%d" % ahead + draft.stem[draft.stem.index(b".") :]
    if chosen & {"future", "early", "name-ahead"}:
        remedy = None if "name-ahead" in chosen else "fix-date"
        found.append(lambda draft: expected("bad-date", draft.path, "info", remedy))
