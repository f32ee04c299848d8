"""Paths in the quarantine, which their type tells from paths in the spool.

Anybody with an IMAP account can make a folder called `quarantine:1`, so no prefix can tell the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from typing_extensions import Buffer

QUARANTINE = b"quarantine:"
"""How a path in the quarantine is written: `quarantine:OPERATION/PATH-IN-THE-SPOOL`."""

_NO_NUMBER = b"@"
_HERE = b"./"


class QuarantinePath(bytes):
    """A path in the quarantine: `quarantine:OPERATION/PATH-IN-THE-SPOOL`.

    While its operation has no number yet, an `@` stands in its place.
    """

    @classmethod
    def of(cls, operation: int | None, relative: bytes) -> Self:
        """The path of what lay at `relative` in the spool; None: the operation has no number."""
        number = _NO_NUMBER if operation is None else b"%d" % operation
        return cls(QUARANTINE + number + b"/" + relative)

    def __add__(self, more: Buffer) -> QuarantinePath:
        """A longer path in the quarantine; os.path.join makes one in this way too."""
        return QuarantinePath(bytes(self) + bytes(more))

    @property
    def operation(self) -> int | None:
        """The number of the operation whose directory holds it; None if it has none yet."""
        number = self[len(QUARANTINE) :].partition(b"/")[0]
        return int(number) if number.isdigit() else None

    @property
    def relative(self) -> bytes:
        """The path below the operation's directory: the original path in the spool."""
        return self[len(QUARANTINE) :].partition(b"/")[2]

    @property
    def inside(self) -> bytes:
        """The path below the quarantine itself: `OPERATION/PATH-IN-THE-SPOOL`."""
        return self[len(QUARANTINE) :]


def numbered(path: bytes | None, operation: int) -> bytes | None:
    """The path with the operation's number, if it lies in the quarantine and has none yet."""
    if isinstance(path, QuarantinePath) and path.operation is None:
        return QuarantinePath.of(operation, path.relative)
    return path


def parent_of(path: bytes) -> bytes:
    """The directory that holds `path`, in the spool or in the quarantine."""
    if isinstance(path, QuarantinePath):
        return QuarantinePath.of(path.operation, path.relative.rpartition(b"/")[0])
    return path.rpartition(b"/")[0]


def spelled(path: bytes) -> bytes:
    """The path as the journal and reports write it.

    A path in the spool that looks like one in the quarantine gets `./` in front.
    """
    if isinstance(path, QuarantinePath):
        return bytes(path)
    return _HERE + path if path.startswith(QUARANTINE) else path


def read_path(text: bytes) -> bytes:
    """The path that `spelled` has written."""
    if text.startswith(_HERE + QUARANTINE):
        return text[len(_HERE) :]
    if text.startswith(QUARANTINE):
        path = QuarantinePath(text)
        if path.operation is not None or path.inside.startswith(_NO_NUMBER + b"/"):
            return path
    return text
