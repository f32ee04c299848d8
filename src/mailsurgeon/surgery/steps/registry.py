"""One step, done: looked at again, done without replacing anything, looked at afterwards."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import replace

from mailsurgeon.maildir.lists.uidlist import UidlistError, drop_lines, restore_lines
from mailsurgeon.surgery.fsops import as_owner, at
from mailsurgeon.surgery.fsops.failures import StepRefused, telling
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.model import Expected, Step, StepKind
from mailsurgeon.surgery.servers.folder_names import Occupants, folder_around
from mailsurgeon.surgery.servers.locked_folder import LockedFolders
from mailsurgeon.surgery.servers.uid_changes import as_text, from_text
from mailsurgeon.surgery.steps.keywords import inverse_keywords, perform_keywords
from mailsurgeon.text import visible


def perform(places: Places, folders: LockedFolders, step: Step) -> None:
    """Does one step (not `uidlist`, which is done for a whole folder at once), with the rights of
    the spool's owner.

    Raises StepRefused when it cannot be done, nothing having changed, or HardError.
    """
    with as_owner.files_as_owner(places.owner):
        enact(places, folders, step)


def enact(places: Places, folders: LockedFolders, step: Step) -> None:
    """The same for who acts with these rights already."""
    one = _ACTS.get(step.action)
    if one is None:
        raise StepRefused(f"a step of the kind '{step.action}' is not known here")
    try:
        one(places, folders, step)
    except OSError as error:
        path = step.source or step.target or step.folder or b"INBOX"
        raise telling(error, path) from error


def _rename(places: Places, folders: LockedFolders, step: Step) -> None:
    assert step.source is not None and step.target is not None
    left, came = step.source.rpartition(b"/")[0], step.target.rpartition(b"/")[0]
    ours, theirs = _occupants(folders, left), _occupants(folders, came)
    source_dir, source = _locate_source(places, step.source, step.expected)
    target_dir, target = _locate_target(places, step.target)
    if theirs and not step.data.get("may_share"):  # back where it stood beside its namesake before
        _check_base_is_free(theirs, step.target, step.source)
    try:
        at.rename_no_replace(source_dir, source, target_dir, target)
    except FileExistsError:
        raise StepRefused(f"{visible(step.target)} is there already") from None
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise StepRefused("it is gone") from None
        raise
    expected = step.expected
    if expected and not at.same_inode(at.look(target_dir, target), expected):
        at.rename_no_replace(target_dir, target, source_dir, source)
        raise StepRefused("another file has taken its place")
    if ours:
        ours.left(left, source)
    if theirs:
        theirs.came(came, target)


def _occupants(folders: LockedFolders, directory: bytes) -> Occupants | None:
    """Who is in the folder that has this cur or new, where its lock is ours."""
    folder = folder_around(directory)
    around = folders.get(folder) if folder is not None else None
    return around.occupants if around else None


def _locate_source(places: Places, path: bytes, expected: Expected | None) -> tuple[int, bytes]:
    try:
        directory, name = places.locate(path)
    except (FileNotFoundError, NotADirectoryError):
        raise StepRefused("it is gone") from None
    status = at.look(directory, name)
    reason = at.difference(status, expected) if expected else ""
    if status is None or reason:
        raise StepRefused(reason or "it is gone")
    return directory, name


def _locate_target(places: Places, path: bytes) -> tuple[int, bytes]:
    try:
        return places.locate(path, make_parents=True)
    except (FileNotFoundError, NotADirectoryError):
        where = visible(os.path.dirname(path))
        raise StepRefused(f"the directory {where} is missing") from None


def _check_base_is_free(occupants: Occupants, path: bytes, besides: bytes) -> None:
    """Two files of one base name in a folder: a server would overwrite one by the other."""
    other = occupants.namesake(path, besides)
    if other is not None:
        raise StepRefused(f"its base name is taken by {visible(other)}")


def _mkdir(places: Places, _folders: LockedFolders, step: Step) -> None:
    path = directory_of(step)
    parent, name = places.locate(path)
    try:
        at.make_directory(parent, name, int(step.data.get("mode", 0o700)), owner_of(step))
    except FileExistsError:
        raise StepRefused("it is there already") from None


def _rmdir(places: Places, _folders: LockedFolders, step: Step) -> None:
    parent, name = places.locate(directory_of(step))
    try:
        os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        raise StepRefused("it is gone") from None
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise StepRefused("it is no longer empty") from None
        raise


def directory_of(step: Step) -> bytes:
    """The directory that a mkdir or rmdir step is about."""
    path = step.target if step.action is StepKind.MKDIR else step.source
    path = path or step.source or step.target
    assert path is not None
    return path


def owner_of(step: Step) -> tuple[int, int] | None:
    """The owner and group a directory is to have."""
    if "uid" in step.data and "gid" in step.data:
        return int(step.data["uid"]), int(step.data["gid"])
    return None


def _on_itself(
    places: Places, step: Step, act: Callable[[bytes, os.stat_result], None], *, alone: bool
) -> None:
    """Acts on what `source` is, held open, so that nothing can be put in its place."""
    assert step.source is not None
    if step.source:
        parent, name = places.locate(step.source)
    else:
        parent, name = places.directories.root, b"."
    try:
        with at.held(parent, name) as (handle, status):
            reason = at.difference(status, step.expected) if step.expected else ""
            if reason:
                raise StepRefused(reason)
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
                raise StepRefused("it is no plain file and no directory")
            # A second name of somebody else's file may be a trap: what is changed is then his.
            alone = alone or status.st_uid != places.owner[0]
            if alone and stat.S_ISREG(status.st_mode) and status.st_nlink != 1:
                raise StepRefused("the file has other names (hard links) that would change too")
            with as_owner.files_as_root():  # the thing itself is held, whatever it belongs to
                act(at.through(handle), status)
                at.sync_itself(handle, step.source)
    except FileNotFoundError:
        raise StepRefused("it is gone") from None


def _chmod(places: Places, _folders: LockedFolders, step: Step) -> None:
    def change(path: bytes, status: os.stat_result) -> None:
        if stat.S_IMODE(status.st_mode) != int(step.data["before"]):
            raise StepRefused("its mode has changed")
        os.chmod(path, int(step.data["after"]))

    _on_itself(places, step, change, alone=True)


def _chown(places: Places, _folders: LockedFolders, step: Step) -> None:
    def change(path: bytes, status: os.stat_result) -> None:
        if [status.st_uid, status.st_gid] != list(step.data["before"]):
            raise StepRefused("its owner has changed")
        uid, gid = step.data["after"]
        os.chown(path, int(uid), int(gid))

    _on_itself(places, step, change, alone=True)


def _utime(places: Places, _folders: LockedFolders, step: Step) -> None:
    def change(path: bytes, status: os.stat_result) -> None:
        if status.st_mtime_ns != int(step.data["before"]):
            raise StepRefused("its time has changed")
        os.utime(path, ns=(status.st_atime_ns, int(step.data["after"])))
        # A time that the file system cannot hold is silently another (ext4: 1901 to 2446).
        if os.stat(path).st_mtime_ns != int(step.data["after"]):
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
            raise StepRefused("the file system cannot hold that time")

    _on_itself(places, step, change, alone=False)


def _lines(_places: Places, folders: LockedFolders, step: Step) -> None:
    """Takes lines out of a uidlist, or puts them back; all that server wrote since stays."""
    assert step.folder is not None
    lines = [(int(number), os.fsencode(text)) for number, text in step.data.get("drop", ())]
    back = [(int(number), os.fsencode(text)) for number, text in step.data.get("restore", ())]
    one = folders[step.folder].uidlist(os.fsencode(step.data["name"]))
    try:
        new = drop_lines(one.data, lines)
    except UidlistError as error:
        raise StepRefused(str(error)) from error
    one.rewrite(restore_lines(new, back, torn=bool(step.data.get("torn"))))


_ACTS: dict[StepKind, Callable[[Places, LockedFolders, Step], None]] = {
    StepKind.RENAME: _rename,
    StepKind.MKDIR: _mkdir,
    StepKind.RMDIR: _rmdir,
    StepKind.CHMOD: _chmod,
    StepKind.CHOWN: _chown,
    StepKind.UTIME: _utime,
    StepKind.UIDLIST_LINES: _lines,
    StepKind.KEYWORDS: perform_keywords,
}


def inverse(step: Step) -> Step:
    """The step that takes this one back. `uidlist` steps carry their record changes."""
    data = dict(step.data)
    match step.action:
        case StepKind.RENAME:
            data["may_share"] = data.pop("shared", False)
            if "quota" in data:
                data["quota"] = [-number for number in data["quota"]]
            return Step(
                step.action, step.target, step.source, step.expected,
                step.target_folder, step.folder, data,
            )  # fmt: skip
        case StepKind.MKDIR:
            return Step(StepKind.RMDIR, directory_of(step), None, None, step.folder, None, data)
        case StepKind.RMDIR:
            return Step(StepKind.MKDIR, None, directory_of(step), None, step.folder, None, data)
        case StepKind.CHMOD | StepKind.CHOWN | StepKind.UTIME:
            data["before"], data["after"] = step.data["after"], step.data["before"]
            expected = step.expected
            if step.action is StepKind.UTIME and expected:
                expected = Expected(
                    expected.device, expected.inode, expected.size, int(step.data["after"])
                )
            return Step(
                step.action, step.source, None, expected, step.folder, step.target_folder, data
            )
        case StepKind.KEYWORDS:
            return inverse_keywords(step)
        case StepKind.UIDLIST_LINES:
            data["drop"], data["restore"] = data.get("restore", []), data.get("drop", [])
            return replace(step, data=data)
        case StepKind.UIDLIST:
            data.pop("records", None)
            changes = from_text(step.data.get("changes", ()))
            data["changes"] = as_text(change.back for change in changes)
            return Step(
                step.action, step.source, step.target, None, step.folder, step.target_folder, data
            )
        case _:
            raise StepRefused(f"a step of the kind '{step.action}' cannot be taken back")
