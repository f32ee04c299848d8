"""Variables of Dovecot in paths: filled in, and read back."""

from __future__ import annotations

import pytest

from mailsurgeon.maildir.config.dovecot_config_vars import (
    fill,
    match_template,
    parse_template,
    user_of,
)

JOE = {"user": "Joe@Example.org", "username": "Joe", "domain": "Example.org", "home": "/home/joe"}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/srv/%d/%n", "/srv/Example.org/Joe"),
        ("/srv/%Ld/%1Ln/%Ln", "/srv/example.org/j/joe"),
        ("/srv/%1.2n/%u", "/srv/oe/Joe@Example.org"),
        ("/srv/%U{username}/100%%", "/srv/JOE/100%"),
        ("/srv/%{user | domain | lower}/%{user|username}", "/srv/example.org/Joe"),
        ("/srv/%{user | username | substr(0, 1)}/%Ru", "/srv/J/gro.elpmaxE@eoJ"),
        ("~/Maildir", "/home/joe/Maildir"),
        ("%h/Maildir", "/home/joe/Maildir"),
        ("%{home}", "/home/joe"),
        ("/srv/%2.256Nu/%n", None),
        ("/srv/%{user | sha256 | hex}", None),
        ("/srv/%s", None),
    ],
)
def test_variables_are_filled_in(template: str, path: str | None) -> None:
    assert fill(parse_template(template), JOE, {}) == path


@pytest.mark.parametrize(
    ("template", "path", "user"),
    [
        ("/srv/%d/%n/mail", "/srv/example.org/joe/mail", "joe@example.org"),
        ("/srv/%u", "/srv/joe@example.org", "joe@example.org"),
        ("/srv/%d/%1n/%n", "/srv/example.org/j/joe", "joe@example.org"),
        ("/srv/%2.256Nu/%u", "/srv/ff/joe", "joe"),
        ("/srv/%{user|domain}/%{user|username}", "/srv/example.org/joe", "joe@example.org"),
        ("/srv/%n", "/srv/joe", None),  # whose domain is not known
    ],
)
def test_a_user_is_read_from_a_path(template: str, path: str, user: str | None) -> None:
    parsed = parse_template(template)
    seen = match_template(parsed, path)
    assert seen is not None
    found = user_of(parsed, seen)
    assert found is not None
    assert found.get("user") == user
    assert found["username"] == "joe"


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/srv/%d/%n", "/srv/joe"),
        ("/srv/%n/%n", "/srv/joe/jim"),
        ("/srv/%n", "/srv/joe/below"),
        ("/srv/x+y/%n", "/srv/xxy/joe"),
    ],
)
def test_a_path_of_another_form_is_none_of_these(template: str, path: str) -> None:
    assert match_template(parse_template(template), path) is None


def test_a_path_that_contradicts_itself_is_nobodys() -> None:
    parsed = parse_template("/srv/%1n/%n")
    seen = match_template(parsed, "/srv/j/anna")
    assert seen is not None
    assert user_of(parsed, seen) is None


def test_what_is_not_known_is_taken_from_the_path() -> None:
    parsed = parse_template("/srv/%2.256Nu/%u")
    seen = match_template(parsed, "/srv/ff/joe")
    assert seen is not None
    assert fill(parse_template("/control/%2.256Nu/%u"), {"user": "joe"}, seen) == "/control/ff/joe"
