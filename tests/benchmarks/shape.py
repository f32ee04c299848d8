"""The shape of a generated spool: its folders, and what is wrong in each of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FOLDERS = 205  # INBOX counted
STANDARD = 385_000  # messages, to which the numbers below belong
LARGEST = 37_544
CROWDED = 12_593  # messages of the folder with the misfiled ones
MISFILED = 11_973
NESTED = 10
LEFTOVERS = 131
LEFTOVERS_EMPTY = 21
DEFECTS = {
    "size": 389,  # a wrong S=
    "virtual": 384,  # a wrong W=
    "copy": 1_711,  # a second copy in the same folder
    "shared": 400,  # one of two copies that lie in two folders: 200 copies
    "no-id": 756,
    "header-only": 30,
    "crlf": 36,
    "raw-name": 12,  # a name that is not UTF-8
    "huge": 11,  # over 2 MB
}
LARGEST_FOLDER = ".lists.debian"
CROWDED_FOLDER = ".Archives.2012"
NESTING_FOLDER = ".Sent"
_TOPICS = ("lists", "projects", "Archives", "work", "family", "Entw&APw-rfe", "builds", "shop")


@dataclass
class FolderPlan:
    """One folder: how many messages lie where, and how many of them are odd in which way.

    `filed` are in cur or new, the odd ones among them; `shared` are the numbers of messages that
    another folder has too.
    """

    name: str
    number: int
    filed: int = 0
    misfiled: int = 0
    nested: int = 0
    leftovers: int = 0
    leftovers_empty: int = 0
    odd: dict[str, int] = field(default_factory=dict)
    shared: list[int] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many of its filed messages are not yet odd."""
        # A copy needs a healthy message to be a copy of.
        taken = sum(self.odd.values()) + self.odd.get("copy", 0) + len(self.shared)
        return self.filed - taken


def plan(messages: int, seed: int, wrong_sizes: int | None = None) -> list[FolderPlan]:
    """All folders of a spool of so many messages, always alike for one seed. INBOX is first.

    `wrong_sizes`: how many messages have a wrong S=, instead of the usual share. Raises ValueError
    for too few messages.
    """
    folders = [FolderPlan(name, number) for number, name in enumerate(_names())]
    by_name = {folder.name: folder for folder in folders}
    crowded = by_name[CROWDED_FOLDER]
    crowded.misfiled = scaled(MISFILED, messages)
    crowded.filed = max(scaled(CROWDED, messages) - crowded.misfiled, 1)
    by_name[LARGEST_FOLDER].filed = scaled(LARGEST, messages)
    by_name[NESTING_FOLDER].nested = scaled(NESTED, messages)
    by_name[""].leftovers = scaled(LEFTOVERS, messages)
    by_name[""].leftovers_empty = scaled(LEFTOVERS_EMPTY, messages)
    given = (crowded, by_name[LARGEST_FOLDER])
    left = messages - sum(folder.filed + folder.misfiled + folder.nested for folder in folders)
    if left < 0:
        raise ValueError(f"{messages} messages are too few for {FOLDERS} folders")
    _share_out(left, [folder for folder in folders if folder not in given])
    counts = {defect: scaled(count, messages) for defect, count in DEFECTS.items()}
    if wrong_sizes is not None:
        counts["size"] = wrong_sizes
    _plant(folders, counts, random.Random(f"{seed}/plan"))
    return folders


def scaled(count: int, messages: int) -> int:
    """A number that belongs to STANDARD messages, for this many; at least 1."""
    return max(1, round(count * messages / STANDARD))


def _names() -> list[str]:
    names = ["", CROWDED_FOLDER, LARGEST_FOLDER, NESTING_FOLDER, ".Drafts"]
    for number in range(FOLDERS - len(names)):
        year = 2000 + number // len(_TOPICS)
        names.append(f".{_TOPICS[number % len(_TOPICS)]}.y{year}")
    return names


def _share_out(messages: int, folders: list[FolderPlan]) -> None:
    """A few folders have many, many have few; what rounding leaves over goes to the first."""
    weights = [(rank + 8) ** -0.9 for rank in range(len(folders))]
    total = sum(weights)
    for folder, weight in zip(folders, weights, strict=True):
        folder.filed = int(messages * weight / total)
    folders[0].filed += messages - sum(folder.filed for folder in folders)


def _plant(folders: list[FolderPlan], counts: dict[str, int], rng: random.Random) -> None:
    weights = [folder.filed for folder in folders]
    if sum(counts.values()) * 2 > sum(weights):
        raise ValueError("too few messages for so many odd ones")
    for defect, count in counts.items():
        if defect == "shared":
            continue
        for _ in range(count):
            folder = _with_room(folders, weights, rng, defect)
            folder.odd[defect] = folder.odd.get(defect, 0) + 1
    for number in range(max(1, counts["shared"] // 2)):
        first = _with_room(folders, weights, rng, "shared")
        first.shared.append(number)
        second = _with_room([each for each in folders if each is not first], None, rng, "shared")
        second.shared.append(number)


def _with_room(
    folders: list[FolderPlan], weights: list[int] | None, rng: random.Random, defect: str
) -> FolderPlan:
    """A folder, the larger the likelier, that has a healthy message left."""
    need = 2 if defect == "copy" else 1
    while True:
        (folder,) = rng.choices(folders, weights or [each.filed for each in folders])
        if folder.room >= need:
            return folder


def truth(folders: list[FolderPlan]) -> dict[str, object]:
    """What a survey has to find: problems by code, and how many folders and messages."""

    def total(defect: str) -> int:
        return sum(folder.odd.get(defect, 0) for folder in folders)

    shared = sum(len(folder.shared) for folder in folders)
    misfiled = sum(folder.misfiled for folder in folders)
    nested = sum(folder.nested for folder in folders)
    filed = sum(folder.filed for folder in folders)
    copies = total("copy") + shared // 2
    leftovers = sum(folder.leftovers for folder in folders)
    leftovers_empty = sum(folder.leftovers_empty for folder in folders)
    return {
        "folders": len(folders),
        "messages": filed + misfiled + nested,
        "problems": {
            "size-mismatch": total("size") + total("virtual"),
            "misfiled": misfiled + nested,
            "in-tmp": leftovers,
            "empty": leftovers_empty,
            "duplicate-id": 2 * copies,
            "header-only": total("header-only"),
            "no-message-id": total("no-id"),
        },
        "planted": {
            "wrong S": total("size"),
            "wrong W": total("virtual"),
            "duplicates": copies,
            "of these in another folder": shared // 2,
            "misfiled": misfiled,
            "nested": nested,
            "left in tmp": leftovers,
            "of these empty": leftovers_empty,
            "CRLF": total("crlf"),
            "name not UTF-8": total("raw-name"),
            "over 2 MB": total("huge"),
        },
    }
