"""The boundary of a multipart, wherever it stands among the parameters."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.boundary import boundary_of


@pytest.mark.parametrize(
    ("parameters", "boundary"),
    [
        (b"; boundary=b", b"b"),
        (b';boundary="b;c"', b"b;c"),
        (b'; x="; boundary=no"; boundary=b', b"b"),
        (b'; x="\\"; boundary=no"; boundary=b', b"b"),
        (b"; boundary=b; boundary=no", b"b"),
        (b"; a-boundary=no; boundary=b", b"b"),
        (b"; damaged; boundary=b", b"b"),
        (b"; boundary*=us-ascii'en'a%20b", b"a b"),
        (b"; boundary*0=one; boundary*1=two", b"onetwo"),
        (b'; boundary*1="two"; BOUNDARY*0="one "', b"one two"),
        (b"; boundary*0*=us-ascii''a%20; boundary*1*=b'%20; boundary*2=c%20", b"a b' c%20"),
        (b"; boundary*0=no; boundary=b", b"b"),
        (b"; boundary*1=two", None),
        (b"; boundary=", None),
        (b'; boundary="not closed', None),
        (b"; boundary=" + b"b" * 1001, None),
        (b"", None),
    ],
)
def test_the_boundary_among_the_parameters(parameters: bytes, boundary: bytes | None) -> None:
    assert boundary_of(b"multipart/mixed" + parameters) == boundary
    assert boundary_of(b"\n MULTIPART/Mixed" + parameters) == boundary
    assert boundary_of(b"text/plain" + parameters) is None


def test_without_a_content_type_there_is_none() -> None:
    assert boundary_of(None) is None
