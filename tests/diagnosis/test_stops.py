"""Which problems stop servers and syncs: what the catalogue says of them in its fields agrees."""

from __future__ import annotations

import pytest

from mailsurgeon.diagnosis.catalogue import CATALOGUE
from mailsurgeon.diagnosis.explanations import EXPLANATIONS
from mailsurgeon.diagnosis.stops import NOWHERE, READERS_MAY_STOP, SYNC_STOPS
from tests.diagnosis.test_message_rules import codes, message

ALONGSIDE = {"truncated": "size-mismatch"}
"""What makes programs stop at a message with the former is the latter, which it has as well."""


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.code)
def test_what_the_catalogue_says_in_words_it_says_in_its_field(kind: object) -> None:
    from mailsurgeon.diagnosis.catalogue import ProblemKind

    assert isinstance(kind, ProblemKind)
    told = f"{kind.sentence} {EXPLANATIONS[kind.code].servers}"
    if "stops" in told or "refuses to sync" in told:
        assert kind.stops.any or kind.code in ALONGSIDE
    if kind.server.must_complain:
        assert kind.stops.server and kind.stops.surely
    if kind.server.upsets_folder or kind.may_be_open:
        assert kind.stops.any
    if kind.shares_synced_uid:
        assert kind.stops == SYNC_STOPS


def test_only_what_is_read_through_a_server_stops_a_sync_through_it() -> None:
    for kind in CATALOGUE.values():
        assert kind.stops.surely <= kind.stops.any
        assert kind.stops.reading <= kind.stops.server


def test_a_truncated_message_has_a_wrong_size_as_well() -> None:
    """So that its own entry need not say that programs stop at it."""
    cut = message(b"1300000000.M1.host,S=900:2,", b"From: a@example.org\nSubj")
    assert set(ALONGSIDE) | set(ALONGSIDE.values()) <= codes(cut)


@pytest.mark.parametrize(
    ("info", "stops"), [("2,S", READERS_MAY_STOP), (":2,SR", NOWHERE), (";2,S", NOWHERE)]
)
def test_a_lost_colon_spoils_the_size_that_servers_read(info: str, stops: object) -> None:
    assert CATALOGUE["bad-flags"].stops_at({"info": info}) == stops
