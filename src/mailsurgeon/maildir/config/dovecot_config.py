"""Finds in the output of `doveconf -n` where mail, uidlists and indexes lie, and when mail expires.

Pure. Reads the settings of Dovecot 2.3 (`mail_location`, and the `location` of namespaces:
mail-storage-settings.c, mailbox-list.c) and of 2.4 (`mail_driver`, `mail_path`,
`mail_control_path`, ...).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from mailsurgeon.maildir.config.dovecot_config_vars import (
    Template,
    Variable,
    fill,
    match_template,
    parse_template,
    user_of,
)
from mailsurgeon.maildir.folder_names import FS, MAILDIRPP

_LAYOUTS = {"fs": FS, "maildir++": MAILDIRPP}
_DURATION = re.compile(r"(\d+)\s*([a-z]*)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_HOME_ARGUMENT = re.compile(r"(?:^|\s)home=(\S+)")


@dataclass(frozen=True, slots=True)
class ConfigBlock:
    """A block `kind name { ... }`; the block of the whole configuration has neither."""

    kind: str = ""
    name: str = ""
    settings: dict[str, str] = field(default_factory=dict[str, str])
    sections: list[ConfigBlock] = field(default_factory=list["ConfigBlock"])

    def every(self) -> Iterator[ConfigBlock]:
        """This block and all blocks in it, at any depth."""
        yield self
        for section in self.sections:
            yield from section.every()


@dataclass(frozen=True, slots=True)
class Location:
    """One mail location as configured: paths with variables, empty if unset."""

    path: str
    control: str = ""
    index: str = ""
    layout: str = ""
    inbox: str = ""
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """The owner of a spool: the login name and home directory of its user id."""

    name: str
    home: str


@dataclass(frozen=True, slots=True)
class SpoolLocation:
    """The directories (absolute) and the layout that a location gives for one spool; None or empty
    if it does not give them. `utf8`: names of folders are in UTF-8 on the disk."""

    control: bytes | None
    index: bytes | None
    layout: str
    utf8: bool = False


def read_configuration(output: bytes) -> ConfigBlock:
    """Parses the output of `doveconf -n` into blocks of settings; skips lines without a setting."""
    whole = ConfigBlock()
    stack = [whole]
    for line in os.fsdecode(output).splitlines():
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        name, equals, value = words.partition("=")
        if words == "}":
            stack = stack[:-1] or [whole]
        elif words.endswith("{") and (not equals or " " in name.strip()):
            kind, _, name = words[:-1].strip().partition(" ")
            section = ConfigBlock(kind, _unquoted(name.strip()))
            stack[-1].sections.append(section)
            stack.append(section)
        elif equals:
            stack[-1].settings[name.strip()] = _unquoted(value.strip())
    return whole


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def locations(configuration: ConfigBlock) -> list[Location]:
    """Every Maildir location: the general one, and those of protocols, networks and namespaces."""
    found: list[Location] = []
    for block in configuration.every():
        for setting in ("mail_location", "location"):
            one = _location(block.settings.get(setting, ""))
            found += [one] if one else []
        if "mail_path" in block.settings:
            found += _location_24({**configuration.settings, **block.settings})
    return found


def _location(value: str) -> Location | None:
    """A location of 2.3, `maildir:PATH:KEY=VALUE...`, where a colon in a path is doubled."""
    driver, colon, rest = value.partition(":")
    if driver != "maildir" or not colon:
        return None
    path, *words = (part.replace("\0", ":") for part in rest.replace("::", "\0").split(":"))
    keys: dict[str, str] = {}
    for word in words:
        key, _, setting = word.partition("=")
        keys[key.upper()] = setting
    return Location(
        path, keys.get("CONTROL", ""), keys.get("INDEX", ""),
        _LAYOUTS.get(keys.get("LAYOUT", "").lower(), ""), keys.get("INBOX", ""), "UTF-8" in keys,
    )  # fmt: skip


def _location_24(settings: Mapping[str, str]) -> list[Location]:
    if settings.get("mail_driver") != "maildir":
        return []
    return [
        Location(
            settings["mail_path"],
            settings.get("mail_control_path", ""),
            settings.get("mail_index_path", ""),
            _LAYOUTS.get(settings.get("mailbox_list_layout", "").lower(), ""),
            settings.get("mail_inbox_path", ""),
            settings.get("mailbox_list_utf8") == "yes",
        )
    ]


def homes(configuration: ConfigBlock) -> list[str]:
    """The configured home directories: `mail_home`, and those that a userdb gives to all users."""
    found: list[str] = []
    for block in configuration.every():
        found.append(block.settings.get("mail_home", ""))
        if block.kind == "userdb":
            for setting in ("args", "default_fields", "override_fields"):
                found += _HOME_ARGUMENT.findall(block.settings.get(setting, ""))
            for fields in block.sections:
                found.append(fields.settings.get("home", ""))
    return list(dict.fromkeys(home for home in found if home))


def find(
    configuration: ConfigBlock,
    root: bytes,
    owner: Person | None,
    resolve: Callable[[str], str] = lambda path: path,
) -> SpoolLocation | None:
    """The directories and layout of the spool at `root`, by the first location whose path matches;
    None without one.

    `owner` is the spool's owner, if known. `root` has no symlinks; `resolve` removes them from
    configured paths. If no setting gives the home directory, it is the owner's.
    """
    given = [parse_template(home) for home in homes(configuration)]
    for location in locations(configuration):
        for path, home in _with_homes(parse_template(location.path), given, owner):
            template = _resolved(path, resolve)
            seen = match_template(template, os.fsdecode(root))
            values = None if seen is None else user_of(template, seen)
            if seen is None or values is None:
                continue
            values = _known(values, home, owner, seen)
            return SpoolLocation(
                _filled(location.control, values, seen), _filled(location.index, values, seen),
                location.layout, location.utf8,
            )  # fmt: skip
    return None


def _with_homes(
    path: Template, given: list[Template], owner: Person | None
) -> Iterator[tuple[Template, Template]]:
    """The path with every possible home in place of `%h`, each with that home."""
    if not any(isinstance(part, Variable) and part.whole == "home" for part in path):
        yield path, given[0] if given else []
        return
    for home in [*given, [owner.home]] if owner else given:
        filled: list[str | Variable] = []
        for part in path:
            inserts = isinstance(part, Variable) and part.whole == "home"
            filled += home if inserts else [part]
        yield filled, home


def _resolved(path: Template, resolve: Callable[[str], str]) -> Template:
    """The path with symlinks resolved in the directories before its first variable."""
    texts: list[str] = []
    rest = list(path)
    while rest and isinstance(rest[0], str):
        texts.append(str(rest.pop(0)))
    fixed = re.sub(r"/+", "/", "".join(texts))
    if not rest:
        return [resolve(fixed.rstrip("/") or "/")]
    if isinstance(rest[-1], str):
        rest[-1] = rest[-1].rstrip("/")
    directory, slash, name = fixed.rpartition("/")
    return [(resolve(directory or "/").rstrip("/") if slash else "") + slash + name, *rest]


def _known(
    values: dict[str, str], home: Template, owner: Person | None, seen: Mapping[str, str]
) -> dict[str, str]:
    """All known values of the user; a user whom the path does not name is the spool's owner."""
    if owner and values.get("username", owner.name) == owner.name and not values.get("domain"):
        values = {"user": owner.name, "username": owner.name, "domain": "", **values}
        home = home or [owner.home]
    filled = fill(home, values, seen)
    return {**values, "home": filled} if filled else values


