"""`rename`: gives a message or a directory another path; never replaces anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

from mailsurgeon.maildir.lists.uidlist import Change, base_name
from mailsurgeon.maildir.rename import followed
from mailsurgeon.maildir.server_files import COURIER_KEYWORDS
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused
from mailsurgeon.surgery.fsops.paths import QuarantinePath, numbered, parent_of
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.servers.folder_names import folder_around, path_now, served_in
from mailsurgeon.surgery.servers.locked_folder import LockedFolders, occupants_at
from mailsurgeon.surgery.servers.uid_changes import as_text, from_text
from mailsurgeon.surgery.steps.base import (
    LINKS,
    Alters,
    OccupantsAt,
    Step,
    UidEdit,
    Where,
    keys_without,
    link_data,
    present,
    step_json,
)
from mailsurgeon.surgery.steps.moving import check_base_is_free, locate_source, locate_target, move
from mailsurgeon.surgery.steps.rename_recovery import give_back_name, was_renamed
from mailsurgeon.surgery.steps.rename_text import text_form
from mailsurgeon.surgery.steps.scene import Scene
from mailsurgeon.surgery.steps.shell_words import ShellWords
from mailsurgeon.text import visible

_SHARED = ("shared",)
_RENEWED = (*LINKS, *_SHARED)


@dataclass(frozen=True, slots=True)
class Rename(Step):
    """`keep_uid`: the base name changes within one folder, so its record must follow.

    `quota`: the bytes and messages that it adds to the sum in `maildirsize`. `links`: the file's
    number of hard links before, which recovery compares after link and unlink. `shared`: whether
    another message had the same base name; undo then sets `may_share`, which allows the rename back
    beside that namesake. `changes`: for an undo, the changes that restore the records.
    """

    action: ClassVar[str] = "rename"
    alters: ClassVar[Alters] = Alters.NAME

    source: bytes
    target: bytes
    _: KW_ONLY
    keep_uid: bool | None = None
    quota: tuple[int, int] | None = None
    links: int | None = None
    may_share: bool | None = None
    changes: tuple[Change, ...] | None = None
    shared: bool | None = None

    def do(self, places: Places, folders: LockedFolders) -> None:
        """Renames, then checks that the right file was renamed; if not, renames it back."""
        left, came = parent_of(self.source), parent_of(self.target)
        old_home, new_home = occupants_at(folders, left), occupants_at(folders, came)
        source_dir, source = locate_source(places, self.source, self.expected)
        target_dir, target = locate_target(places, self.target)
        if new_home and not self.may_share:  # back where it stood beside its namesake before
            check_base_is_free(new_home, self.target, self.source)
        move(source_dir, source, target_dir, target, self.expected, self.target)
        if old_home:
            old_home.left(left, source)
        if new_home:
            new_home.came(came, target)

    def found(self, places: Places, occupants: OccupantsAt) -> Rename:
        """The rename of a message whose flags a client has changed meanwhile: from its present name
        and to a name with its present flags. Raises StepRefused and OSError.
        """
        expected = self.expected
        if expected is None or not self.follows_clients:
            return self
        try:
            if at.same_inode(at.look(*places.locate(self.source)), expected):
                return self
        except (FileNotFoundError, NotADirectoryError):
            pass
        around = occupants(parent_of(self.source))
        now = path_now(places, self.source, expected, around)
        return self if now is None else self.following(now)

    def following(self, now: bytes) -> Rename:
        """The rename for a message that clients have renamed to the path `now`.

        Raises StepRefused if no client that keeps to Maildir gives such a name.
        """
        served = not self.puts_away and folder_around(self.target.rpartition(b"/")[0]) is not None
        target = followed(self.source, self.target, now, stays=self.stays_in_folder, served=served)
        if target is not None and self.puts_away:
            target = QuarantinePath(target)
        if target is None:
            raise StepRefused(f"it has another name by now: {visible(now)}")
        if target == now:
            raise StepRefused(f"it has this name already: {visible(now)}")
        before, after = os.path.basename(self.source), os.path.basename(now)
        changes = self.changes if base_name(before) == base_name(after) else ()
        return replace(self, source=now, target=target, changes=changes)

    def clear_away(self, places: Places) -> None:
        """Removes the empty directory by which a killed run had reserved the target's name."""
        if self.expected is not None and self.carries_directory:
            give_back_name(places, self.target, self.expected)

    def recover(self, places: Places, _folders: LockedFolders) -> bool:
        """Whether it was done; if link and unlink left both names, drops the old one."""
        assert self.expected is not None
        return was_renamed(places, self.source, self.target, self.expected, self.links)

    def inverse(self) -> Rename:
        """The rename back."""
        return self._back(self.inverts, self.repeats, _SHARED, None)

    def undoing(self, number: int) -> Rename:
        """The rename back, linked to the step `number`."""
        return self._back(number, None, _RENEWED, False)

    def _back(
        self,
        inverts: int | None,
        repeats: int | None,
        renewed: tuple[str, ...],
        shared: bool | None,
    ) -> Rename:
        """Builds the rename back in one call: an undo may have a million of them."""
        quota = self.quota
        return Rename(
            self.target, self.source, self.expected, self.target_folder, self.folder,
            inverts=inverts, repeats=repeats, keys=keys_without(self.keys, renewed),
            keep_uid=self.keep_uid, quota=None if quota is None else (-quota[0], -quota[1]),
            links=self.links, may_share=bool(self.shared), changes=self.changes, shared=shared,
        )  # fmt: skip

    def taking_back(self) -> Rename:
        """The rename back, allowed beside the namesake that it had."""
        return replace(self.inverse(), may_share=True)

    # The journal

    def facts(self) -> dict[str, Any]:
        """The rename's data for the journal."""
        return present(
            keep_uid=self.keep_uid,
            quota=None if self.quota is None else list(self.quota),
            inverts=self.inverts,
            repeats=self.repeats,
            may_share=self.may_share,
            changes=None if self.changes is None else as_text(self.changes),
            links=self.links,
            shared=self.shared,
            conditions=[one.written() for one in self.conditions] or None,
        )

    @property
    def text(self) -> str:
        """As for any step, but quicker: an operation has thousands of renames."""
        if self.changes is not None or self.conditions:
            return step_json(self.data)
        quota, inverts, repeats = self.quota, self.inverts, self.repeats
        form = text_form(
            self.keys, self.keep_uid, quota is not None, inverts is not None, repeats is not None,
            self.may_share, self.links, self.shared,
        )  # fmt: skip
        return form.format(quota and f"[{quota[0]}, {quota[1]}]", inverts, repeats)

    @classmethod
    def read(cls, where: Where, data: Mapping[str, Any]) -> Rename:
        """Makes a rename from its row."""
        source, target = where.source, where.target
        if source is None or target is None:
            raise ValueError("a rename has two paths")
        quota, changes = data.get("quota"), data.get("changes")
        return cls(
            source, target, where.expected, where.folder, where.target_folder,
            keep_uid=data.get("keep_uid"),
            quota=None if quota is None else (int(quota[0]), int(quota[1])),
            links=data.get("links"),
            may_share=data.get("may_share"),
            changes=None if changes is None else tuple(from_text(changes)),
            shared=data.get("shared"),
            **link_data(data),
        )  # fmt: skip

    def prepared(self, scene: Scene) -> Rename:
        """With its operation's number and the present name of its file; inside the spool, one
        folder given stands for both."""
        try:
            status, looked = scene.look(self.source), True
        except (OSError, StepRefused):  # `do` refuses it later
            status, looked = None, False
        if self.expected and self.follows_clients and not at.same_inode(status, self.expected):
            with suppress(OSError, StepRefused):
                now = self.found(scene.places, scene.occupants_at)
                if now is not self:
                    return now.prepared(scene)
        return self._prepared(scene, status, looked=looked)

    def _prepared(self, scene: Scene, status: os.stat_result | None, *, looked: bool) -> Rename:
        target = numbered(self.target, scene.operation) or b""
        folder, target_folder = self.folder, self.target_folder
        if not (isinstance(self.source, QuarantinePath) or isinstance(target, QuarantinePath)):
            folder = target_folder if folder is None else folder
            target_folder = folder if target_folder is None else target_folder
        # What the plan has foretold counts only if it is found.
        links = self.links if self.is_linked else None
        shared = self.shared if self.repeats is not None else None
        if status is not None:
            links = status.st_nlink
        if looked and folder is not None:
            try:
                shared = scene.occupants(folder).namesake(self.source, target) is not None
            except (OSError, StepRefused):
                looked = False
        if (
            target is self.target and links == self.links and shared is self.shared
            and folder == self.folder and target_folder == self.target_folder
        ):  # fmt: skip
            return self
        return Rename(
            self.source, target, self.expected, folder, target_folder,
            inverts=self.inverts, repeats=self.repeats, keys=self.keys, keep_uid=self.keep_uid,
            quota=self.quota, links=links, may_share=self.may_share, changes=self.changes,
            shared=shared, conditions=self.conditions,
        )  # fmt: skip

    # Locks

    @property
    def may_join(self) -> bool:
        """Unless it moves a directory."""
        return not self.carries_directory

    @property
    def carries_directory(self) -> bool:
        """Whether `source` is a directory: those have an expected size of -1."""
        return self.expected is not None and self.expected.size == -1

    # Lists of UIDs and quota

    @property
    def follows_clients(self) -> bool:
        """Whether it is done to the message whatever flags clients have given it since the plan.

        A repair that puts a message away or takes it elsewhere is not: its plan weighed the flags.
        """
        return self.stays_in_folder or (self.is_linked and not self.carries_directory)

    @property
    def edits_uids(self) -> bool:
        """Same as `keep_uid`."""
        return bool(self.keep_uid)

    @property
    def keeps_uid(self) -> bool:
        """Same as `keep_uid`."""
        return bool(self.keep_uid)

    @property
    def stays_in_folder(self) -> bool:
        """Whether both paths are in cur or new of one folder."""
        folder, other = self.folder, self.target_folder
        if folder is None or (other is not None and other != folder):
            return False
        served = served_in(folder)
        if self.source.rpartition(b"/")[0] not in served or isinstance(self.source, QuarantinePath):
            return False
        return not self.puts_away and self.target.rpartition(b"/")[0] in served

    @property
    def _bases(self) -> tuple[bytes, bytes]:
        """The base names before and after."""
        old, new = self.source.rpartition(b"/")[2], self.target.rpartition(b"/")[2]
        return base_name(old), base_name(new)

    def uid_edit(self) -> UidEdit | None:
        """Renames the base name, or the name under which Courier keeps its keywords.

        If the base name changes without `keep_uid`, two messages shared it, and servers' records
        under that name belong to the other message.
        """
        if self.keep_uid:
            old, new = self._bases
            return UidEdit([(old, new)], list(self.changes or ())) if old != new else None
        if self.stays_in_folder:
            old, new = self._bases
            return self._courier_edit() if old == new else None
        return None

    def _courier_edit(self) -> UidEdit | None:
        """The edit for a name with two infos that loses one, or gets it back. Courier files a
        message's keywords under everything before the last colon; if that is not the message's
        current name, it loops forever looking for them (courier-imap 5.0.13).
        """
        old, new = (os.path.basename(p).rpartition(b":")[0] for p in (self.source, self.target))
        if old and new and old != new:
            return UidEdit([], [Change(old, new, COURIER_KEYWORDS)])
        return None

    def coming_back(self) -> Rename:
        """A copy that leaves the lists alone; so does its undo, and the list is again as it was."""
        return replace(self, keep_uid=None)

    def bases_given_up(self) -> Sequence[bytes]:
        """The old base name, if its record must follow."""
        before, after = self._bases
        return (before,) if self.keep_uid and before != after else ()

    def bases_led_to(self) -> Sequence[bytes]:
        """The new base name, as Dovecot and as Courier take it from the file name."""
        if not self.stays_in_folder:
            return ()
        name = os.path.basename(self.target)
        return base_name(name), name.rpartition(b":")[0]

    @property
    def record_after(self) -> tuple[bytes, bytes] | None:
        """The folder and base name where the rename that this one undoes put the record."""
        if not self.keep_uid:
            return None
        folder = self.target_folder if self.folder is None else self.folder
        return folder or b"", base_name(os.path.basename(self.source))

    def carrying(self, changes: Sequence[Change]) -> Rename:
        """The rename back, with the changes that restore its record."""
        return replace(self, changes=tuple(changes))

    @property
    def quota_change(self) -> tuple[int, int]:
        """Same as `quota`."""
        return self.quota or (0, 0)

    def uncounted(self) -> Rename:
        """A copy without `quota`."""
        return replace(self, quota=None)

    # Plans

    @property
    def came_from(self) -> bytes | None:
        """Its source."""
        return self.source

    @property
    def puts_away(self) -> bool:
        """Whether its target is in the quarantine."""
        return isinstance(self.target, QuarantinePath)

    def shell(self, words: ShellWords) -> Iterator[str]:
        """A `mv -n` command; for the quarantine, its directory is made first."""
        for one in self.conditions:
            yield from one.shell(words)
        if self.puts_away:
            yield words.call("room", words.path(parent_of(self.target)))
        yield f"mv -n -- {words.path(self.source)} {words.path(self.target)}"
