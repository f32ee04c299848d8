"""Steps of the kind `keywords`: the names of letters added to a folder, keywords carried along.

Dovecot's letters have their names in `dovecot-keywords`, in the control directory, under the lock
of its uidlist. Courier keeps keywords by base name; a message that comes from another folder gets
them in an update file of its own, as Courier itself would write it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mailsurgeon.maildir.filename import parse_info
from mailsurgeon.maildir.lists import courier_keywords, keywords
from mailsurgeon.surgery.fsops import at
from mailsurgeon.surgery.fsops.failures import StepRefused, told
from mailsurgeon.surgery.fsops.resolve import Places
from mailsurgeon.surgery.model import Step
from mailsurgeon.surgery.servers import files
from mailsurgeon.surgery.servers.dotlock import remove_own
from mailsurgeon.surgery.servers.files import Manner, ServerFile
from mailsurgeon.surgery.servers.locked_folder import LockedFolders, control_directory
from mailsurgeon.text import visible

DOVECOT = b"dovecot-keywords"
COURIER = b"courierimapkeywords"
UIDLIST = b"dovecot-uidlist"
DRAFT = b".mailsurgeon"


def perform_keywords(places: Places, folders: LockedFolders, step: Step) -> None:
    """Adds or takes away names, or carries keywords. What is done already stays as it is.

    Raises StepRefused or HardError, nothing having changed, and NotDurable.
    """
    if "carry" in step.data:
        _carry(places, step)
    elif "remove" in step.data:
        _remove(places, folders, step)
    else:
        _add(places, step)


def keywords_done(places: Places, folders: LockedFolders, step: Step) -> bool:
    """Whether the step has been done, or there was nothing to do.

    Changes nothing, but takes away what a killed run has left of a file not yet in its place.
    Raises StepRefused and HardError.
    """
    if "carry" in step.data:
        _tidy_courier(places, step)
        return _is_carried(places, step)
    with _dovecot(places, step) as file:
        remove_own(file.directory, DOVECOT + DRAFT)
        if "remove" in step.data:
            return _without(file, folders, step) == file.data
        return _with(file.data, step, file.shown) == file.data


def inverse_keywords(step: Step) -> Step:
    """The step that takes this one back."""
    data = dict(step.data)
    if "carry" in data:
        way = data["carry"]
        data["carry"] = {
            **way, "from": way["to"], "to": way["from"], "back": not way.get("back", False),
        }  # fmt: skip
        return replace(step, folder=step.target_folder, target_folder=step.folder, data=data)
    given, taken = ("add", "remove") if "add" in data else ("remove", "add")
    data[taken] = data.pop(given)
    return replace(step, data=data)


# Dovecot's letters


def _add(places: Places, step: Step) -> None:
    with _dovecot(places, step) as file:
        new = _with(file.data, step, file.shown)
        if new != file.data:
            file.replace(new, _manner(places, file.directory), DOVECOT + DRAFT)


def _remove(places: Places, folders: LockedFolders, step: Step) -> None:
    with _dovecot(places, step) as file:
        new = _without(file, folders, step)
        if new == file.data:
            return
        if not new and step.data.get("made"):
            file.remove()
        else:
            file.replace(new, _manner(places, file.directory), DOVECOT + DRAFT)


def _with(data: bytes, step: Step, shown: bytes) -> bytes:
    try:
        return keywords.add_names(data, _numbered(step.data.get("add", ())))
    except keywords.KeywordsError as error:
        raise StepRefused(f"{visible(shown)}: {error}") from error


def _without(file: ServerFile, folders: LockedFolders, step: Step) -> bytes:
    """The list without the names of the step that nobody uses.

    All stay when Dovecot has looked at the folder since they were added: a session may hold them,
    and would go on to give out a letter without writing down its name again.
    """
    uidlist = at.look(file.directory, UIDLIST)
    if uidlist and file.status and uidlist.st_ctime_ns >= file.status.st_ctime_ns:
        return file.data
    return keywords.remove_names(file.data, _unused(folders, step))


def _unused(folders: LockedFolders, step: Step) -> list[keywords.Numbered]:
    """Those of the names to be taken away whose letter no message of the folder bears."""
    assert step.folder is not None
    occupants = folders[step.folder].occupants

    def is_borne(letter: int) -> bool:
        return occupants.bears(lambda filename: letter in parse_info(filename).flags)

    names = _numbered(step.data.get("remove", ()))
    return [one for one in names if not is_borne(keywords.FIRST_LETTER + one[0])]


def _numbered(pairs: Any) -> list[keywords.Numbered]:
    return [(int(number), _bytes(name)) for number, name in pairs]


@contextmanager
def _dovecot(places: Places, step: Step) -> Generator[ServerFile]:
    """`dovecot-keywords` of the step's folder. Raises StepRefused for one not to be touched."""
    assert step.folder is not None
    with told(step.folder or b"INBOX"):
        control, shown = control_directory(places, step.folder)
    if control is None:
        raise StepRefused(f"{visible(shown)}: Dovecot's directory for the folder is missing")
    try:
        path = os.path.join(shown, DOVECOT)
        yield files.read_file(control, DOVECOT, path, places.owner[0])
    finally:
        os.close(control)


