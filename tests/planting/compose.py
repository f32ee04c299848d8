"""Messages with several problems at once, none of which hides another; alone and as copies."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .mail import Letter, join, plain
from .plants.contents import FROM
from .plants.copies import duplicates
from .plants.names import flags, no_info
from .plants.places import misfiled
from .plants.sizes import mismatch
from .spool import DAY, Build, Draft
from .truth import Expected, Planted, expected

Told = Callable[[Draft], Expected]

# What may be wrong, each with what it is about: two about one thing are never put together.
_NAME = {
    "S": "S", "W": "W", "SS": "S", "flags": "info", "doubled": "info", "none": "place",
    "new": "place", "misfiled": "place name", "long": "name", "control": "name",
    "future": "date", "early": "date", "name-ahead": "date", "mode": "mode",
}  # fmt: skip
_CONTENT = {"no-id": "id", "from-line": "from", "header-only": "body"}


def compose(build: Build) -> Planted:
    """A message with up to five problems."""
    chosen = _choose(build.random, _NAME | _CONTENT)
    letter = build.letter()
    content = _content(letter, build.random, chosen)
    draft = build.draft(build.folder(inbox=False, colon=True), build.of(letter, content))
    found = _damage(build, draft, chosen)
    for name, code in (("no-id", "no-message-id"), ("from-line",) * 2, ("header-only",) * 2):
        if name in chosen:
            found.append(lambda draft, code=code: expected(code, draft.path, "info", None))
    build.put(draft)
    if "misfiled" in chosen:
        found.append(lambda draft: _misfiled(draft, "file"))
    return lambda: [told(draft) for told in found]


def compose_copies(build: Build) -> Planted:
    """Copies of one message (identical, or one that came by another way), each damaged by itself.

    What is wrong with their names changes nothing about which are copies.
    """
    random = build.random
    folder = build.new_folder(private=True)
    folders = [folder, folder, build.folder(inbox=False, colon=True)]
    letter = build.letter()
    drafts: list[Draft] = []
    found: list[tuple[Draft, Told]] = []
    for _ in range(random.randint(2, 3)):
        content = random.choice((b"", b"", b"X-Relay: e.planted.example\n")) + plain(letter)
        draft = build.draft(random.choice(folders), build.of(letter, content))
        chosen = _choose(random, _NAME)
        found += [(draft, told) for told in _damage(build, draft, chosen)]
        build.put(draft)
        drafts.append(draft)

    def truth() -> list[Expected]:
        strays = [_stray_copy(draft, drafts) for draft in drafts if not _filed(draft)]
        return [*duplicates(build, drafts), *strays, *(told(draft) for draft, told in found)]

    return truth


def _filed(draft: Draft) -> bool:
    return draft.place in (b"cur", b"new")


def _stray_copy(draft: Draft, drafts: list[Draft]) -> Expected:
    """A misfiled copy is filed unless one is, or will be, in the target."""
    twins = [one for one in drafts if one.folder is draft.folder and one.content == draft.content]
    filed = [one for one in twins if _filed(one) and (draft.trashed or not one.trashed)]
    first = min((one.trashed, one.path) for one in twins if not _filed(one))[1] == draft.path
    return _misfiled(draft, "file" if first and not filed else "quarantine")


def _misfiled(draft: Draft, remedy: str) -> Expected:
    where = "nested" if draft.place else "folder-root"
    return misfiled(draft, where, draft.folder.name, remedy)


def _content(letter: Letter, random: Random, chosen: set[str]) -> bytes:
    lines = letter.fields(without="Message-ID" if "no-id" in chosen else "")
    eol = random.choice((b"\n", b"\r\n"))
    body = [] if "header-only" in chosen else [b"", *letter.text]
    return (FROM if "from-line" in chosen else b"") + join([*lines, *body], eol)


def _choose(random: Random, all_about: dict[str, str]) -> set[str]:
    chosen: set[str] = set()
    taken: set[str] = set()
    for name in random.sample(list(all_about), k=len(all_about)):
        about = set(all_about[name].split())
        if not about & taken and len(chosen) < 5:
            chosen.add(name)
            taken |= about
    if "none" in chosen:
        chosen -= {"flags", "doubled"}  # no info, then, to be wrong
    if "misfiled" in chosen:
        chosen -= {"SS"}  # names are judged in cur and new
    return chosen


def _damage(build: Build, draft: Draft, chosen: set[str]) -> list[Told]:
    """Does to the draft's name, place, time and mode what was chosen; misfiled is told apart."""
    random = build.random
    found: list[Told] = []
    draft.with_s = draft.with_w = True
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
    if "mode" in chosen:
        draft.mode = 0o622
        found.append(
            lambda draft: expected("bad-permissions", draft.path, "warning", "fix-permissions")
        )
    return found


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
    if "none" in chosen:
        draft.info = b""
        found.append(no_info)
    if "new" in chosen:
        draft.place = b"new"
        draft.info = draft.info if chosen & {"flags", "doubled"} else b""
    if "misfiled" in chosen:
        draft.place = build.random.choice((b"", b"attic"))


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
