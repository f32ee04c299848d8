"""Flags in forms not all programs read, and names servers skip or cannot change."""

from __future__ import annotations

from ..spool import Build, Draft, Folder
from ..truth import Expected, Planted, expected
from .registry import Sow, family, plant

ANYWHERE = (b"cur", b"cur", b"new")
FOREIGN = {"semicolon": b";", "bang": b"!", "underscore": b"_", "comma": b",", "percent": b"%3A"}


def flags(draft: Draft, should_be: bytes, remedy: bool = True, **detail: str) -> Expected:
    """The truth of a draft whose info should be another."""
    severity = "warning" if remedy else "info"
    return expected(
        "bad-flags", draft.path, severity, "fix-flags" if remedy else None,
        should_be=should_be.decode(), **detail,
    )  # fmt: skip


def no_info(draft: Draft) -> Expected:
    """The truth of a name in cur without an info: the store's own way, where that is another."""
    return flags(draft, b":2,", draft.folder.own_separator() is None, info="")


def _told(info: bytes, should_be: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        place = b"cur" if not info else build.random.choice(ANYWHERE)
        draft = build.draft(build.folder(colon=True), place=place)
        draft.info = info
        build.put(draft)
        if not info:
            return lambda: [no_info(draft)]
        return [flags(draft, should_be, info=info.decode())]

    return sow


_BAD = {
    "none": (b"", b":2,"),
    "unsorted": (b":2,SF", b":2,FS"),
    "unsorted_keywords": (b":2,aS", b":2,Sa"),
    "keywords_unsorted": (b":2,Sba", b":2,Sab"),
    "repeated": (b":2,SS", b":2,S"),
    "repeated_apart": (b":2,SFS", b":2,FS"),
    "digit": (b":2,S9", b":2,S"),
    "dash": (b":2,-RS", b":2,"),
    "unknown_capital_unsorted": (b":2,ZS", b":2,SZ"),
    "more_after_comma": (b":2,SF,x=1", b":2,FS,x=1"),
    "doubled": (b":2,:2,S", b":2,S"),
    "doubled_no_comma": (b":2:2,S", b":2,S"),
    "doubled_flags": (b":2,F:2,S", b":2,S"),
    "doubled_unsorted": (b":2,:2,SF", b":2,FS"),
    "tripled": (b":2,:2,:2,RS", b":2,RS"),
    "experimental": (b":1,", b":2,"),
    "experimental_text": (b":1,x", b":2,"),
    "colon_only": (b":", b":2,"),
    "no_comma": (b":2", b":2,"),
    "other_version": (b":3,x", b":2,"),
    "words": (b":seen", b":2,"),
}  # fmt: skip
family({f"names.flags_{name}": _told(*case) for name, case in _BAD.items()})


def _fine(info: bytes, place: bytes = b"cur") -> Sow:
    def sow(build: Build) -> Planted:
        draft = build.draft(build.folder(colon=True), place=place)
        draft.info = info
        build.put(draft)
        return []

    return sow


_FINE = {
    "all": b":2,DFPRST", "keywords": b":2,FSabz", "unknown_capital": b":2,SZ",
    "after_comma": b":2,FS,x=1", "after_comma_unsorted": b":2,,SF",
}  # fmt: skip
family({f"names.fine_{name}": _fine(info) for name, info in _FINE.items()})
family({"names.fine_new_bare": _fine(b"", b"new"), "names.fine_new_flags": _fine(b":2,RS", b"new")})


def _foreign(separator: bytes, letters: bytes, comma: bytes = b"2,") -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.folder(colon=True)
        draft = build.draft(folder, build.mail(closed=True), place=build.random.choice(ANYWHERE))
        draft.info = separator + comma + letters
        draft.with_s = build.random.random() < 0.5
        draft.with_w = False
        build.put(draft)
        should_be = b":2," + bytes(sorted(set(letters)))

        def truth() -> list[Expected]:
            mine = folder.own_separator() != separator
            return [flags(draft, should_be, mine, info=draft.info.decode())]

        return truth

    return sow


family(
    {
        f"names.foreign_{name}_{letters.decode() or 'none'}": _foreign(separator, letters)
        for name, separator in FOREIGN.items()
        for letters in (b"", b"S", b"FRS", b"SF")
    }
)
family(
    {
        f"names.escaped_{letters.decode() or 'none'}": _foreign(b"%3A", letters, b"2%2C")
        for letters in (b"", b"S", b"RS")
    }
)


def _lost_colon(letters: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        draft = build.draft(build.folder(colon=True), place=build.random.choice(ANYWHERE))
        draft.with_s = draft.with_w = False
        draft.tail = b""
        draft.info = b"2," + letters
        build.put(draft)
        return [flags(draft, b":2," + letters)]

    return sow


family({f"names.lost_colon_{letters.decode()}": _lost_colon(letters) for letters in (b"S", b"FRS")})


@plant()
def lost_colon_after_size(build: Build) -> Planted:
    """`,S=5002,S`, and the file has 500 bytes: the 2 belongs to the flags."""
    draft = build.draft(build.folder(colon=True))
    draft.with_s, draft.with_w = True, build.random.random() < 0.5
    draft.tail, draft.info = b"", b"2,S"
    build.put(draft)
    return [flags(draft, b":2,S")]


@plant()
def no_letters_after_comma(build: Build) -> Planted:
    """`2,` alone at the end is no lost colon where no other name ends so; in `new` nothing is wrong
    with the name."""
    draft = build.draft(build.new_folder(private=True), place=b"new")
    draft.with_s = draft.with_w = False
    draft.info = b""
    draft.tail += b"x2,"
    build.put(draft)
    return []


def _store(folder: Folder, build: Build, separator: bytes, foreign: int, colon: int) -> list[Draft]:
    drafts = []
    for number in range(foreign + colon):
        draft = build.draft(folder)
        if number < foreign:
            draft.info = separator + b"2," + build.random.choice((b"", b"S", b"RS"))
        build.put(draft)
        drafts.append(draft)
    return drafts


def _majority(foreign: int, colon: int, bare: int) -> Sow:
    """A folder with so many names of each kind; over half foreign, and the store is its own."""

    def sow(build: Build) -> Planted:
        own = foreign >= 2 and foreign > colon
        folder = build.new_folder(mails=0, private=True)
        separator = build.random.choice(list(FOREIGN.values()))
        drafts = _store(folder, build, separator, foreign, colon)
        drafts, odd = drafts[:foreign], drafts[foreign:] if own else []
        for _ in range(bare):
            draft = build.draft(folder)
            draft.info = b""
            build.put(draft)
            drafts.append(draft)
        found = [
            flags(draft, b":2," + draft.info[len(separator) + 2 :], not own) for draft in drafts
        ]
        return found + [flags(draft, separator + draft.info[1:], False) for draft in odd]

    return sow


family(
    {
        "names.store_of_its_own": _majority(3, 2, 0),
        "names.store_with_bare_names": _majority(4, 0, 2),
        "names.just_over_half": _majority(2, 1, 1),
        "names.exactly_half": _majority(2, 2, 1),
        "names.only_one": _majority(1, 0, 1),
        "names.one_of_two": _majority(1, 1, 0),
        "names.minority": _majority(2, 4, 1),
    }
)


def _bad_name(change: str) -> Sow:
    def sow(build: Build) -> Planted:
        draft = build.draft(build.folder(colon=True), place=build.random.choice(ANYWHERE))
        if change == "dot":
            draft.stem = b"." + draft.stem
        elif change == "long":
            draft.stem += b"x" * (201 - len(draft.filename))
        elif change == "longer":
            draft.stem += b"x" * (240 - len(draft.filename))
        else:
            middle = len(draft.stem) // 2
            draft.stem = draft.stem[:middle] + change.encode() + draft.stem[middle:]
        draft.listed = False
        build.put(draft)
        return [expected("bad-name", draft.path, "warning", "rename")]

    return sow


family(
    {
        "names.dot_file": _bad_name("dot"),
        "names.newline": _bad_name("\n"),
        "names.return": _bad_name("\r"),
        "names.tab": _bad_name("\t"),
        "names.escape": _bad_name("\x1b[31m"),
        "names.one": _bad_name("\x01"),
        "names.unit_separator": _bad_name("\x1f"),
        "names.delete": _bad_name("\x7f"),
        "names.201_bytes": _bad_name("long"),
        "names.240_bytes": _bad_name("longer"),
    }
)


def _fine_name(change: bytes) -> Sow:
    def sow(build: Build) -> Planted:
        draft = build.draft(build.folder(colon=True), place=build.random.choice(ANYWHERE))
        if change == b"200":
            draft.stem += b"x" * (200 - len(draft.filename))
        else:
            draft.stem += change
        build.put(draft)
        return []

    return sow


family(
    {
        "names.fine_200_bytes": _fine_name(b"200"),
        "names.fine_space": _fine_name(b" "),
        "names.fine_utf8": _fine_name("ü".encode()),
        "names.fine_latin1": _fine_name(b"\xfc\x80"),
        "names.fine_punctuation": _fine_name(b"+=!;_,%&()~"),
        "names.fine_octal": _fine_name(rb"\072\057"),
    }
)


@plant()
def leading_colon(build: Build) -> Planted:
    """An empty base name."""
    folder = build.new_folder(private=True)
    draft = build.draft(folder)
    draft.name = b":2,S"
    build.put(draft)
    return [expected("bad-name", draft.path, "warning", "rename")]


@plant()
def leading_colon_no_info(build: Build) -> Planted:
    """The colon belongs to the base name, and there are no flags."""
    folder = build.new_folder(private=True)
    draft = build.draft(folder)
    draft.name = b":x"
    build.put(draft)
    return [
        expected("bad-name", draft.path, "warning", "rename"),
        flags(draft, b":2,", info=""),
    ]


@plant()
def flags_of_the_empty(build: Build) -> Planted:
    """Names are judged whatever the file holds."""
    draft = build.draft(build.folder(colon=True))
    draft.content, draft.info, draft.with_s, draft.with_w = b"", b":2,SF", False, False
    draft.stem += b"\x02"
    build.put(draft)
    return [
        expected("empty", draft.path, "error", "quarantine"),
        flags(draft, b":2,FS"),
        expected("bad-name", draft.path, "warning", "rename"),
    ]


@plant()
def flags_of_junk(build: Build) -> Planted:
    draft = build.draft(build.folder(colon=True))
    draft.content, draft.info, draft.with_s, draft.with_w = b"just words\n", b"", False, False
    build.put(draft)
    junk = expected("not-mail", draft.path, "warning", "quarantine")
    return lambda: [junk, no_info(draft)]


@plant()
def clash_of_the_empty(build: Build) -> Planted:
    """Two files of 0 bytes are identical."""
    folder = build.new_folder(private=True)
    drafts = [build.draft(folder), build.draft(folder)]
    drafts[0].info = b":2,S"
    drafts[1].stem, drafts[1].place, drafts[1].info = drafts[0].stem, b"new", b""
    drafts[1].mtime = drafts[1].mail.date
    for draft in drafts:
        draft.content = b""
        build.put(draft)
    return [
        *(expected("empty", draft.path, "error", "quarantine") for draft in drafts),
        expected("name-clash", drafts[0].path, "critical", None),
        expected("name-clash", drafts[1].path, "critical", "quarantine"),
    ]
