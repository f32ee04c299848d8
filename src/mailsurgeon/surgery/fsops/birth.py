"""When a file or directory came to be, which no rename, restart or change of mode alters."""

from __future__ import annotations

import ctypes
import struct

_AT_FDCWD = -100
_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BTIME = 0x800
_LENGTH = 256
_MASK = struct.Struct("=I")
_BIRTH = struct.Struct("=qI")
_BIRTH_AT = 80  # offset of stx_btime in struct statx (linux/stat.h)

_statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)


def birth_of(path: bytes) -> int | None:
    """The birth time of what is at `path`, in nanoseconds since 1970; follows no symlink.

    None where the file system keeps none (NFS before 4.2, old kernels), and for what is missing.
    """
    if _statx is None:
        return None
    answer = ctypes.create_string_buffer(_LENGTH)
    if _statx(_AT_FDCWD, path, _AT_SYMLINK_NOFOLLOW, _STATX_BTIME, answer) != 0:
        return None
    if not _MASK.unpack_from(answer)[0] & _STATX_BTIME:
        return None
    seconds, nanoseconds = _BIRTH.unpack_from(answer, _BIRTH_AT)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)