def _manner(places: Places, directory: int) -> Manner:
    """How a new file is made: like the uidlist beside it, or as the directory tells."""
    like = at.look(directory, UIDLIST)
    if like and stat.S_ISREG(like.st_mode) and like.st_uid == places.owner[0]:
        return Manner(like.st_uid, like.st_gid, stat.S_IMODE(like.st_mode))
    home = os.fstat(directory)
    return Manner(places.owner[0], home.st_gid, stat.S_IMODE(home.st_mode) & 0o666)


# Courier's keywords


def _carry(places: Places, step: Step) -> None:
    """Gives the message its keywords under its base name in the folder it goes to.

    On the way back they are mostly still there; and the update file that was written for it where
    it was is taken away.
    """
    back = bool(step.data["carry"].get("back"))
    if step.target_folder is not None and not (back and _has_them(places, step)):
        _write_update(places, step)
    if back and step.folder is not None:
        _take_update_away(places, step)


def _write_update(places: Places, step: Step) -> None:
    name, content = _bytes(step.data["carry"]["to"]), _content(step)
    with _courier(places, step.target_folder, make=True) as there:
        assert there is not None
        found = files.read_file(there, name, _shown(step.target_folder, name))
        if found.data == content:
            return
        if found.status is not None:
            raise StepRefused(f"{visible(found.shown)}: other keywords are there already")
        home = os.fstat(there)
        manner = Manner(home.st_uid, home.st_gid, stat.S_IMODE(home.st_mode) & 0o666)
        found.replace(content, manner, DRAFT)


def _is_carried(places: Places, step: Step) -> bool:
    if step.target_folder is not None and not _has_them(places, step):
        return False
    if step.folder is None or not step.data["carry"].get("back"):
        return True
    return _written(places, step) is None


def _has_them(places: Places, step: Step) -> bool:
    """Whether Courier finds these keywords for the message in the folder it goes to."""
    way = step.data["carry"]
    found = courier_keywords_of(places, step.target_folder or b"", _bytes(way["to"]))
    return set(found) == set(map(_bytes, way["names"]))


def courier_keywords_of(places: Places, folder: bytes, base: bytes) -> tuple[bytes, ...]:
    """The keywords Courier finds for a message. Raises StepRefused and HardError."""
    with _courier(places, folder) as home:
        if home is None:
            return ()
        with told(_shown(folder, b"")):
            names = [os.fsencode(name) for name in os.listdir(home)]
        updates = {
            name: files.read_file(home, name, _shown(folder, name)).data
            for name in names
            if courier_keywords.update_base(name) == base
        }
        name = courier_keywords.LIST
        listed = files.read_file(
            home, name, _shown(folder, name), limit=courier_keywords.LARGEST_COURIER_LIST
        )
        return courier_keywords.effective(listed.data, updates, base)


def _take_update_away(places: Places, step: Step) -> None:
    found = _written(places, step)
    if found is None:
        return
    with _courier(places, step.folder) as here:
        assert here is not None
        replace(found, directory=here).remove()
    _remove_made(places, step, step.folder)


def _remove_made(places: Places, step: Step, folder: bytes | None) -> None:
    """Takes away the directory that the step has made, or was to make, while it is empty."""
    if step.data["carry"].get("made"):
        path = _shown(folder, b"")
        with told(path):
            _remove_if_empty(*places.locate(path))


def _tidy_courier(places: Places, step: Step) -> None:
    back = bool(step.data["carry"].get("back"))
    for folder in (step.folder, step.target_folder):
        if folder is not None:
            with _courier(places, folder) as home:
                if home is not None:
                    remove_own(home, DRAFT)
    made_in = step.folder if back else step.target_folder
    if made_in is not None:
        _remove_made(places, step, made_in)


def _written(places: Places, step: Step) -> ServerFile | None:
    """The update file that was written where the message was, while it is as it was written."""
    name = _bytes(step.data["carry"]["from"])
    with _courier(places, step.folder) as here:
        if here is None:
            return None
        found = files.read_file(here, name, _shown(step.folder, name))
    return found if found.status is not None and found.data == _content(step) else None


def _remove_if_empty(parent: int, name: bytes) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            return  # gone, or Courier keeps something there by now
        raise
    at.sync(parent)


@contextmanager
def _courier(places: Places, folder: bytes | None, *, make: bool = False) -> Generator[int | None]:
    """A folder's directory of keywords, open; None when there is none. `make`: it is made."""
    path = _shown(folder, b"")
    with told(path):
        directory = _open_courier(*places.locate(path), make=make)
    try:
        yield directory
    finally:
        if directory is not None:
            os.close(directory)


def _open_courier(parent: int, name: bytes, *, make: bool) -> int | None:
    if at.look(parent, name) is None:
        if not make:
            return None
        home = os.fstat(parent)
        mode = stat.S_IMODE(home.st_mode) & 0o777
        at.make_directory(parent, name, mode, (home.st_uid, home.st_gid))
        at.sync(parent)
    return at.open_directory(name, parent)


def _content(step: Step) -> bytes:
    return courier_keywords.update_content(map(_bytes, step.data["carry"]["names"]))


def _shown(folder: bytes | None, name: bytes) -> bytes:
    return os.path.join(folder or b"", COURIER, name).rstrip(b"/")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