def _filled(template: str, values: Mapping[str, str], seen: Mapping[str, str]) -> bytes | None:
    path = fill(parse_template(template), values, seen)
    return os.fsencode(os.path.normpath(path)) if path and path.startswith("/") else None


def uidl_format_is_name(configuration: ConfigBlock) -> bool:
    """Whether Dovecot makes POP3 UIDLs from file names, because `pop3_uidl_format` has %f."""
    formats = [block.settings.get("pop3_uidl_format", "") for block in configuration.every()]
    return any("%f" in one or "filename" in one for one in formats)


def names_no_location(configuration: ConfigBlock) -> bool:
    """Whether no location is configured, so that Dovecot finds each user's mail by itself."""
    settings = ("mail_location", "location", "mail_driver", "mail_path")
    return not any(block.settings.get(name) for block in configuration.every() for name in settings)


def plugins(configuration: ConfigBlock) -> frozenset[str]:
    """The mail plugins that Dovecot loads, for any protocol: a list of words in 2.3, in 2.4 also a
    block with `NAME = yes`."""
    found: set[str] = set()
    for block in configuration.every():
        found.update(block.settings.get("mail_plugins", "").replace(",", " ").split())
        if block.kind == "mail_plugins":
            found.update(name for name, value in block.settings.items() if value == "yes")
    return frozenset(name.replace("-", "_") for name in found)


def autoexpunge_days(configuration: ConfigBlock, name: str) -> float | None:
    """After how many days Dovecot deletes messages from the folder `name` (`autoexpunge`), or None.

    The configured names of mailboxes may have the wildcards `*` and `%`; the separators `.` and `/`
    count as equal.
    """
    shortest: float | None = None
    for namespace in configuration.every():
        if namespace.kind != "namespace":
            continue
        for mailbox in namespace.sections:
            seconds = _seconds(mailbox.settings.get("autoexpunge", ""))
            if mailbox.kind == "mailbox" and seconds and _is_named(mailbox.name, name):
                days = seconds / 86_400
                shortest = days if shortest is None else min(shortest, days)
    return shortest


def _is_named(pattern: str, name: str) -> bool:
    wild = {"*": ".*", "%": "[^/]*"}
    expression = "".join(wild.get(char) or re.escape(char) for char in pattern.replace(".", "/"))
    return re.fullmatch(expression, name.replace(".", "/")) is not None


def _seconds(duration: str) -> int:
    """A duration such as `30 days` or `4w` in seconds; 0 if it cannot be parsed."""
    match = _DURATION.match(duration.strip().lower())
    if match is None:
        return 0
    unit = match[2][:1]
    return int(match[1]) * _SECONDS.get(unit, 1) if not unit or unit in _SECONDS else 0
