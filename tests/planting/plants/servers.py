"""Modes, owners, and the servers' own files: uidlists, locks, caches."""

from __future__ import annotations

import os
import socket

from ..spool import Build
from ..truth import Planted, expected, near
from .registry import Sow, family, plant

# bad-permissions


def _mode(kind: str, mode: int, wrong: bool) -> Sow:
    def sow(build: Build) -> Planted:
        folder = build.new_folder(private=True)
        path = folder.path
        if kind == "message":
            draft = build.draft(folder)
            draft.mode = mode
            path = build.put(draft)
        elif kind == "misfiled":
            draft = build.draft(folder, place=b"")
            draft.mode = mode
            path = build.put(draft)
        elif kind == "server":
            path = folder.at(b"dovecot-keywords")
            build.write(path, b"0 work\n", mode=mode)
        else:
            path = folder.at(*([kind.encode()] if kind != "folder" else []))
            os.chmod(build.full(path), mode)
        detail = {"where": "folder-root", "target": folder.name}
        stray = [expected("misfiled", path, "error", "file", **detail)] * (kind == "misfiled")
        told = [expected("bad-permissions", path, "warning", "fix-permissions")] * wrong
        if kind == "message" and not mode & 0o400 and os.geteuid() != 0:
            told.append(expected("unreadable", path, "error", "fix-permissions"))
        return [*stray, *told]

    return sow


family(
    {
        "servers.mode_message_666": _mode("message", 0o666, True),
        "servers.mode_message_200": _mode("message", 0o200, True),
        "servers.mode_message_000": _mode("message", 0o000, True),
        "servers.mode_message_400": _mode("message", 0o400, False),
        "servers.mode_message_664": _mode("message", 0o664, False),
        "servers.mode_misfiled_666": _mode("misfiled", 0o666, True),
        "servers.mode_server_646": _mode("server", 0o646, True),
        "servers.mode_server_660": _mode("server", 0o660, False),
        "servers.mode_folder_777": _mode("folder", 0o777, True),
        "servers.mode_cur_707": _mode("cur", 0o707, True),
        "servers.mode_new_500": _mode("new", 0o500, True),
        "servers.mode_tmp_1777": _mode("tmp", 0o1777, True),
        "servers.mode_cur_600": _mode("cur", 0o600, True),
        "servers.mode_tmp_2770": _mode("tmp", 0o2770, False),
    }
)


def _owner(what: str, uid: int, gid: int) -> Sow:
    """Reported only if the rest has an owner other than root; only root can plant it."""

    def sow(build: Build) -> Planted:
        folder = build.new_folder(private=True)
        path = {"folder": folder.path, "cur": folder.at(b"cur")}.get(what, b"")
        if what == "server":
            path = build.write(folder.at(b"dovecot.index.log"), b"\1\2\n")
        if what == "message":
            path = build.put(build.draft(folder))
        build.owners[path] = (uid, gid)
        if build.owner is None or (uid, gid) == build.owner:
            return []
        return [expected("bad-permissions", path, "warning", "fix-permissions")]

    return sow


family(
    {
        f"servers.owner_{what}_{uid}_{gid}": _owner(what, uid, gid)
        for what in ("message", "folder", "cur", "server")
        for uid, gid in ((1000, 1000), (1001, 1000), (1000, 1001), (0, 0))
    }
)


# uidlist-damaged and big-uid

_V3 = b"3 V1300000000 N50 G00000000000000000000000000000001\n"
_V1 = b"1 1300000000 50\n"


def _uidlist(
    content: bytes, damaged: bool, *, header: bool = False, name: bytes = b"dovecot-uidlist",
    big: int = 0,
) -> Sow:  # fmt: skip
    def sow(build: Build) -> Planted:
        folder = build.new_folder(mails=1, private=True)
        path = build.write(folder.at(name), content)
        remedy = None if header else "fix-uidlist"
        found = [expected("uidlist-damaged", path, "error", remedy)] * damaged
        if big:
            found = [*found, expected("big-uid", path, "warning", None, highest=big)]
        return found

    return sow


