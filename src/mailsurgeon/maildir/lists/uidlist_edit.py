"""Edits single records of a uidlist, and removes or restores lines. Pure: bytes in, bytes out.

An edit keeps all other lines byte for byte, the header line above all. A record ties a UID to the
base name of a file, so a renamed file keeps its UID if its record is changed to match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailsurgeon.maildir.lists.uidlist import (
    BadLine,
    Change,
    Record,
    UidlistError,
    parse_header,
    parse_record,
    parse_uidlist,
)
from mailsurgeon.maildir.lists.uidlist_fast import places_of


def drop_lines(data: bytes, lines: Iterable[tuple[int, bytes]]) -> bytes:
    """A uidlist without these lines (number from 1, text). Raises UidlistError if one differs."""
    parts = data.split(b"\n")
    for number, text in sorted(lines, reverse=True):
        if number > len(parts) or parts[number - 1] != text:
            raise UidlistError(f"line {number} has changed")
        if number == len(parts):
            parts[-1] = b""  # the last line had no newline; the line before keeps its own
        else:
            del parts[number - 1]
    return b"\n".join(parts)


def restore_lines(data: bytes, lines: Iterable[tuple[int, bytes]], *, torn: bool) -> bytes:
    """A uidlist with dropped lines put back in their places, or at the end if it is shorter now.

    `torn`: the last of them had no newline; it gets one if other lines now follow it.
    """
    parts = data.split(b"\n")
    wanted = sorted(lines)
    for number, text in wanted:
        if torn and number == wanted[-1][0] and number >= len(parts):
            parts[-1] = text
        else:
            parts.insert(min(number, len(parts)) - 1, text)
    return b"\n".join(parts)


class Editor:
    """Edits the records of a uidlist; `data` returns the edited file.

    Creating one raises UidlistError if the file has lines that a server rejects, because the server
    would throw the whole file away. A base name with several records refuses only changes of its
    own.
    """

    def __init__(self, data: bytes) -> None:
        header, newline, body = data.partition(b"\n")
        self._version = parse_header(header)[0]
        self._header = header + newline
        self._lines = body.split(b"\n")[:-1]
        self._repeated: dict[bytes, BadLine] = {}
        places = places_of(body, self._version) if newline else None
        self._places = self._places_by_line(data) if places is None else places

    def _places_by_line(self, data: bytes) -> dict[bytes, int]:
        uidlist = parse_uidlist(data)
        rejected = first_rejected(uidlist.bad)
        if rejected or uidlist.more:
            raise _why(rejected or uidlist.bad[0])
        passed_over = {bad.number - 2 for bad in uidlist.bad}
        self._repeated = {_record(bad.line, self._version).base: bad for bad in uidlist.bad}
        places = (place for place in range(len(self._lines)) if place not in passed_over)
        found = dict(zip(places, uidlist.records, strict=True))
        return {record.base: place for place, record in found.items()}

    def __contains__(self, base: bytes) -> bool:
        return base in self._places

    def data(self) -> bytes:
        """The file with all changes made so far."""
        return self._header + b"".join([line + b"\n" for line in self._lines])

    def plan(
        self, renames: Iterable[tuple[bytes, bytes]], *, uidl_is_name: bool = False
    ) -> list[Change]:
        """The changes that move records to new base names; see `rename_records`."""
        changes: list[Change] = []
        for old, new in renames:
            place = self._place(old)
            if place is None:
                continue
            self._check_is_free(old, new)
            record = _record(self._lines[place], self._version)
            after = carried_over(record, new, self._version, uidl_is_name=uidl_is_name)
            if after != record.line:
                changes.append(Change(record.line, after))
        return changes

    def _place(self, base: bytes) -> int | None:
        if base in self._repeated:
            raise _why(self._repeated[base])
        return self._places.get(base)

    def _check_is_free(self, old: bytes, new: bytes) -> None:
        if new != old and new in self._places:
            raise UidlistError("the new base name has a record already")

    def preview(self, changes: Iterable[Change]) -> list[Change]:
        """The changes that `apply` would make, each taken alone. Raises like `apply`."""
        return [made for _, made, _, _ in self._resolved(changes)]

    def apply(self, changes: Iterable[Change]) -> list[Change]:
        """Makes the changes; see `apply_changes`."""
        applied: list[Change] = []
        for place, made, old, new in self._resolved(changes):
            del self._places[old]
            self._places[new] = place
            self._lines[place] = made.after
            applied.append(made)
        return applied

    def _resolved(self, changes: Iterable[Change]) -> Iterator[tuple[int, Change, bytes, bytes]]:
        """By change whose record exists: its place, the change as made, old and new base name."""
        for change in changes:
            before = _record(change.before, self._version)
            after = _record(change.after, self._version)
            place = self._place(before.base)
            if place is None:
                continue
            self._check_is_free(before.base, after.base)
            line, new = self._lines[place], after.base
            if line == change.before:
                yield place, Change(line, change.after), before.base, new
                continue
            made = _changed(_record(line, self._version), before, after, self._version)
            new = _record(made, self._version).base
            yield place, Change(line, made), before.base, new


def first_rejected(bad: Iterable[BadLine]) -> BadLine | None:
    """The first of the bad lines for which a server throws the whole file away."""
    return next((line for line in bad if not line.repeats), None)


def _why(bad: BadLine) -> UidlistError:
    return UidlistError(f"line {bad.number}: {bad.reason}")


def _record(line: bytes, version: int) -> Record:
    record = parse_record(line, version)
    if isinstance(record, str):
        raise UidlistError("a record change of another version of the file")
    return record


def rename_records(
    data: bytes, renames: Iterable[tuple[bytes, bytes]], *, uidl_is_name: bool = False
) -> tuple[bytes, list[Change]]:
    """Moves records to new base names and keeps their UIDs.

    `renames` are (old base, new base). A base without a record is skipped, because no server has
    seen that message. The sizes S and W are dropped, since they belong to the old name. A record
    without a GUID (G) gets the old base as GUID, because the GUID defaults to the base name. An
    empty POP3 UIDL (P), which stands for the base name, becomes the old base. A record without P
    gets the old base as P only with `uidl_is_name` (the server's pop3_uidl_format has %f); with
    any other format a P would itself change the UIDL. If both bases are equal, only S and W are
    dropped. Returns the new data and the changes made.

    Raises UidlistError if the file has lines that a server rejects, or if a new base is taken.
    """
    editor = Editor(data)
    made = editor.apply(editor.plan(renames, uidl_is_name=uidl_is_name))
    return editor.data(), made


def carried_over(record: Record, base: bytes, version: int, *, uidl_is_name: bool = False) -> bytes:
    """The line of `record` for a file that now has the base name `base`."""
    fields = [field for field in record.fields if field[:1] not in (b"S", b"W")]
    if version == 3 and base != record.base and b" " not in record.base:
        named = {field[:1]: field[1:] for field in fields}
        if not named.get(b"P", b"" if uidl_is_name else b"the format's"):
            fields = [field for field in fields if field != b"P"]
            fields.append(b"P" + record.base)
        if b"G" not in named:
            fields.append(b"G" + record.base)
    return _line(record.uid, fields, base, version)


def _line(uid: int, fields: Sequence[bytes], base: bytes, version: int) -> bytes:
    if version == 1:
        return b"%d %s" % (uid, base)
    return b" ".join([b"%d" % uid, *fields, b":" + base])


def apply_changes(data: bytes, changes: Iterable[Change]) -> tuple[bytes, list[Change]]:
    """Makes those changes whose `before` line has the base name of an existing record.

    If the server has rewritten the record since (other fields, even another UID), its text stays,
    and only the fields that the change itself adds or removes are changed. Undo is the same call
    with `before` and `after` exchanged. Returns the new data and the changes as they were made.

    Raises UidlistError if the file has lines that a server rejects, or if a new base is taken.
    """
    editor = Editor(data)
    made = editor.apply(changes)
    return editor.data(), made


def _changed(current: Record, before: Record, after: Record, version: int) -> bytes:
    removed = set(before.fields) - set(after.fields)
    fields = [field for field in current.fields if field not in removed]
    if after.base != before.base:  # the sizes belong to the old name
        fields = [field for field in fields if field[:1] not in (b"S", b"W")]
    keys = {field[:1] for field in fields}
    fields += [f for f in after.fields if f not in before.fields and f[:1] not in keys]
    return _line(current.uid, fields, after.base, version)
