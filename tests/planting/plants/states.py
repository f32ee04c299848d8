"""The files in which servers keep keywords and quotas, and mbsync its state."""

from __future__ import annotations

import os

from ..spool import Build, Style
from ..truth import Planted, expected
from .registry import Sow, family

# keywords-damaged


def _keywords(names: bytes, damaged: bool) -> Sow:
    def sow(build: Build) -> Planted:
        path = build.new_folder(private=True).at(b"dovecot-keywords")
        build.write(path, names)
        return [expected("keywords-damaged", path, "warning", "fix-keywords")] * damaged

    return sow


family(
    {
        "states.keywords_good": _keywords(b"0 $Junk\n25 work\n", False),
        "states.keywords_unordered": _keywords(b"3 $Junk\n1 work\n", False),
        "states.keywords_none": _keywords(b"", False),
        "states.keywords_above_25": _keywords(b"0 $Junk\n26 work\n", True),
        "states.keywords_same_number": _keywords(b"0 $Junk\n0 work\n", True),
        "states.keywords_same_name": _keywords(b"0 work\n1 work\n", True),
        "states.keywords_empty_name": _keywords(b"0 work\n1 \n", True),
        "states.keywords_empty_line": _keywords(b"0 work\n\n1 $Junk\n", True),
        "states.keywords_of_nuls": _keywords(bytes(64), True),
        "states.keywords_with_nul": _keywords(b"0 wo\0rk\n1 $Junk\n", True),
        "states.keywords_with_escape": _keywords(b"0 work\n1 \x1b[31mred\n", True),
        "states.keywords_words": _keywords(b"0 work\nwork\n", True),
    }
)


# unknown-keyword: which letters have no name is told for every folder of Dovecot's


def _lettered(names: bytes | None, letters: bytes) -> Sow:
    """A folder of Dovecot's with these names and a message with these letters."""

    def sow(build: Build) -> Planted:
        folder = build.new_folder(private=True)
        if names is None:
            build.write(folder.at(b"dovecot-uidlist"), b"3 V1300000000 N1 G%032x\n" % 1)
        else:
            build.write(folder.at(b"dovecot-keywords"), names)
        draft = build.draft(folder)
        draft.info = b":2,S" + letters
        build.put(draft)
        return []

    return sow


family(
    {
        "states.letter_without_names": _lettered(None, b"a"),
        "states.letter_without_name": _lettered(b"0 $Junk\n", b"ab"),
        "states.letter_of_a_lost_name": _lettered(b"0 $Junk\n1 unknown-1\n", b"b"),
        "states.letters_with_names": _lettered(b"0 $Junk\n25 work\n", b"az"),
    }
)


# wrong-quota


def _quota(name: bytes, content: bytes, *, summed: bool = False) -> Sow:
    """In the root; one file for all that may be wrong with it. `summed`: its sum is off, which
    nobody knows where a server may count what was not examined."""

    def sow(build: Build) -> Planted:
        if not build.style.inbox or os.path.exists(build.full(name)):
            return []
        build.write(name, content)
        wrong = expected("wrong-quota", name, "warning", "quarantine")
        return lambda: [wrong] * (not summed or not build.strange_maildirs)

    return sow


family(
    {
        "states.quota_mark_in_root": _quota(b"maildirfolder", b""),
        "states.quota_far_off": _quota(
            b"maildirsize", b"9000000000000000S\n77777777777777 9\n", summed=True
        ),
        "states.quota_of_words": _quota(b"maildirsize", b"10000000S\nhello\n"),
        "states.quota_of_nuls": _quota(b"maildirsize", bytes(40)),
    }
)


# sync-state-damaged


def _sync_state(name: bytes, content: bytes, damaged: bool) -> Sow:
    def sow(build: Build) -> Planted:
        label = b"Synced%d" % build.number()
        path = label if build.style.layout == "fs" else b"." + label
        style = Style("mbsync", build.style.layout, uids=True)
        folder = build.add_folder(path, label.decode(), style, mails=2, private=True)
        path = build.write(folder.at(name), content)
        return [expected("sync-state-damaged", path, "error", None)] * damaged

    return sow


_STATE = b"FarUidValidity 1\nNearUidValidity 1300000001\nMaxPulledUid 3\n\n1 1 S\n"
family(
    {
        "states.uidvalidity_empty": _sync_state(b".uidvalidity", b"", True),
        "states.uidvalidity_of_nuls": _sync_state(b".uidvalidity", bytes(14), True),
        "states.uidvalidity_of_words": _sync_state(b".uidvalidity", b"hello\n", True),
        "states.uidvalidity_one_number": _sync_state(b".uidvalidity", b"1300000001\n", True),
        "states.mbsync_good": _sync_state(b".mbsyncstate", _STATE, False),
        "states.mbsync_empty": _sync_state(b".mbsyncstate", b"", True),
        "states.mbsync_of_nuls": _sync_state(b".mbsyncstate", bytes(4096), True),
        "states.mbsync_nuls_at_the_end": _sync_state(b".mbsyncstate", _STATE + bytes(64), True),
    }
)
