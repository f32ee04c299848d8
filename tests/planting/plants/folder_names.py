"""Names by which no server opens a folder, links in their place, and modes that differ."""

from __future__ import annotations

import os

from ..spool import Build
from ..truth import Planted, expected, text
from .registry import Plant, Sow, family, plant, register

# bad-folder-name


def _path(pattern: str, number: int) -> bytes:
    return pattern.replace("N", str(number)).encode("utf-8", "surrogateescape")


def _named(name: str, becomes: str, *, taken: bool = False) -> Sow:
    """A folder of this name; `N` stands for a number. `taken`: its right name is another's."""

    def sow(build: Build) -> Planted:
        number = build.number()
        path, right = _path(name, number), _path(becomes, number)
        build.add_folder(path, f"Odd{number}", build.style, mails=2, private=True)
        if taken:
            build.add_folder(right, f"Right{number}", build.style, mails=1, private=True)
        remedy = None if taken else "rename-folder"
        return [expected("bad-folder-name", path, "error", remedy, becomes=text(right))]

    return sow


_EMPTY = {
    "empty_first": ("..SpamN", ".SpamN"),
    "empty_last": (".TrailingN.", ".TrailingN"),
    "empty_middle": (".xN..y", ".xN.y"),
}
_SPELLED = {
    "raw_utf8": ("GrüßeN", "Gr&APwA3w-eN"),
    "bare_ampersand": ("R&DN", "R&-DN"),
    "shifted_letter": ("&AEE-N", "AN"),
    "not_decoding": ("a&QQN", "a&-QQN"),
}
for _kind, _case in _EMPTY.items():
    register(Plant(f"folder_names.{_kind}", _named(*_case), layout="maildir++"))
    register(Plant(f"folder_names.{_kind}_taken", _named(*_case, taken=True), layout="maildir++"))
for _kind, (_name, _right) in _SPELLED.items():
    # Courier keeps names in UTF-8, and other programs open any name.
    for _style, _dot in (("dovecot", "."), ("dovecot-fs", ""), ("plain", ".")):
        _variant = f"folder_names.{_kind}_{_style}"
        register(Plant(_variant, _named(_dot + _name, _dot + _right), style=_style))


@plant(style="dovecot")
def beside_inbox(build: Build) -> Planted:
    """The root is INBOX, whatever else bears the name: what is to be merged gets no remedy."""
    found = []
    for path in (b".INBOX", b".Inbox"):
        build.add_folder(path, text(path), build.style, mails=1, private=True)
        found.append(expected("bad-folder-name", path, "error", None))
    return found


# Links that are listed as folders


def _link(target: bytes, told: bool) -> Sow:
    def sow(build: Build) -> Planted:
        path = b".Link%d" % build.number()
        os.symlink(target, build.full(path))
        return [expected("linked", path, "warning", "quarantine", kind="symlink")] * told

    return sow


for _kind, _target in {"nowhere": b"gone", "itself": b".", "file": b"/dev/null"}.items():
    _told = _target != b"."
    register(Plant(f"folder_names.link_to_{_kind}", _link(_target, _told), layout="maildir++"))


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
