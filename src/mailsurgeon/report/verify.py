"""Writes what `verify` found, as JSON or as a table; both are streamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO

from mailsurgeon.maildir.spool import Spool
from mailsurgeon.procedures.verify.verify import Difference, Verification
from mailsurgeon.report.output import as_json, console_for, counted, path_json, print_table
from mailsurgeon.text import path_shown, visible

if TYPE_CHECKING:
    from rich.table import Table

_LONGEST = 400  # characters of a complaint that are shown


def write_verification(
    found: Verification, spool: Spool, format: str, stream: TextIO, *, brief: bool = False
) -> None:
    """Writes it as `json` or as a `table`; a `brief` table has only the differences."""
    if format == "json":
        for part in _json(found, spool):
            stream.write(part)
    else:
        _write_table(found, spool, stream, brief)


def _json(found: Verification, spool: Spool) -> Iterator[str]:
    yield as_json({"schema": 1, "spool": spool.shown, "server": found.server})[:-1]
    lists: dict[str, Iterable[Any]] = {
        "folders": (_row(one) for one in found.folders),
        "complaints": (_row(one) for one in found.complaints),
        "unseen": (_row(one) for one in found.unseen),
        "unsubscribed": found.unsubscribed,
        "ours_only": (_row(one) for one in found.ours_only),
        "server_only": (_row(one) for one in found.server_only),
    }
    for name, values in lists.items():
        yield f',\n "{name}": ['
        for number, value in enumerate(values):
            yield (",\n  " if number else "\n  ") + as_json(value)
        yield "]"
    yield f',\n "agrees": {as_json(found.agrees)}}}\n'


def _row(one: Any) -> dict[str, Any]:
    row = one._asdict()
    row["path"] = path_json(row["path"])
    if row.get("folder") == "":
        row["folder"] = None
    return row


def _write_table(found: Verification, spool: Spool, stream: TextIO, brief: bool) -> None:
    if not brief:
        print_table(console_for(stream), _folders(found))
        stream.write("\n")
        for one in found.complaints:
            uid = "" if one.uid is None else f"UID {one.uid}: "
            _line(stream, "complaint", one.folder, one.path, uid + one.text)
        for one in found.unseen:
            _line(stream, "unseen", one.folder, one.path, one.reason)
        for name in found.unsubscribed:
            stream.write(f"{'unsubscribed':<14}{visible(name)}\n")
        if found.complaints or found.unseen or found.unsubscribed:
            stream.write("\n")
    for one in found.server_only:
        _line(stream, "only Dovecot", one.folder, one.path, _what(one))
    for one in found.ours_only:
        _line(stream, "only scan", one.folder, one.path, _what(one))
    stream.write(_last_line(found, spool) + "\n")


def _folders(found: Verification) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    table.add_column("folder")
    for heading in ("files", "seen", "complaints", "problems"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found.folders:
        numbers = (one.files, one.seen, one.complaints, one.problems)
        table.add_row(visible(one.name), *(f"{number:,}" for number in numbers))
    return table


def _line(stream: TextIO, word: str, folder: str, path: bytes, text: str) -> None:
    stream.write(
        f"{word:<14}{visible(folder) or '-'}  {path_shown(path)}  ({visible(text, _LONGEST)})\n"
    )


def _what(one: Difference) -> str:
    return f"{one.code}: {one.text}" if one.text else one.code


def _last_line(found: Verification, spool: Spool) -> str:
    files = sum(one.files for one in found.folders)
    parts = [
        counted(len(found.folders), "folder"),
        counted(files, "file"),
        f"{sum(one.seen for one in found.folders):,} seen",
        counted(len(found.complaints), "complaint"),
    ]
    differences = len(found.ours_only) + len(found.server_only)
    verdict = (
        "it and the survey agree"
        if found.agrees
        else f"it and the survey differ in {counted(differences, 'point')}"
    )
    return f"{visible(spool.root)}: {found.server}: {', '.join(parts)}; {verdict}"