_GOOD = b"1 :1.M1.host\n2 S5 W6 :2.M2.host\n"
_COURIER = b"courierimapuiddb"
family(
    {
        "servers.uid_zero": _uidlist(_V3 + b"0 :0.M0.host\n" + _GOOD, True),
        "servers.uid_repeated": _uidlist(_V3 + _GOOD + b"2 :3.M3.host\n", True),
        "servers.uid_out_of_order": _uidlist(_V3 + _GOOD + b"9 :9.M.h\n4 :4.M.h\n", True),
        # Dovecot counts in 32 bits: the one is 0, the other 1215752191, which it keeps.
        "servers.uid_zero_in_32_bits": _uidlist(_V3 + _GOOD + b"4294967296 :9.M.h\n", True),
        "servers.uid_too_long": _uidlist(_V3 + _GOOD + b"99999999999 :9.M.h\n", False),
        "servers.uid_none": _uidlist(_V3 + _GOOD + b":9.M.h\n", True),
        "servers.uid_words": _uidlist(_V3 + b"one :0.M0.host\n" + _GOOD, True),
        "servers.uid_negative": _uidlist(_V3 + b"-1 :0.M0.host\n" + _GOOD, True),
        "servers.no_colon": _uidlist(_V3 + _GOOD + b"9 9.M9.host\n", True),
        "servers.slash": _uidlist(_V3 + _GOOD + b"9 :cur/9.M9.host\n", True),
        "servers.empty_line": _uidlist(_V3 + b"1 :1.M.h\n\n2 :2.M.h\n", True),
        "servers.repeated_base": _uidlist(_V3 + _GOOD + b"9 :1.M1.host\n", True),
        "servers.no_last_newline": _uidlist(_V3 + _GOOD + b"9 :9.M9.host", True),
        "servers.header_of_nobody": _uidlist(b"7 V1 N1\n" + _GOOD, True, header=True),
        "servers.header_of_words": _uidlist(b"hello\n" + _GOOD, True, header=True),
        "servers.header_zero_validity": _uidlist(b"3 V0 N5\n" + _GOOD, True, header=True),
        "servers.header_missing": _uidlist(_GOOD, True, header=True),
        "servers.v1_out_of_order": _uidlist(_V1 + b"5 5.M.h\n4 4.M.h\n", True),
        "servers.v1_uid_zero": _uidlist(_V1 + b"0 5.M.h\n4 4.M.h\n", True),
        "servers.courier_repeated": _uidlist(_V1 + b"5 5.M.h\n6 5.M.h\n", True, name=_COURIER),
        "servers.courier_good": _uidlist(_V1 + b"5 5.M.h\n6 6.M.h\n", False, name=_COURIER),
        "servers.v3_good": _uidlist(_V3 + _GOOD, False),
        "servers.v3_no_records": _uidlist(_V3, False),
        "servers.v3_n_lags": _uidlist(b"3 V1300000000 N1\n" + _GOOD, False),
        "servers.v3_keys": _uidlist(_V3 + b"1 P O3 Gabc Zx :1.M:x\n", False),
        "servers.v3_spaced_base": _uidlist(_V3 + b"1 :a b c\n", False),
        "servers.v1_good": _uidlist(_V1 + b"5 5.M.h\n600 6.M.h\n", False),
        "servers.big_uid": _uidlist(_V3 + b"2147483648 :1.M.h\n", False, big=2**31),
        "servers.bigger_uid": _uidlist(_V3 + b"7 :1.M\n4294967294 :2.M\n", False, big=2**32 - 2),
        "servers.not_yet_big": _uidlist(_V3 + b"2147483647 :1.M.h\n", False),
        "servers.uid_highest_of_all": _uidlist(_V3 + _GOOD + b"4294967295 :9.M\n", True),
    }
)


# stale-lock and bloated-index


def _lock(content: bytes, stale: bool, pid: int = 0) -> Sow:
    def sow(build: Build) -> Planted:
        path = build.new_folder(private=True).at(b"dovecot-uidlist.lock")
        build.write(path, content, build.now - 7200)
        detail = {"pid": pid, "age_seconds": near(7200, 600)}
        return [expected("stale-lock", path, "info", "quarantine", **detail)] * stale

    return sow


_HOST = socket.gethostname().encode()
_GONE = 4_194_400  # above the kernel's largest process id
family(
    {
        "servers.lock_gone": _lock(b"%d:%s" % (_GONE, _HOST), True, _GONE),
        "servers.lock_held": _lock(b"%d:%s" % (os.getpid(), _HOST), False),
        "servers.lock_of_init": _lock(b"1:" + _HOST, False),
        "servers.lock_elsewhere": _lock(b"%d:another.example" % _GONE, False),
        "servers.lock_without_pid": _lock(b"", False),
        "servers.lock_of_words": _lock(b"hello", False),
    }
)


def _sparse(*parts: bytes, size: int, bloated: bool) -> Sow:
    def sow(build: Build) -> Planted:
        path = build.new_folder(private=True).at(*parts)
        build.write(path, b"\1\2")
        os.truncate(build.full(path), size)
        return [expected("bloated-index", path, "warning", "quarantine", bytes=size)] * bloated

    return sow


_GIB, _LIST = 2**30, 256 * 1024
family(
    {
        "servers.cache_bloated": _sparse(b"dovecot.index.cache", size=_GIB + 1, bloated=True),
        "servers.cache_large": _sparse(b"dovecot.index.cache", size=_GIB, bloated=False),
        "servers.log_large": _sparse(b"dovecot.index.log", size=_GIB + 1, bloated=False),
        "servers.keywords_bloated": _sparse(
            b"courierimapkeywords", b":list", size=_LIST + 1, bloated=True
        ),
        "servers.keywords_large": _sparse(
            b"courierimapkeywords", b":list", size=_LIST, bloated=False
        ),
    }
)


@plant()
def many_locks(build: Build) -> Planted:
    """Not every file with lock in its name is a dotlock."""
    folder = build.new_folder(private=True)
    for name in (b".mbsyncstate.lock", b"dovecot-vsize.lock"):
        build.write(folder.at(name), b"")
    return []
