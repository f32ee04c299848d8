"""Names by which no server opens a folder, links in their place, and modes that differ."""

from __future__ import annotations

import os

from ..spool import Build
from ..truth import Planted, expected, text
from .registry import Sow, family, plant

# bad-folder-name


def _path(pattern: str, number: int) -> bytes:
    return pattern.replace("N", str(number)).encode("utf-8", "surrogateescape")


def _named(styles: str, name: str, becomes: str, *, taken: bool = False) -> Sow:
    """A folder of this name, in these styles; `N` stands for a number. `taken`: its right name is
    another's."""

    def sow(build: Build) -> Planted:
        if build.style.name not in styles.split():
            return []
        number = build.number()
        dot = "" if build.style.layout == "fs" else "."
        path, right = _path(dot + name, number), _path(dot + becomes, number)
        build.add_folder(path, f"Odd{number}", build.style, mails=2, private=True)
        if taken:
            build.add_folder(right, f"Right{number}", build.style, mails=1, private=True)
        remedy = None if taken else "rename-folder"
        return [expected("bad-folder-name", path, "error", remedy, becomes=text(right))]

    return sow


_DOTTED = "dovecot courier plain"
_EMPTY = {
    "empty_first": (_DOTTED, ".SpamN", "SpamN"),
    "empty_last": (_DOTTED, "TrailingN.", "TrailingN"),
    "empty_middle": (_DOTTED, "xN..y", "xN.y"),
}
# Courier keeps names in UTF-8, and programs that are no servers open any name.
_UTF7 = "dovecot dovecot-fs plain"
_SPELLED = {
    "raw_utf8": (_UTF7, "GrüßeN", "Gr&APwA3w-eN"),
    "bare_ampersand": (_UTF7, "R&DN", "R&-DN"),
    "shifted_letter": (_UTF7, "&AEE-N", "AN"),
    "not_decoding": (_UTF7, "a&QQN", "a&-QQN"),
}
_CASES = (_EMPTY | _SPELLED).items()
family({f"folder_names.{kind}": _named(*case) for kind, case in _CASES})
family({f"folder_names.{kind}_taken": _named(*case, taken=True) for kind, case in _CASES})


@plant()
def beside_inbox(build: Build) -> Planted:
    """The root is INBOX, whatever else bears the name: what is to be merged gets no remedy."""
    if build.style.name != "dovecot":
        return []
    found = []
    for path in (b".INBOX", b".Inbox"):
        build.add_folder(path, text(path), build.style, mails=1, private=True)
        found.append(expected("bad-folder-name", path, "error", None))
    return found


# Links that are listed as folders


def _link(target: bytes, told: bool) -> Sow:
    def sow(build: Build) -> Planted:
        if build.style.layout != "maildir++":
            return []
        path = b".Link%d" % build.number()
        os.symlink(target, build.full(path))
        return [expected("linked", path, "warning", "quarantine", kind="symlink")] * told

    return sow


family(
    {
        "folder_names.link_to_nowhere": _link(b"gone", True),
        "folder_names.link_to_file": _link(b"/dev/null", True),
        "folder_names.link_to_maildir": _link(b".", False),
    }
)


# Modes


def _wider(mode: int, *parts: bytes, wrong: bool) -> Sow:
    """A folder whose own directory has another mode than those of most: it cannot be renamed below
    them."""

    def sow(build: Build) -> Planted:
        folder = build.new_folder(private=True)
        paths = [folder.at(part) for part in parts if part] + [folder.path] * (b"" in parts)
        found = []
        for path in paths:
            os.chmod(build.full(path), mode)
            found.append(
                expected(
                    "bad-permissions", path, "warning", "fix-permissions",
                    mode=f"{mode:04o}", should_be=lambda found: found["mode"] == "0700",
                )
            )  # fmt: skip
        return found if wrong else []

    return sow


family(
    {
        "folder_names.mode_755": _wider(0o755, b"", wrong=True),
        "folder_names.mode_770_all": _wider(0o770, b"", b"cur", b"new", b"tmp", wrong=True),
        "folder_names.mode_755_of_cur": _wider(0o755, b"cur", wrong=False),
    }
)
