"""One seed, one spool: healthy folders, many plants among them, and the truth of it all."""

from __future__ import annotations

import os
import re
import stat
import time
from collections import Counter
from random import Random

from .compose import compose, compose_copies
from .plants import PLANTS, Plant
from .plants.names import flags
from .spool import STYLES, Build, Draft, Folder
from .truth import Expected, Truth, expected

EVERY = 10  # so many spools in a row offer every plant at least once


def build_spool(root: bytes, seed: int) -> Truth:
    """Makes the spool of `seed` at `root`, which must not exist, and tells what is true of it."""
    random = Random(f"spool {seed}")
    style = STYLES[seed % len(STYLES)] if seed < len(STYLES) else random.choice(STYLES)
    build = Build(root, seed, style, time.time())
    _healthy(build, random)
    chosen = [
        plant for number, plant in enumerate(PLANTS.values()) if _wanted(number, seed, random)
    ]
    chosen = [plant for plant in chosen if _fits(plant, build)]
    random.shuffle(chosen)
    planted = [plant.sow(build) for plant in chosen]
    planted += [compose(build) for _ in range(random.randint(5, 20))]
    planted += [compose_copies(build) for _ in range(random.randint(2, 8))]
    _keep_layout(build)
    _keep_store(build)
    build.settle()
    problems: list[Expected] = []
    for truth in planted:
        problems += truth() if callable(truth) else truth
    for folder in build.folders:
        problems += _own_separators(folder) + _packed(build, folder) + _nameless(build, folder)
    return Truth(problems, build.unexamined, [plant.name for plant in chosen])


def _packed(build: Build, folder: Folder) -> list[Expected]:
    """Messages of a folder that begin like packed ones, counted."""
    counts: Counter[str] = Counter()
    for place in (b"cur", b"new", b""):
        directory = build.full(folder.at(place) if place else folder.path)
        for name in os.listdir(directory) if os.path.isdir(directory) else ():
            full = os.path.join(directory, name)
            if name.startswith(b".") or not stat.S_ISREG(os.lstat(full).st_mode):
                continue
            with open(full, "rb") as file:
                head = file.read(6)
            counts.update(kind for magic, kind in _MAGIC.items() if head.startswith(magic))
    if not counts:
        return []
    return [expected("packed", folder.path, "info", None, **counts)]


_MAGIC = {
    b"\x1f\x8b": "gzip", b"BZh9": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd",
    b"Doveco": "lz4", b"CRYPTE": "encrypted",
}  # fmt: skip


def _nameless(build: Build, folder: Folder) -> list[Expected]:
    """Messages with keyword letters that have no name, where Dovecot keeps names or UIDs."""
    path = build.full(folder.at(b"dovecot-keywords"))
    lines: list[bytes] = []
    if os.path.exists(path):
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    elif not os.path.exists(build.full(folder.at(b"dovecot-uidlist"))):
        return []
    named = {
        "abcdefghijklmnopqrstuvwxyz"[int(found[1])]
        for found in (_KEYWORD.fullmatch(line) for line in lines)
        if found and not found[2].startswith(b"unknown-")
    }
    letters = {draft.path: _keyword_letters(draft) - named for draft in folder.drafts}
    return [
        expected("unknown-keyword", path, "warning", None, letters="".join(sorted(lost)))
        for path, lost in letters.items()
        if lost
    ]


_KEYWORD = re.compile(rb"(1?\d|2[0-5]) ([!-~]+)")


def _keyword_letters(draft: Draft) -> set[str]:
    """The small letters among the flags, which end before the first character that is none."""
    found = re.search(rb".*:2,([A-Za-z]*)", draft.filename, re.DOTALL)
    return {chr(letter) for letter in found[1] if chr(letter).islower()} if found else set()


def _wanted(number: int, seed: int, random: Random) -> bool:
    return random.random() < 0.15 or number % EVERY == seed % EVERY


def _fits(plant: Plant, build: Build) -> bool:
    return plant.layout in ("", build.style.layout) and plant.style in ("", build.style.name)


def _healthy(build: Build, random: Random) -> None:
    """The folders of the style, with mail, and the files servers leave beside them."""
    style = build.style
    if style.inbox:
        build.add_folder(b"", "INBOX", style, mails=random.randint(3, 10))
        build.write(b"subscriptions", b"Sent\nTrash\n")
        if style.name.startswith("dovecot"):
            build.write(b"dovecot-uidvalidity", b"5f5e1001")
            build.write(b"dovecot-uidvalidity.5f5e1001", b"")
            build.write(b"dovecot.list.index.log", b"\1\2\3")
    for path, name in build.folder_names.items():
        build.add_folder(path, name, style, mails=random.randint(0, 12))


def _keep_layout(build: Build) -> None:
    """A `maildir++` spool is one by its majority: enough folders that are `.NAME`."""
    assert build.style.layout == "fs" or build.top_strangers * 2 < len(build.folder_names)


def _keep_store(build: Build) -> None:
    """Most names of the spool have a colon: folders with one message follow the others."""
    infos = [one.info for each in build.folders for one in each.drafts if one.place == b"cur"]
    foreign = sum(bool(info) and not info.startswith(b":") for info in infos)
    colon = sum(info.startswith(b":") for info in infos)
    if foreign >= colon:
        folder = build.new_folder(mails=0, private=True)
        for _ in range(foreign - colon + 1):
            build.put(build.draft(folder))


def _own_separators(folder: Folder) -> list[Expected]:
    """In a store with a separator of its own, every name with an info is reported, as `info`."""
    separator = folder.style.separator
    if separator == b":":
        return []
    mine = folder.own_separator() != separator
    return [
        flags(draft, b":" + draft.info[1:], mine, info=os.fsdecode(draft.info))
        for draft in folder.drafts
        if draft.info.startswith(separator)
    ]
