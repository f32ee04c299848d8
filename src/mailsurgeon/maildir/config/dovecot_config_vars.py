"""Fills in Dovecot's variables in a path such as `/srv/%d/%1n/%n`, and reads them back from a path.

Pure. 2.3 (var-expand.c): `%n`, `%Ln`, `%1.2n` (offset.width, after the modifiers), `%{username}`.
2.4 (lib-var-expand): `%{user | username | substr(0, 1)}`. A variable that is not known here
(hashes, `%s`) matches any one component of a path, and is filled in only if a path has shown its
value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Values = Mapping[str, str]
"""The known values of a user: `user` (`joe@example.org`), `username`, `domain`, `home`."""

_SHORT = re.compile(r"%(?:(?:(-?\d+)\.)?(\d+))?([A-Z]*)(?:\{([^{}]*)\}|([a-zA-Z%]))")
_CALL = re.compile(r"(\w+)(?:\((.*)\))?\Z")
_NAMES = {
    "u": "user", "user": "user", "n": "username", "username": "username",
    "d": "domain", "domain": "domain", "h": "home", "home": "home",
}  # fmt: skip
_MODIFIERS = {"L": "lower", "U": "upper", "R": "reverse"}
_Filter = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable in a path; `name` is empty for a variable that is not known here."""

    text: str
    name: str = ""
    filters: tuple[str, ...] = ()
    start: int = 0
    width: int | None = None

    def value(self, values: Values) -> str | None:
        """The variable's value; None if it is unknown."""
        found = values.get(self.name)
        if found is None:
            return None
        for name in self.filters:
            found = _FILTERS[name](found)
        found = found[self.start :]
        return found if self.width is None else found[: self.width]

    @property
    def whole(self) -> str:
        """The name of the value that it gives in full, apart from upper and lower case; empty if it
        gives only a part, or another text."""
        if self.start or self.width is not None:
            return ""
        name = self.name
        for step in self.filters:
            if step in ("username", "domain"):
                name = step
            elif step != "lower":
                return ""
        return name


_FILTERS: Mapping[str, _Filter] = {
    "lower": str.lower,
    "upper": str.upper,
    "reverse": lambda text: text[::-1],
    "username": lambda text: text.partition("@")[0],
    "domain": lambda text: text.partition("@")[2],
}

Template = Sequence[str | Variable]


def parse_template(text: str) -> Template:
    """Cuts a path into its fixed parts and its variables; `~` is the home."""
    if text == "~" or text.startswith("~/"):
        text = "%h" + text[1:]
    parts: list[str | Variable] = []
    end = 0
    for match in _SHORT.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        end = match.end()
        parts.append("%" if match[5] == "%" else _variable(match))
    if end < len(text):
        parts.append(text[end:])
    return parts


def _variable(match: re.Match[str]) -> Variable:
    offset, width, modifiers, long, short = match.groups()
    unknown = Variable(match[0])
    if long is not None and "|" in long:
        return _pipeline(match[0], long) if not modifiers else unknown
    name = _NAMES.get((long or short or "").strip())
    if name is None or not set(modifiers) <= _MODIFIERS.keys() or (offset or "").startswith("-"):
        return unknown
    filters = tuple(_MODIFIERS[letter] for letter in modifiers)
    cut = int(width) if width and int(width) else None
    return Variable(match[0], name, filters, int(offset or 0), cut)


def _pipeline(text: str, long: str) -> Variable:
    first, *steps = (step.strip() for step in long.split("|"))
    name, filters = _NAMES.get(first, ""), list[str]()
    for place, step in enumerate(steps):
        call = _CALL.match(step)
        if not name or call is None:
            return Variable(text)
        if call[1] == "substr" and place == len(steps) - 1:
            numbers = [number.strip() for number in (call[2] or "").split(",")]
            if len(numbers) > 2 or not all(number.isdigit() for number in numbers):
                return Variable(text)
            width = int(numbers[1]) if len(numbers) == 2 else None
            return Variable(text, name, tuple(filters), int(numbers[0]), width)
        if call[1] not in _FILTERS or call[2]:
            return Variable(text)
        filters.append(call[1])
    return Variable(text, name, tuple(filters))


def fill(template: Template, values: Values, seen: Mapping[str, str]) -> str | None:
    """The template with its variables filled in; None if the value of one is unknown.

    `seen`: values of variables that were read from a path, by the variables' text.
    """
    parts: list[str] = []
    for part in template:
        text = part if isinstance(part, str) else part.value(values)
        if text is None and isinstance(part, Variable):
            text = seen.get(part.text)
        if text is None:
            return None
        parts.append(text)
    return "".join(parts)


def match_template(template: Template, path: str) -> dict[str, str] | None:
    """The values of the template's variables in `path`, by their text; None if `path` does not
    match."""
    groups: dict[str, str] = {}
    pattern = ""
    for part in template:
        if isinstance(part, str):
            pattern += re.escape(part)
        elif part.text in groups:
            pattern += f"(?P={groups[part.text]})"
        else:
            name = groups[part.text] = f"v{len(groups)}"
            pattern += f"(?P<{name}>[^/]*)"
    match = re.fullmatch(pattern, path, re.DOTALL)
    if match is None:
        return None
    return {text: match[name] for text, name in groups.items()}


def user_of(template: Template, seen: Mapping[str, str]) -> dict[str, str] | None:
    """The user's values, from those of the variables in a path; None if they contradict each other.

    The domain, and with it `user`, is missing if the path does not show it.
    """
    found: dict[str, str] = {}
    for part in template:
        if isinstance(part, Variable) and part.whole:
            found.setdefault(part.whole, seen[part.text])
    if "user" in found:
        name, _, domain = found["user"].partition("@")
        found.setdefault("username", name)
        found.setdefault("domain", domain)
    elif {"username", "domain"} <= found.keys():
        found["user"] = "@".join(filter(None, (found["username"], found["domain"])))
    for part in template:
        if isinstance(part, Variable) and part.value(found) not in (None, seen[part.text]):
            return None
    return found
