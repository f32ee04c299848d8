"""What clients must not notice of an operation: UIDs and keywords."""

from __future__ import annotations

import os

from mailsurgeon.maildir.lists.uidlist import base_name
from mailsurgeon.surgery.journal.records import StepRecord
from tests.crash.support.random_model import (
    COURIER,
    DOVECOT,
    LETTERS,
    WORDS,
    Scene,
    home_of,
    is_damaged,
    uids,
    words,
)


def check_uids(
    before: Scene, after: Scene, went: dict[bytes, bytes], done: list[StepRecord]
) -> None:
    """Who had a UID and stays in its folder has the same one; lists stay good ones.

    Of files with one base name one has it, and may have taken it along.
    """
    put_away = {one.source for one in done}
    parted = {one.source for one in done if "inverts" in one.data} - {
        one.source for one in done if one.data.get("keep_uid")
    }
    for name in (DOVECOT, COURIER):
        listed, now = uids(before, name), uids(after, name)
        for (home, base), paths in by_base(before).items():
            uid = listed.get(home, {}).get(base)
            there = went.get(home, home)
            bases = [base_of(went[path]) for path in paths if home_of(went[path]) == there]
            if uid is None or len(bases) < len(paths):
                continue
            if os.path.join(home, name) in put_away:
                continue  # the list itself
            if len(paths) == 1 and bases != [base] and paths[0] in parted:
                continue  # it gets back the name of another, whose the record was
            assert uid in [now[there].get(one) for one in bases], (name, home, paths, uid)
    if any(one.action == "uidlist-lines" for one in done):
        return
    for path, one in before.lists.items():
        if os.path.basename(path) in (DOVECOT, COURIER) and not is_damaged(one):
            listed_now = after.lists.get(path)
            assert listed_now is None or not is_damaged(listed_now), path


def check_words(
    before: Scene, after: Scene, went: dict[bytes, bytes], done: list[StepRecord]
) -> None:
    """Keywords are kept by name, wherever a message goes; of files with one base name by the
    one that keeps the UID. A copy put away lends its own until it is back.
    """
    taken = {
        (home_of(one.source), base_of(one.source))
        for one in done
        if one.source is not None and one.data.get("keep_uid")
    }
    lent = {one.source for one in done if "inverts" in one.data and is_in_place(one)}
    for path, _ in before.messages():
        moved = base_of(path) != base_of(went[path])
        if moved and (namesakes(before, path) or namesakes(after, went[path])):
            continue
        if not moved and (home_of(path), base_of(path)) in taken:
            continue
        now = words(after, went[path])
        for name, had in words(before, path).items():
            if name == LETTERS and path in lent:
                continue
            if name == WORDS and os.path.basename(went[path]).count(b":") > 1:
                continue  # Courier does not get as far as to read the keywords of such a name
            if had and name in now:
                assert had <= now[name], (path, went[path], had, now)


def is_in_place(one: StepRecord) -> bool:
    """Whether a step renames a message in its folder."""
    paths = one.source, one.target
    return None not in paths and len({home_of(path) for path in paths if path is not None}) == 1


def base_of(path: bytes) -> bytes:
    """The base name of the file at `path`."""
    return base_name(os.path.basename(path))


def by_base(scene: Scene) -> dict[tuple[bytes, bytes], list[bytes]]:
    """The served messages by folder and base name."""
    found: dict[tuple[bytes, bytes], list[bytes]] = {}
    for path, _ in scene.messages():
        home = home_of(path)
        if home is not None:
            found.setdefault((home, base_of(path)), []).append(path)
    return found


def namesakes(scene: Scene, path: bytes) -> bool:
    """Whether another file of the folder has the base name of `path`."""
    return len(by_base(scene).get((home_of(path) or b"", base_of(path)), ())) > 1
