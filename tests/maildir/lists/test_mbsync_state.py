"""What mbsync remembers of a folder's messages."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.lists.mbsync_state import parse_sync_state

STATE = b"""\
FarUidValidity 1795318730
NearUidValidity 1795318753
MaxPulledUid 900
MaxPushedUid 6

1 1 S
812 2 FS
0 4 <S
900 6 FS
"""


@pytest.mark.parametrize(
    ("uid", "forgot"), [(1, False), (2, False), (3, True), (4, False), (5, True), (6, False)]
)
def test_a_uid_that_is_paired_no_more_is_forgotten(uid: int, forgot: bool) -> None:
    state = parse_sync_state(STATE)
    assert state is not None
    assert state.forgot(uid) is forgot


def test_a_uid_it_has_not_looked_at_yet_is_not_forgotten() -> None:
    state = parse_sync_state(STATE)
    assert state is not None
    assert state.pushed == 6
    assert not state.forgot(7)
    assert not state.forgot(900)


@pytest.mark.parametrize("data", [b"", b"\n\n1 1 S\n", b"MaxPushedUid many\n\n", b"\x00" * 40])
def test_what_is_no_state_says_nothing(data: bytes) -> None:
    assert parse_sync_state(data) is None


def test_a_folder_that_was_empty_has_forgotten_none_of_the_uids_to_come() -> None:
    state = parse_sync_state(STATE.partition(b"\n\n")[0].replace(b"Uid 6", b"Uid 0") + b"\n\n")
    assert state is not None
    assert not state.forgot(1)
